namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss profile`: measures the times that a target of latency is steered by.
[<RequireQualifiedAccess>]
module ProfileCommand =

    let private engine (args: Argu.ParseResults<ProfileArgument>) =
        let name = args.GetResult(ProfileArgument.Engine, "onnxruntime")
        let names = List.map fst ServingEngine.all

        ServingEngine.tryParse name
        |> Result.requireSome (
            $"--engine: '{name}' is unknown; engines are onnxruntime and libtorch."
            + Usage.didYouMean names name
        )

    let private options (args: Argu.ParseResults<ProfileArgument>) =
        result {
            let! engine = engine args
            let! device = args.TryGetResult ProfileArgument.Device |> Usage.device

            let! batch =
                args.TryGetResult ProfileArgument.Batch_Size
                |> Option.defaultValue 1
                |> Usage.between 1 4096 "--batch-size"

            let! threads =
                args.TryGetResult ProfileArgument.Threads |> Option.traverseResult Usage.threads

            do!
                if engine = ServingEngine.OnnxRuntime && device <> Cpu then
                    Error "--device: ONNX Runtime is measured on the CPU; give --engine libtorch."
                else
                    Ok()

            return
                device,
                {
                    Engine = engine
                    Threads = threads |> Option.defaultValue Environment.ProcessorCount
                    Batch = batch
                }
        }

    let private measure device (options: ProfileOptions) path out =
        result {
            // Before the work: the file may have no place.
            do! AtomicFile.check out |> Result.mapError BadFile
            let! _, parsed = Pipeline.loadText path
            let! libTorch = Engine.loadFor device Precision.Float32 (Some options.Threads)
            let! profile = Profiling.run libTorch options parsed.Network

            do! AtomicFile.writeText out (ProfileFile.toText profile) |> Result.mapError BadFile

            return profile
        }

    let private percent (error: float) = $"{error * 100.0:``0.0``} %%"

    /// What a profile says, in two lines.
    let lines (profile: LatencyProfile) : string list = [
        let images = Number.counted profile.Batch "image"
        let threads = Number.counted profile.Threads "thread"

        $"measured   {profile.Dense:``0.###``} ms for a call of {images} in {profile.Engine} on \
          {profile.Machine}, {threads}"

        $"predicted  whole networks of random widths within {percent profile.MedianError} in the middle, \
          {percent profile.WorstError} at worst"
    ]

    /// `sss profile FILE --out FILE`
    let main (words: string[]) : int =
        match Usage.parse<ProfileArgument> "profile" words with
        | Error code -> code
        | Ok args ->
            match options args with
            | Error message -> Usage.refuse "profile" message
            | Ok(device, options) ->
                let path = args.GetResult ProfileArgument.File
                let out = args.GetResult ProfileArgument.Out

                match measure device options path out with
                | Error error -> Engine.report error
                | Ok profile ->
                    if args.Contains ProfileArgument.Json then
                        Terminal.write Console.Out (ProfileFile.toText profile)
                    else
                        List.iter Terminal.out (lines profile)
                        Terminal.out $"saved in   {Escape.line out}"

                    Exit.ok
