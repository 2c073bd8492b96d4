namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open TorchSharp
open Sss.Torch.Functional

/// What `auto` has to choose by.
type PrecisionTrial =
    /// LibTorch uses no instructions for bf16 on this processor.
    | NoUnits
    /// The network has no weights, so nothing is trained.
    | NoWeights
    /// Milliseconds of a forward and a backward pass, the medians.
    | Timed of float32: float * bf16: float

/// The choice between float32 and bf16 by time.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module PrecisionTrial =

    /// bf16 has to be this many times as fast: less is not worth its rounding, and is within the noise of a busy machine.
    let private worth = 1.1

    /// Seconds for all passes together, and the multiply-adds of one on a CPU: a fraction of a second.
    let private seconds = 1.0
    let private most = 4e9

    /// What is computed with.
    let chosen (trial: PrecisionTrial) : Precision =
        match trial with
        | Timed(float32, bf16) ->
            if bf16 > 0.0 && float32 / bf16 >= worth then
                Precision.BFloat16
            else
                Precision.Float32
        | NoUnits
        | NoWeights -> Precision.Float32

    /// Images of a pass: the recipe's batch on a GPU, which a small one would not fill; fewer on a CPU. A `bn` needs two.
    let private images (device: Device) (batch: int) (network: Network) =
        match device with
        | Cuda _ -> batch
        | Cpu ->
            let macs = float (max 1L (Cost.ofNetwork network).Macs)
            max 2 (min batch (int (min (most / macs) 1e6)))

    /// A forward and a backward pass at one precision, and what frees its memory.
    let private pass (engine: LibTorch) (network: Network) (count: int) precision =
        result {
            let! engine =
                LibTorch.choose engine.Device precision engine |> Result.mapError NoEngine

            let! f =
                NetworkFunction.compile engine network
                |> Result.mapError (
                    function
                    | FunctionError.NoModel error -> PipelineError.NoModel error
                    | NoScalar _
                    | NoGradient
                    | OtherNumbers _ as error -> invalidOp (FunctionError.message error)
                )

            let scope = torch.NewDisposeScope()
            let numbers = NetworkFunction.start f 1
            let shape = network.Input
            let extents = [| count; shape.Channels; shape.Height; shape.Width |]

            let images = torch.randn (Array.map int64 extents, device = numbers.Weights.device)

            let work (run: torch.Tensor -> torch.Tensor) = (run images).square().mean()

            let once () =
                use _ = torch.NewDisposeScope()
                // It reads the value, which waits for the device.
                NetworkFunction.valueAndGrad f work numbers |> ignore

            let free () =
                scope.Dispose()
                (f :> IDisposable).Dispose()

            return once, free
        }

    /// Times both. `batch`: the recipe's.
    let internal race (engine: LibTorch) (batch: int) (network: Network) =
        result {
            let pass = pass engine network (images engine.Device batch network)
            let! float32, freeFloat32 = pass Precision.Float32

            try
                let! bf16, freeBf16 = pass Precision.BFloat16

                try
                    // On a GPU, training in float32 uses TF32.
                    let times =
                        LibTorch.training engine (fun () -> Race.run seconds [ float32; bf16 ])

                    return Timed(times[0].Median, times[1].Median)
                finally
                    freeBf16 ()
            finally
                freeFloat32 ()
        }

    /// Measures where there is something to gain.
    let run
        (engine: LibTorch)
        (batch: int)
        (network: Network)
        : Result<PrecisionTrial, PipelineError> =
        let units =
            match engine.Device with
            | Cuda _ -> Unknown
            | Cpu -> BFloat16Units.ofMachine ()

        match units with
        | Nothing -> Ok NoUnits
        | Matrices
        | Vectors
        | Unknown ->
            if (Cost.ofNetwork network).Params = 0L then
                Ok NoWeights
            else
                race engine batch network
