namespace Sss.Bench.Steps

open System
open System.IO
open Sss.Core
open Sss.Dsl
open Sss.Torch
open TorchSharp

type private Tensor = torch.Tensor

/// One of those that are raced, on the same random images: this many training steps, this many runs of
/// a batch in evaluation mode, this many updates alone.
type Contender = {
    Train: int -> unit
    Infer: int -> unit
    Update: int -> unit
}

/// Making them.
[<RequireQualifiedAccess>]
module Contender =

    let private rate = 0.01
    let private batches = 4

    let private get (describe: 'E -> string) (result: Result<'T, 'E>) =
        match result with
        | Ok value -> value
        | Error e -> raise (InvalidDataException(describe e))

    /// A few random batches, so that no contender can learn one by heart and get small gradients.
    let private data (case: Case) = [|
        for seed in 1..batches do
            torch.manual_seed (int64 seed) |> ignore

            let images =
                torch.randn (
                    [| case.Batch; case.Channels; case.Side; case.Side |] |> Array.map int64
                )

            let labels =
                torch.randint (int64 case.Classes, [| int64 case.Batch |], dtype = torch.int64)

            struct (images, labels)
    |]

    /// A network's text, and the same without its factors where they are not wanted.
    let private networkOf (withFactors: bool) (case: Case) =
        let text = File.ReadAllText(Case.path case)

        let parsed = Language.parse text |> get (fun _ -> $"{case.File} does not parse")

        if withFactors then
            parsed.Network
        else
            let bare = text.Replace("@scale(block)", "").Replace("@scale(neuron)", "")
            (Language.parse bare |> get (fun _ -> $"{case.File} does not parse bare")).Network

    /// This project's training step and prediction.
    let ours (withFactors: bool) (precision: Precision) (case: Case) : Contender =
        let engine =
            LibTorch.load ()
            |> Result.bind (LibTorch.choose Cpu precision)
            |> get LibTorchError.message

        let network = networkOf withFactors case

        let recipe = {
            Recipe.defaults with
                Momentum = 0.9
                Decay = 1e-4
        }

        let weights = Init.weights 1 network

        let trainer =
            Trainer.import
                engine
                (FactorRule.ofRecipe FactorMethod.Apg recipe)
                recipe
                (TrainState.start network weights)
            |> get ModelError.message

        let data = data case
        let mutable step = 0L

        let train count =
            for _ in 1..count do
                let struct (images, labels) = data[int step % batches]

                trainer.Step(
                    {
                        Images = images
                        Targets = labels
                        LeftOut = []
                    },
                    rate,
                    step
                )
                |> ignore

                step <- step + 1L

        // What predicts is the folded network; made when it is first requested, so that it does not
        // count in the memory of training.
        let predictor =
            lazy (Predictor.create engine None network weights |> get ModelError.message)

        let images = Exactness.randomImages 1 case.Batch network
        let scores = Array.zeroCreate (case.Batch * case.Classes)

        {
            Train = train
            Infer =
                fun count ->
                    for _ in 1..count do
                        predictor.Value.Run(ReadOnlySpan images, scores.AsSpan())
            Update =
                fun count ->
                    for _ in 1..count do
                        trainer.Update rate
        }

    /// The usual program in TorchSharp: modules, its SGD, one dispose scope a step.
    let byHand (case: Case) : Contender =
        // As TorchSharp comes: glibc's allocator with its own settings.
        LibTorch.loadAll false |> get LibTorchError.message |> ignore
        let network = ByHand.network case

        let optimizer =
            torch.optim.SGD(
                network.parameters (),
                rate,
                momentum = 0.9,
                weight_decay = 1e-4,
                nesterov = true
            )

        let data = data case
        let mutable step = 0

        let train count =
            network.train ()

            for _ in 1..count do
                use _ = torch.NewDisposeScope()
                let struct (images, labels) = data[step % batches]
                step <- step + 1
                optimizer.zero_grad ()
                let loss = torch.nn.functional.cross_entropy (network.forward images, labels)
                loss.backward ()
                optimizer.step () |> ignore
                loss.item<float32>() |> ignore

        let infer count =
            network.eval ()
            use _ = torch.no_grad ()

            for _ in 1..count do
                use _ = torch.NewDisposeScope()
                let struct (images, _) = data[0]
                network.forward(images).data<float32>().ToArray() |> ignore

        let update count =
            for _ in 1..count do
                optimizer.step () |> ignore

        {
            Train = train
            Infer = infer
            Update = update
        }

    /// Whether training in bf16 can be faster here.
    let hasBFloat16 () =
        match BFloat16Units.ofMachine () with
        | Matrices
        | Vectors -> true
        | Nothing
        | Unknown -> false

    /// The contender of a name.
    let tryMake (name: string) : (Case -> Contender) option =
        match name with
        | "sss" -> Some(ours true Precision.Float32)
        | "sss-bf16" -> Some(ours true Precision.BFloat16)
        | "sss-no-factors" -> Some(ours false Precision.Float32)
        | "torchsharp" -> Some byHand
        | _ -> None
