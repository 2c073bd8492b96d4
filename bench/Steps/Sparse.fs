/// Networks with factors set to 0 by a stated rule, as a training run would leave them.
module Sss.Bench.Steps.Sparse

open System
open System.IO
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// Which neurons go, besides the last of each three residual blocks in a row.
type Rule =
    /// The last quarter of each layer's: what is left need not be whole eights, in which processors
    /// compute.
    | Quarter
    /// The last eight of each layer's, as `--round 8` would leave them.
    | Eight

/// The rule in words.
let describe rule =
    match rule with
    | Quarter -> "a block of three and a quarter of the neurons gone"
    | Eight -> "a block of three and eight neurons a layer gone"

let private gone rule (count: int) =
    match rule with
    | Quarter -> count / 4
    | Eight -> min 8 (count / 2)

/// The weights with the rule's factors at 0.
let zeroed (rule: Rule) (network: Network) (weights: Weights<float32>) : Weights<float32> =
    let blocks =
        network.Body
        |> List.choose (
            function
            | Node.Residual r -> Some(ArrayKey.make ArrayPart.Factor r.Name)
            | _ -> None
        )
        |> List.indexed
        |> List.filter (fun (i, _) -> i % 3 = 2)
        |> List.map snd
        |> Set.ofList

    weights
    |> Map.map (fun key array ->
        let count = array.Data.Length

        let kept =
            if not (ArrayKey.isPart ArrayPart.Factor key) then count
            elif blocks.Contains key then 0
            elif count = 1 then 1
            else count - gone rule count

        {
            array with
                Data = array.Data |> Array.mapi (fun i v -> if i < kept then v else 0.0f)
        }
    )

/// Writes a run folder with a network of the case and what selection leaves of it. The fraction of
/// the macs that is left.
let write (rule: Rule) (case: Case) (folder: string) : float =
    let text = File.ReadAllText(Case.path case)

    match Language.parse text with
    | Error _ -> invalidOp $"{case.File} does not parse."
    | Ok parsed ->
        let network = parsed.Network
        let weights = zeroed rule network (Init.weights 1 network)

        let preparation: Preparation = {
            Pictures = PictureOptions.standard
            Range = PixelRange.Known(0.0f, 1.0f)
            Scale = 1.0f
            Mean = Array.zeroCreate case.Channels
            Deviation = Array.create case.Channels 1.0f
            IsGiven = false
        }

        match Selection.select Selection.defaults network weights with
        | Error _ -> invalidOp $"{case.File} cannot be cut by the rule."
        | Ok selected ->
            let save name text weights =
                match
                    RunFolder.save folder name text [] preparation Probabilities.Softmax weights
                with
                | Ok() -> ()
                | Error e -> invalidOp (FileError.message e)

            save RunFolder.network text weights
            save RunFolder.selected (Language.print selected.Network) selected.Weights
            let macs n = float (Cost.ofNetwork n).Macs
            macs selected.Network / macs network

/// `sss bench` of such a run.
let bench (threads: int) (rule: Rule) (case: Case) : float * BenchResult =
    let folder = Directory.CreateTempSubdirectory("sss-bench-").FullName

    try
        let left = write rule case folder

        let measured =
            match LibTorch.load (), RunFolder.loadDense folder, RunFolder.load folder with
            | Ok engine, Ok dense, Ok selected -> Bench.run engine threads 2.0 dense selected
            | _ -> invalidOp "the run folder cannot be read back"

        match measured with
        | Ok result -> left, result
        | Error e -> invalidOp (PipelineError.message e)
    finally
        Directory.Delete(folder, true)
