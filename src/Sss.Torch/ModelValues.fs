namespace Sss.Torch

open System
open Sss.Core
open TorchSharp

/// What models give for images in managed memory, in evaluation mode.
[<RequireQualifiedAccess>]
module internal ModelValues =

    /// Images per batch, unless they have too many values.
    let batch = 256

    /// What a batch may hold between two layers: 4 GiB.
    let private mostBetween = 1L <<< 30

    /// What LibTorch's memory is copied from and to at once: 1 GiB.
    let private mostImages = 1L <<< 28

    /// Images per batch for a network.
    let batchOf (network: Network) : int =
        let images = mostImages / Shape.count network.Input
        let between = mostBetween / Footprint.largestStep network
        int (max 1L (min (int64 batch) (min images between)))

    /// N × values of images N×C×H×W, so many at a time. `run`: from a batch of single precision to its values.
    let private rows
        (model: Model)
        (batch: int)
        (run: Tensor -> Tensor)
        (images: ReadOnlyMemory<float32>)
        : float32[] =
        let input = model.Network.Input
        let size = int (Shape.count input)
        let count = images.Length / size
        let width = Network.values model.Network
        let results = Array.zeroCreate (Checked.(*) count width)
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()

        for first in 0..batch .. count - 1 do
            use _ = torch.NewDisposeScope()
            let n = min batch (count - first)

            let x =
                torch.empty (
                    [| int64 n; int64 input.Channels; int64 input.Height; int64 input.Width |],
                    dtype = Nullable ScalarType.Float32
                )

            images.Span.Slice(first * size, n * size).CopyTo(Memory.span<float32> x)
            let y = run x
            (Memory.span<float32> y).CopyTo(results.AsSpan(first * width, n * width))

        results

    /// Of a model at single precision, or at a lower one.
    let single (model: Model) (images: ReadOnlyMemory<float32>) : float32[] =
        let run (x: Tensor) =
            model.Run(Evaluation, x.``to`` model.Place).contiguous().cpu()

        rows model (batchOf model.Network) run images

    /// Of a float64 model, which computes at double precision; values are rounded at the end.
    let double (model: Model) (images: ReadOnlyMemory<float32>) : float32[] =
        let run (x: Tensor) =
            model
                .Run(Evaluation, x.``to`` ScalarType.Float64)
                .``to``(ScalarType.Float32)
                .contiguous()

        rows model 1 run images
