namespace Sss.Cli

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss export`.
[<RequireQualifiedAccess>]
module ExportCommand =

    /// `sss export DIR --onnx FILE`
    let main (words: string[]) : int =
        match Usage.parse<ExportArgument> "export" words with
        | Error code -> code
        | Ok args ->
            let path = args.GetResult ExportArgument.Path
            let file = args.GetResult ExportArgument.Onnx

            let exported =
                result {
                    // Before the work: the file may have no place.
                    do! AtomicFile.check file |> Result.mapError BadFile

                    let! loaded =
                        if args.Contains ExportArgument.Full then
                            RunFolder.loadDense path
                        else
                            RunFolder.load path

                    let! engine = Engine.load None

                    let! exactness =
                        OnnxExport.write engine (args.Contains ExportArgument.Raw) loaded file

                    return exactness
                }

            match exported with
            | Error error -> Engine.report error
            | Ok e ->
                if args.Contains ExportArgument.Json then
                    Terminal.out
                        $"{{\"file\":{Terminal.quoted file},\"maxAbs\":{e.MaxAbs:R},\
                          \"maxRel\":{e.MaxRel:R},\"inputs\":{e.Inputs},\
                          \"verdict\":\"{Exactness.word e.Verdict}\"}}"
                else
                    Terminal.out
                        $"{Escape.line file}: {Exactness.word e.Verdict} in ONNX Runtime, largest difference \
                          {Number.tiny e.MaxRel} relative over {e.Inputs} inputs"

                Exit.ok
