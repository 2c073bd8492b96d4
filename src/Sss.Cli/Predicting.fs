namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss predict`: what pictures show, according to a network.
[<RequireQualifiedAccess>]
module PredictCommand =

    /// What a network says about one picture, the likeliest class first.
    type private Prediction = {
        File: string
        /// Class name, its number, its score, and its probability (softmax of the scores).
        Classes: (string * int * float32 * float32) list
    }

    /// Pixels of a picture as the network takes them: black is 0 and white is 1, whatever bytes the
    /// data set stored; then the normalisation that the network was trained with.
    let private normalised (n: Normalisation) (shape: Shape) (bytes: byte[]) =
        let area = int (Shape.area shape)

        bytes
        |> Array.mapi (fun i b ->
            let c = i / area
            (float32 b / 255.0f - n.Mean[c]) / n.Deviation[c]
        )

    let private className (loaded: LoadedNetwork) index =
        loaded.Classes |> List.tryItem index |> Option.defaultValue $"class {index}"

    let private predict (model: Model) (loaded: LoadedNetwork) (n: Normalisation) file =
        result {
            let shape = loaded.Network.Input
            let! bytes = ImageFile.read shape file
            let scores = Evaluate.scores model (ReadOnlyMemory(normalised n shape bytes))
            let probabilities = Evaluate.softmax loaded.Network.Classes scores

            return {
                File = file
                Classes =
                    Seq.zip scores probabilities
                    |> Seq.mapi (fun i (s, p) -> className loaded i, i, s, p)
                    |> Seq.sortByDescending (fun (_, _, score, _) -> score)
                    |> List.ofSeq
            }
        }

    let private line top (p: Prediction) =
        let classes =
            p.Classes
            |> List.truncate top
            |> List.map (fun (name, _, _, probability) ->
                $"{name} {Number.percent (float probability)}"
            )

        p.File + ": " + String.Join(", ", classes)

    let private json (network: Network) top (predictions: Prediction list) =
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

        $"{{\"network\":{Terminal.quoted network.Name},\"images\":["
        + String.Join(",", List.map one predictions)
        + "]}"

    let private normalisation (loaded: LoadedNetwork) =
        loaded.Normalisation
        |> Result.requireSome (
            BadFile(Malformed(Place.start loaded.Path, Lacks "normalisation for pictures"))
        )

    /// The predictions that could be made, and what kept the others.
    let private run path device threads (files: string list) =
        result {
            let! loaded = RunFolder.load path
            let! n = normalisation loaded
            let! engine = Engine.loadFor device Precision.Float32 threads

            use! model =
                Model.create engine loaded.Network loaded.Weights |> Result.mapError NoModel

            let results = files |> List.map (predict model loaded n)

            return
                loaded.Network,
                results
                |> List.choose (
                    function
                    | Ok p -> Some p
                    | Error _ -> None
                ),
                results
                |> List.choose (
                    function
                    | Ok _ -> None
                    | Error e -> Some e
                )
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
                | Ok(network, predictions, broken) ->
                    if isJson then
                        let top = Option.defaultValue network.Classes top
                        Terminal.out (json network top predictions)
                    else
                        let top = Option.defaultValue 3 top
                        List.iter (line top >> Terminal.out) predictions

                    for error in broken do
                        Terminal.error (FileError.message error)

                    if broken.IsEmpty then Exit.ok else Exit.fault
