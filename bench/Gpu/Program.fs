/// What `examples/gpu/check` asks of this side.
module Sss.Bench.Gpu.Program

open System
open System.Globalization
open System.IO
open FsToolkit.ErrorHandling
open Sss.Torch

let private usage =
    "usage: gpu-numbers numbers NETWORK BATCH OUT DEVICE PRECISION THREADS\n"
    + "       gpu-numbers speed NETWORK BATCH WARM STEPS DEVICE PRECISION THREADS"

let private engine (device: string) (precision: string) (threads: string) =
    result {
        let! device = Device.tryParse device |> Result.requireSome $"{device} is no device"

        let! precision =
            Precision.tryParse precision
            |> Result.requireSome $"{precision} is no precision"

        let! engine =
            LibTorch.load ()
            |> Result.bind (LibTorch.choose device precision)
            |> Result.mapError LibTorchError.message

        LibTorch.useThreads engine (int threads)
        return engine
    }

[<EntryPoint>]
let main words =
    CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture

    let ended =
        try
            match words with
            | [| "numbers"; network; batch; out; device; precision; threads |] ->
                engine device precision threads
                |> Result.map (fun engine -> Numbers.write engine network (int batch) out)
            | [| "speed"; network; batch; warm; steps; device; precision; threads |] ->
                engine device precision threads
                |> Result.map (fun engine ->
                    Speed.run engine network (int batch) (int warm) (int steps)
                )
            | _ -> Error usage
        with
        | :? InvalidDataException as e -> Error e.Message
        | :? FormatException as e -> Error $"{e.Message}\n{usage}"

    match ended with
    | Ok() -> 0
    | Error message ->
        eprintfn $"gpu-numbers: {message}"
        1
