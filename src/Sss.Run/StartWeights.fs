namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// A network that was trained before, or imported.
[<RequireQualifiedAccess>]
type WeightSource =
    /// A `.safetensors` file; for a teacher also the folder of a run.
    | File of path: string
    | Given of LoadedNetwork

/// Weights that a training begins with.
type StartWeights = {
    Weights: Weights<float32>
    /// The last layer, where it is not the file's and starts at random.
    NewHead: string option
    /// Further outputs that the file does not have; they start at random.
    NewOutputs: string list
    /// Layers and residuals whose factors the file does not have; they start at their `init`.
    NewFactors: string list
    /// What images went through before the file's network; None: the file does not say.
    Preparation: Preparation option
}

/// Weights of one network as the start of another.
[<RequireQualifiedAccess>]
module StartWeights =

    /// A file, or what one would hold.
    let read (source: WeightSource) : Result<string * SavedNetwork, FileError> =
        match source with
        | WeightSource.File path -> NetworkFile.read path |> Result.map (fun saved -> path, saved)
        | WeightSource.Given loaded -> Ok(loaded.Path, RunFolder.saved loaded)

    let private headOf (network: Network) =
        Network.head network |> Option.map _.Name

    /// The further outputs of a network, each with the owners of its arrays.
    let private outputsOf (network: Network) : (string * Set<string>) list =
        network.Body
        |> List.choose Network.asOutput
        |> List.map (fun o -> o.Name, Network.nodesOf o.Body |> Seq.map Node.name |> Set.ofSeq)

    let private owners outputs =
        outputs |> List.map snd |> Set.unionMany

    /// The further outputs of which a file has no array.
    let private newOutputs (network: Network) (saved: SavedNetwork) =
        let known = saved.Weights |> Map.keys |> Seq.map _.Owner |> Set.ofSeq

        outputsOf network
        |> List.filter (fun (_, own) -> (Set.intersect known own).IsEmpty)

    /// The owners of arrays of further outputs that only the file's network has.
    let private goneOwners (network: Network) (theirs: Network option) : Set<string> =
        let names = Network.outputs network |> List.map fst

        theirs
        |> Option.map outputsOf
        |> Option.defaultValue []
        |> List.filter (fun (name, _) -> not (List.contains name names))
        |> owners

    /// The arrays of a file that the network has, without those of a layer.
    let private taken (network: Network) without (saved: SavedNetwork) =
        let keys = NetworkFile.keys network |> List.map fst |> Set.ofList

        saved.Weights
        |> Map.filter (fun key _ -> keys.Contains key && Some key.Owner <> without)

    /// The weights of a file for a network. Its last layer starts anew where it is another one than the
    /// file's, and so do further outputs and factors that the file does not have; everything else must fit. Outputs that only the
    /// file has are left out.
    let fit path (seed: int) (network: Network) (saved: SavedNetwork) =
        let own = headOf network

        let their = Language.parse saved.Text |> Result.toOption |> Option.map _.Network
        let theirs = their |> Option.bind headOf
        let added = newOutputs network saved
        let addedOwners, gone = owners added, goneOwners network their

        let isHead (fault: WeightFault) =
            match fault with
            | MissingWeight key -> Some key.Owner = own && key.Part <> ArrayPart.Factor
            | WrongWeightShape(key, _, _) -> Some key.Owner = own
            | SurplusWeight name ->
                ArrayKey.tryParse name
                |> Option.exists (fun key -> theirs.IsSome && Some key.Owner = theirs)

        let isNew = NetworkFile.faults network saved.Weights |> List.exists isHead
        let without = if isNew then own else None
        let used = taken network without saved
        let start = Init.weights seed network

        let isFresh (key: ArrayKey) =
            not (Map.containsKey key used)
            && (key.Part = ArrayPart.Factor
                || Some key.Owner = without
                || addedOwners.Contains key.Owner)

        let fresh = start |> Map.filter (fun key _ -> isFresh key)

        let surplus =
            saved.Weights
            |> Map.filter (fun key _ ->
                not (Map.containsKey key start)
                && not (isNew && Some key.Owner = theirs)
                && not (gone.Contains key.Owner)
            )

        let join = Map.fold (fun all key value -> Map.add key value all)

        let completed =
            if used.IsEmpty then
                saved
            else
                {
                    saved with
                        Weights = join (join used fresh) surplus
                        Classes = if isNew then [] else saved.Classes
                }

        NetworkFile.checkSaved path network completed
        |> Result.map (fun () -> {
            Weights = completed.Weights
            NewHead = without
            NewOutputs = List.map fst added
            NewFactors =
                Map.keys fresh
                |> Seq.filter (fun key ->
                    key.Part = ArrayPart.Factor && not (addedOwners.Contains key.Owner)
                )
                |> Seq.map _.Owner
                |> List.ofSeq
            Preparation = saved.Preparation
        })
