namespace Sss.Cli

open System
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss export`.
[<RequireQualifiedAccess>]
module ExportCommand =

    let private load (args: ParseResults<ExportArgument>) =
        let path = args.GetResult ExportArgument.Path

        if args.Contains ExportArgument.Full then
            RunFolder.loadDense path
        else
            RunFolder.load path

    let private float (args: ParseResults<ExportArgument>) file =
        result {
            let! loaded = load args
            let! engine = Engine.load None
            let! e = OnnxExport.write engine (args.Contains ExportArgument.Raw) loaded file

            if args.Contains ExportArgument.Json then
                Terminal.out
                    $"{{\"file\":{Terminal.quoted file},\"maxAbs\":{e.MaxAbs:R},\
                      \"maxRel\":{e.MaxRel:R},\"inputs\":{e.Inputs},\
                      \"verdict\":\"{Exactness.word e.Verdict}\"}}"
            else
                Terminal.out
                    $"{Escape.line file}: {Exactness.word e.Verdict} in ONNX Runtime, largest difference \
                      {Number.tiny e.MaxRel} relative over {e.Inputs} inputs"
        }

    /// What is asked of 8 bits, without the data: the largest drop, the rule for ranges, and threads.
    let private int8Settings (args: ParseResults<ExportArgument>) =
        result {
            let! threads =
                args.TryGetResult ExportArgument.Threads |> Option.traverseResult Usage.threads

            let drop =
                args.TryGetResult ExportArgument.Max_Drop
                |> Option.defaultValue Int8Export.maxDrop

            if not (drop >= 0.0) then
                return! Error $"--max-drop must be at least 0, not {drop:R}."

            let within = args.TryGetResult ExportArgument.Within |> Option.defaultValue 100.0

            if not (within > 50.0 && within <= 100.0) then
                return! Error $"--within must be above 50 and at most 100, not {within:R}."

            let! data =
                args.TryGetResult ExportArgument.Data
                |> Result.requireSome
                    "--int8 needs --data: it is calibrated on training images and measured on test images."

            return
                data,
                fun dataset -> {
                    Data = dataset
                    MaxDrop = drop
                    Rule =
                        if within = 100.0 then
                            RangeRule.MinMax
                        else
                            RangeRule.Within(within / 100.0)
                    Raw = args.Contains ExportArgument.Raw
                    Threads = Option.defaultValue Environment.ProcessorCount threads
                }
        }

    let private int8 (args: ParseResults<ExportArgument>) (data, settings) file =
        result {
            let! loaded = load args
            let! dataset = Engine.dataOf loaded data
            Engine.tell dataset.Name dataset.Notes
            let! r = Int8Export.write (settings dataset) loaded file

            if args.Contains ExportArgument.Json then
                Terminal.out (Int8Text.json file r)
            else
                List.iter Terminal.out (Int8Text.lines file r)
        }

    /// An option that has an effect only with --int8.
    let private stray (args: ParseResults<ExportArgument>) =
        [
            "--data", (args.TryGetResult ExportArgument.Data).IsSome
            "--max-drop", (args.TryGetResult ExportArgument.Max_Drop).IsSome
            "--within", (args.TryGetResult ExportArgument.Within).IsSome
            "--threads", (args.TryGetResult ExportArgument.Threads).IsSome
        ]
        |> List.tryFind snd
        |> Option.map (fun (name, _) -> $"{name} needs --int8.")

    let private exported (args: ParseResults<ExportArgument>) export =
        let file = args.GetResult ExportArgument.Onnx

        // Before the work: the file may have no place.
        match
            AtomicFile.check file
            |> Result.mapError BadFile
            |> Result.bind (fun () -> export file)
        with
        | Error error -> Engine.report error
        | Ok() -> Exit.ok

    /// `sss export DIR --onnx FILE [--int8 --data DATA]`
    let main (words: string[]) : int =
        match Usage.parse<ExportArgument> "export" words with
        | Error code -> code
        | Ok args when args.Contains ExportArgument.Int8 ->
            match int8Settings args with
            | Error message -> Usage.refuse "export" message
            | Ok settings -> exported args (int8 args settings)
        | Ok args ->
            match stray args with
            | Some message -> Usage.refuse "export" message
            | None -> exported args (float args)
