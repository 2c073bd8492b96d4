namespace Sss.Files

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Weights of another program under the names of a network.
type MappedWeights = {
    /// Of all arrays; factors are 1.
    Weights: Weights<float32>
    /// By layer: the file's name for it.
    Names: (string * string) list
    /// Layers whose arrays have the same shapes as another's: their order decides.
    ByOrder: int
}

/// Weight files of PyTorch: `NAME.weight`, `NAME.bias`, `NAME.running_mean`, `NAME.running_var`.
[<RequireQualifiedAccess>]
module ForeignWeights =

    let private roles = [
        "weight", ArrayPart.Weight
        "bias", ArrayPart.Bias
        "running_mean", ArrayPart.Mean
        "running_var", ArrayPart.Variance
    ]

    /// Numbers of a training, which a network does not need.
    let private ignored = "num_batches_tracked"

    /// The arrays of one layer.
    type private Module = {
        Name: string
        Arrays: Map<ArrayPart, Tensor<float32>>
    }

    let private cut (name: string) =
        match name.LastIndexOf '.' with
        | -1 -> "", name
        | at -> name.Substring(0, at), name.Substring(at + 1)

    /// A piece of a name in an order in which files of torchvision are like the network: by the number that
    /// it ends in, as conv1, norm1, conv2, norm2; pieces without one come last.
    let private piece (text: string) =
        let digits =
            text |> Seq.rev |> Seq.takeWhile Char.IsAsciiDigit |> Seq.length |> min 9

        match Int64.TryParse(text.Substring(text.Length - digits)) with
        | true, number -> number, text
        | _ -> Int64.MaxValue, text

    let private order (name: string) =
        name.Split '.' |> Array.map piece |> List.ofArray

    /// A linear layer at each position is a convolution of 1x1.
    let private withoutOnes (shape: int list) =
        let rec trim reversed =
            match reversed with
            | 1 :: rest when List.length rest >= 1 -> trim rest
            | _ -> reversed

        shape |> List.rev |> trim |> List.rev

    let private signature (arrays: (ArrayPart * int list) list) =
        arrays |> List.map (fun (part, shape) -> part, withoutOnes shape) |> List.sort

    let private signatureOf (m: Module) =
        Map.toList m.Arrays |> List.map (fun (part, t) -> part, t.Shape) |> signature

    /// The modules of a file in order, or the names that are no array of a layer.
    let private modules (file: SafetensorsFile) : Result<Module list, string list> =
        let named =
            Map.toList file.Tensors
            |> List.map (fun (name, tensor) -> cut name, tensor)
            |> List.filter (fun ((_, last), _) -> last <> ignored)

        let roleOf last =
            List.tryFind (fun (word, _) -> word = last) roles |> Option.map snd

        match named |> List.filter (fun ((_, last), _) -> (roleOf last).IsNone) with
        | [] ->
            named
            |> List.groupBy (fst >> fst)
            |> List.map (fun (name, arrays) -> {
                Name = name
                Arrays =
                    arrays
                    |> List.choose (fun ((_, last), tensor) ->
                        roleOf last |> Option.map (fun part -> part, StoredTensor.single tensor)
                    )
                    |> Map.ofList
            })
            |> List.sortBy (fun m -> order m.Name)
            |> Ok
        | strange -> Error(strange |> List.map (fun ((name, last), _) -> $"{name}.{last}"))

    let private shown (signature: (ArrayPart * int list) list) =
        signature
        |> List.map (fun (part, shape) ->
            let word = (ArrayKey.text (ArrayKey.make part "x")).Substring 2
            let dims = String.Join("x", shape)
            $"{word} {dims}"
        )
        |> String.concat ", "

    /// Pairs of a layer and a module, in the order of both; or what does not come out even.
    let private paired (layers: (Layer * (ArrayPart * int list) list) list) (found: Module list) =
        let wanted = layers |> List.groupBy (snd >> signature) |> Map.ofList
        let given = found |> List.groupBy signatureOf |> Map.ofList

        let uneven = [
            for key in Seq.append (Map.keys wanted) (Map.keys given) |> Seq.distinct do
                let count map =
                    Map.tryFind key map |> Option.map List.length |> Option.defaultValue 0

                if count wanted <> count given then
                    $"{shown key}: {count wanted} in the network, {count given} in the file"
        ]

        if uneven.IsEmpty then
            Ok [
                for KeyValue(key, ours) in wanted do
                    for (layer, arrays), m in List.zip ours given[key] do
                        layer, arrays, m
            ]
        else
            Error uneven

    let private isNorm (layer: Layer) =
        (Op.facts layer.Op).Family = Family.Norm

    /// Layers of weights, each with the normalisation right after it.
    let private normed (network: Network) : (Layer * Layer) list =
        Network.layers network
        |> Seq.pairwise
        |> Seq.filter (fun (a, b) ->
            (Op.facts a.Op).Family = Family.Weights
            && isNorm b
            && a.Output = b.Input
            && fst (cut a.Name) = fst (cut b.Name)
        )
        |> List.ofSeq

    /// Normalisations whose module is not beside the one of the layer before: the order cannot be right.
    let private apart (network: Network) (names: Map<string, string>) =
        normed network
        |> List.choose (fun (layer, norm) ->
            let own, theirs = names[layer.Name], names[norm.Name]

            if fst (cut own) = fst (cut theirs) then
                None
            else
                Some $"{layer.Name} would be {own}, and {norm.Name} after it {theirs}"
        )

    /// The layers whose arrays PyTorch does not keep in the same way, each as a reason to refuse.
    let private foreign (layers: (Layer * (ArrayPart * int list) list) list) : string list = [
        for layer, arrays in layers do
            let isUnknown (part, _) =
                not (List.exists (snd >> (=) part) roles)

            if Op.word layer.Op = "deconv" || List.exists isUnknown arrays then
                $"{layer.Name}: PyTorch keeps the arrays of `{Op.word layer.Op}` in another order"
    ]

    /// The file's weights for a network, whose layers are found by the shapes of their arrays and, where
    /// several have the same, by their order. What does not fit is an error, all of it.
    let map (network: Network) (file: SafetensorsFile) : Result<MappedWeights, string list> =
        let layers =
            Network.layers network
            |> Seq.map (fun l -> l, Op.arrays l.Op l.Input |> List.map (fun a -> a.Part, a.Shape))
            |> Seq.filter (snd >> List.isEmpty >> not)
            |> List.ofSeq

        result {
            match foreign layers with
            | [] -> ()
            | reasons -> return! Error reasons

            let! found =
                modules file
                |> Result.mapError (
                    List.map (fun name -> $"{name}: no array of a layer has this name")
                )

            let! pairs = paired layers found
            let names = pairs |> List.map (fun (l, _, m) -> l.Name, m.Name)

            match apart network (Map.ofList names) with
            | [] -> ()
            | reasons -> return! Error reasons

            let arrays = [
                for layer, arrays, m in pairs do
                    for part, shape in arrays do
                        ArrayKey.make part layer.Name,
                        {
                            Shape = shape
                            Data = m.Arrays[part].Data
                        }
                for f in Parameters.factors network do
                    f.Key,
                    {
                        Shape = [ f.Scale.Count ]
                        Data = Array.create f.Scale.Count 1.0f
                    }
            ]

            let shared =
                pairs
                |> List.countBy (fun (_, arrays, _) -> signature arrays)
                |> List.sumBy (fun (_, count) -> if count > 1 then count else 0)

            let text = layers |> List.map (fun (l, _) -> l.Name)
            let byName = Map.ofList names

            return {
                Weights = Map.ofList arrays
                Names = text |> List.map (fun name -> name, byName[name])
                ByOrder = shared
            }
        }
