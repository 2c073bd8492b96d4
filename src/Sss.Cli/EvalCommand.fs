namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss eval`.
[<RequireQualifiedAccess>]
module EvalCommand =

    let private print json (loaded: LoadedNetwork) (e: Evaluation) (d: Diagnosis) =
        if json then
            JsonText.ofWriter (fun writer ->
                writer.WriteStartObject()
                writer.WriteString("network", loaded.Network.Name)
                ResultFile.metrics writer e.Quality
                JsonText.number writer "loss" e.Loss
                writer.WriteNumber("count", e.Count)
                ResultFile.outputs writer e.Outputs

                if not d.Classes.IsEmpty then
                    ClassRow.write writer "classes" d.Classes

                RunDiagnosis.write writer {
                    RunDiagnosis.none with
                        Calibration = d.Calibration
                        Worst = List.map fst d.Worst
                }

                writer.WriteEndObject()
            )
            |> Terminal.out
        else
            Terminal.out
                $"{loaded.Network.Name}: {EvaluationText.named e}, loss {e.Loss:``0.0000``}"

            List.iter Terminal.out (EvaluationText.outputs e)

    let private evaluate path data limit device threads =
        result {
            let! loaded = RunFolder.load path
            let! dataset = Engine.dataOf loaded data
            let seed = Recipe.defaults.Seed

            let split, notes =
                match limit with
                | None -> dataset.Test, []
                | Some count ->
                    let split, taken = Sampling.limit seed count dataset.Test
                    split, Sampling.note "test" seed count taken

            Engine.tell dataset.Name (dataset.Notes @ notes)
            let! engine = Engine.loadFor device Precision.Float32 threads
            let! evaluation, diagnosis = Pipeline.diagnose engine loaded dataset split
            return loaded, evaluation, diagnosis
        }

    /// `sss eval PATH --data DATA`
    let main (words: string[]) : int =
        match Usage.parse<EvalArgument> "eval" words with
        | Error code -> code
        | Ok args ->
            let numbers =
                result {
                    let! threads =
                        args.TryGetResult EvalArgument.Threads
                        |> Option.traverseResult Usage.threads

                    let! limit =
                        args.TryGetResult EvalArgument.Limit
                        |> Option.traverseResult (Usage.atLeast 1 "--limit")

                    let! device = args.TryGetResult EvalArgument.Device |> Usage.device
                    return threads, limit, device
                }

            match numbers with
            | Error message -> Usage.refuse "eval" message
            | Ok(threads, limit, device) ->
                match
                    evaluate
                        (args.GetResult EvalArgument.Path)
                        (args.GetResult EvalArgument.Data)
                        limit
                        device
                        threads
                with
                | Error error -> Engine.report error
                | Ok(loaded, evaluation, diagnosis) ->
                    let isJson = args.Contains EvalArgument.Json
                    print isJson loaded evaluation diagnosis

                    let also isAsked lines =
                        if isAsked && not isJson then
                            List.iter Terminal.out lines

                    also (args.Contains EvalArgument.Classes) (ClassText.table diagnosis.Classes)

                    also
                        (args.Contains EvalArgument.Calibration)
                        (MistakeText.calibration diagnosis.Calibration)

                    also
                        (args.Contains EvalArgument.Worst)
                        (MistakeText.worst (List.map fst diagnosis.Worst))

                    List.iter Terminal.error (ClassText.lost diagnosis.Classes)
                    Exit.ok
