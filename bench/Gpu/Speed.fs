namespace Sss.Bench.Gpu

open System
open System.Diagnostics
open System.IO
open Sss.Core
open Sss.Torch
open TorchSharp

/// Training steps on random images, timed.
[<RequireQualifiedAccess>]
module Speed =

    /// The most memory of the process so far, in MiB; 0 where nobody says.
    let private peak () =
        if File.Exists "/proc/self/status" then
            File.ReadAllLines "/proc/self/status"
            |> Array.tryFind (fun line -> line.StartsWith "VmHWM:")
            |> Option.map (fun line ->
                int64 (line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024L
            )
            |> Option.defaultValue 0L
        else
            0L

    /// Steps of a batch, after some to warm up; each batch goes to the device as in training. One JSON
    /// object on standard output.
    let run (engine: LibTorch) (path: string) (batch: int) (warm: int) (steps: int) =
        let network = Numbers.network path

        let recipe = {
            Recipe.defaults with
                Momentum = 0.9
                Decay = 1e-4
        }

        use trainer =
            Trainer.import
                engine
                (FactorRule.ofRecipe FactorMethod.Apg recipe)
                recipe
                (TrainState.start network (Init.weights 1 network))
            |> Numbers.get ModelError.message

        let s = network.Input

        let kept (tensor: torch.Tensor) =
            if engine.Device = Cpu then tensor else tensor.pin_memory ()

        let batches = [|
            for seed in 1..4 ->
                {
                    Images =
                        torch
                            .tensor(Exactness.randomImages seed batch network)
                            .reshape(
                                [| int64 batch; int64 s.Channels; int64 s.Height; int64 s.Width |]
                            )
                        |> kept
                    Targets =
                        torch.tensor (Array.init batch (fun i -> int64 (i * 7 % network.Classes)))
                        |> kept
                    LeftOut = []
                }
        |]

        LibTorch.training
            engine
            (fun () ->
                let step i =
                    trainer.Step(batches[i % batches.Length], 0.01, int64 i) |> ignore

                for i in 0 .. warm - 1 do
                    step i

                // A step ends when its loss has been read: nothing is under way then.
                let start = Stopwatch.GetTimestamp()

                for i in warm .. warm + steps - 1 do
                    step i

                let seconds = Stopwatch.GetElapsedTime(start).TotalSeconds

                Console.Out.WriteLine
                    $"{{\"imagesPerSecond\":{float (steps * batch) / seconds:R},\"peakMiB\":{peak ()}}}"
            )
