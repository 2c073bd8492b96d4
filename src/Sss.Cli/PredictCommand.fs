namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss predict`: classifies pictures with a network.
[<RequireQualifiedAccess>]
module PredictCommand =

    /// The network that predicts, as the output names it.
    type private Source = {
        Network: string
        Preparation: Preparation option
        Probabilities: Probabilities
        /// How many scores there are for a picture.
        Count: int
        /// May be shorter, where the file has no names.
        Classes: string list
    }

    /// The prediction for one picture, the most likely class first.
    type private Prediction = {
        File: string
        /// Class name, its number, its score, and its probability.
        Classes: (string * int * float32 * float32) list
    }

    let private className (source: Source) index =
        source.Classes |> List.tryItem index |> Option.defaultValue $"class {index}"

    let private prediction (source: Source) file (scores: float32[]) =
        let probabilities = Probabilities.ofScores source.Probabilities source.Count scores

        {
            File = file
            Classes =
                Seq.zip scores probabilities
                |> Seq.mapi (fun i (s, p) -> className source i, i, s, p)
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

    let private json (source: Source) top (predictions: Prediction list) =
        let preparation =
            source.Preparation
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

        $"{{\"network\":{Terminal.quoted source.Network},\"preparation\":{preparation},\"images\":["
        + String.Join(",", List.map one predictions)
        + "]}"

    /// The scores of pictures with a run folder or a weight file, in LibTorch.
    let private inLibTorch path device threads (files: string list) =
        result {
            let! loaded = RunFolder.load path
            // If no picture can be used, this is reported before LibTorch is loaded.
            do! Predict.dataset loaded files |> Result.mapError BadFile |> Result.ignore
            let! engine = Engine.loadFor device Precision.Float32 threads
            let! results = Predict.files engine loaded files

            let source = {
                Network = loaded.Network.Name
                Preparation = loaded.Preparation
                Probabilities = loaded.Probabilities
                Count = loaded.Network.Classes
                Classes = loaded.Classes
            }

            return source, List.ofArray results
        }

    /// Pictures that one call of ONNX Runtime gets.
    let private atOnce = 32

    /// The same with an exported file, in ONNX Runtime: nothing else is needed.
    let private inOnnxRuntime path threads (files: string list) =
        result {
            let threads = Option.defaultValue Environment.ProcessorCount threads
            use! model = OnnxClassifier.load threads path |> Result.mapError BadFile

            let! results =
                files
                |> List.chunkBySize atOnce
                |> List.traverseResultM (fun some ->
                    let pictures = some |> List.map (OnnxClassifier.ofFile model)

                    OnnxClassifier.scores model (List.choose Result.toOption pictures)
                    |> Result.map (fun scores ->
                        (scores, pictures)
                        ||> List.mapFold (fun rest picture ->
                            match picture, rest with
                            | Ok _, next :: rest -> Ok next, rest
                            | Ok _, [] -> invalidOp "There are fewer scores than pictures."
                            | Error error, rest -> Error error, rest
                        )
                        |> fst
                    )
                )
                |> Result.mapError BadFile

            let source = {
                Network = model.Name
                Preparation = Some model.Preparation
                Probabilities = model.Probabilities
                Count = model.Classes.Length
                Classes = model.Classes
            }

            return source, List.concat results
        }

    let private isOnnx (path: string) =
        path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)

    /// The network, the predictions that could be made, and what kept the others.
    let private run path device threads (files: string list) =
        let scores =
            if isOnnx path then
                inOnnxRuntime path threads files
            else
                inLibTorch path device threads files

        scores
        |> Result.map (fun (source, results) ->
            let predictions, broken =
                (([], []), List.zip files results)
                ||> List.fold (fun (good, bad) (file, result) ->
                    match result with
                    | Ok scores -> prediction source file scores :: good, bad
                    | Error error -> good, error :: bad
                )

            source, List.rev predictions, List.rev broken
        )

    /// `sss predict DIR IMAGE…` and `sss predict FILE.onnx IMAGE…`
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
            | Ok _, path :: _ when isOnnx path && args.Contains PredictArgument.Device ->
                Usage.refuse "predict" "--device is not for ONNX files, which run on the CPU."
            | Ok(threads, top, device), path :: files ->
                match run path device threads files with
                | Error error -> Engine.report error
                | Ok(source, predictions, broken) ->
                    if isJson then
                        let top = Option.defaultValue source.Count top
                        Terminal.out (json source top predictions)
                    else
                        let top = Option.defaultValue 3 top
                        List.iter (line top >> Terminal.out) predictions

                    for error in broken do
                        Terminal.error (FileError.message error)

                    if broken.IsEmpty then Exit.ok else Exit.fault
