namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss predict`: classifies pictures with a network.
[<RequireQualifiedAccess>]
module PredictCommand =

    /// The prediction for one picture, the most likely class first.
    type private Prediction = {
        File: string
        /// Class name, its number, its score, and its probability (softmax of the scores).
        Classes: (string * int * float32 * float32) list
    }

    let private className (loaded: LoadedNetwork) index =
        loaded.Classes |> List.tryItem index |> Option.defaultValue $"class {index}"

    let private prediction (loaded: LoadedNetwork) file (scores: float32[]) =
        let probabilities = Evaluate.softmax loaded.Network.Classes scores

        {
            File = file
            Classes =
                Seq.zip scores probabilities
                |> Seq.mapi (fun i (s, p) -> className loaded i, i, s, p)
                |> Seq.sortByDescending (fun (_, _, score, _) -> score)
                |> List.ofSeq
        }

    let private line top (p: Prediction) =
        let classes =
            p.Classes
            |> List.truncate top
            |> List.map (fun (name, _, _, probability) ->
                $"{Escape.line name} {Number.percent (float probability)}"
            )

        Escape.line p.File + ": " + String.Join(", ", classes)

    let private json (loaded: LoadedNetwork) top (predictions: Prediction list) =
        let preparation =
            loaded.Preparation
            |> Option.map PreparationJson.toText
            |> Option.defaultValue "null"

        let number (value: float32) =
            if Single.IsFinite value then value.ToString "R" else "null"

        let one (p: Prediction) =
            let classes =
                p.Classes
                |> List.truncate top
                |> List.map (fun (name, index, score, probability) ->
                    $"{{\"class\":{Terminal.quoted name},\"index\":{index},\"score\":{number score},\
                      \"probability\":{number probability}}}"
                )

            $"{{\"file\":{Terminal.quoted p.File},\"classes\":["
            + String.Join(",", classes)
            + "]}"

        $"{{\"network\":{Terminal.quoted loaded.Network.Name},\"preparation\":{preparation},\"images\":["
        + String.Join(",", List.map one predictions)
        + "]}"

    /// The network, the predictions that could be made, and what kept the others.
    let private run path device threads (files: string list) =
        result {
            let! loaded = RunFolder.load path
            // If no picture can be used, this is reported before LibTorch is loaded.
            do! Predict.dataset loaded files |> Result.mapError BadFile |> Result.ignore
            let! engine = Engine.loadFor device Precision.Float32 threads
            let! results = Predict.files engine loaded files

            let predictions, broken =
                ((([], []), List.zip files (List.ofArray results))
                 ||> List.fold (fun (good, bad) (file, result) ->
                     match result with
                     | Ok scores -> prediction loaded file scores :: good, bad
                     | Error error -> good, error :: bad
                 ))

            return loaded, List.rev predictions, List.rev broken
        }

    /// `sss predict DIR IMAGE…`
    let main (words: string[]) : int =
        match Usage.parse<PredictArgument> "predict" words with
        | Error code -> code
        | Ok args ->
            let isJson = args.Contains PredictArgument.Json

            let numbers =
                result {
                    let! threads =
                        args.TryGetResult PredictArgument.Threads
                        |> Option.traverseResult Usage.threads

                    let! top =
                        args.TryGetResult PredictArgument.Top
                        |> Option.traverseResult (Usage.atLeast 1 "--top")

                    let! device = args.TryGetResult PredictArgument.Device |> Usage.device
                    return threads, top, device
                }

            match numbers, List.concat (args.GetResults PredictArgument.Paths) with
            | Error message, _ -> Usage.refuse "predict" message
            | Ok _, ([] | [ _ ]) ->
                Usage.refuse "predict" "a run folder and at least one picture are needed."
            | Ok(threads, top, device), path :: files ->
                match run path device threads files with
                | Error error -> Engine.report error
                | Ok(loaded, predictions, broken) ->
                    if isJson then
                        let top = Option.defaultValue loaded.Network.Classes top
                        Terminal.out (json loaded top predictions)
                    else
                        let top = Option.defaultValue 3 top
                        List.iter (line top >> Terminal.out) predictions

                    for error in broken do
                        Terminal.error (FileError.message error)

                    if broken.IsEmpty then Exit.ok else Exit.fault
