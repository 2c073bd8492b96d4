namespace Sss.Torch

open Sss.Core
open TorchSharp

/// Pools as functions on N×C×H×W tensors.
[<RequireQualifiedAccess>]
module internal PoolParts =

    let private maximum kernel stride pad ceil : Tensor -> Tensor =
        let dilation = [| 1L; 1L |]
        fun x -> functional.max_pool2d (x, kernel, stride, pad, dilation, ceil)

    /// A pool whose opposite sides are not padded alike: the image is padded before it, also where a
    /// window hangs over the end.
    let private uneven (layer: Layer) (p: Pool) : Tensor -> Tensor =
        let sides = PoolWindows.sides p layer.Input layer.Output
        let kernel, stride = Products.extents p.Kernel, Products.extents p.Stride
        let none = [| 0L; 0L |]

        match p.Kind with
        | Max ->
            let pool = maximum kernel stride none false

            fun x ->
                use wide = Products.padded System.Double.NegativeInfinity sides x
                pool wide
        | Average ->
            let mean (x: Tensor) =
                use wide = Products.padded 0.0 sides x
                functional.avg_pool2d (wide, kernel, stride, none, false, true)

            match PoolWindows.correction p layer.Input layer.Output with
            | None -> mean
            | Some factors ->
                let shape = [| int64 layer.Output.Height; int64 layer.Output.Width |]

                fun x ->
                    use whole = mean x
                    use flat = torch.tensor (factors, dtype = x.dtype, device = x.device)
                    use correction = flat.view shape
                    whole.mul correction

    /// A pool over windows.
    let pool (layer: Layer) (p: Pool) : Tensor -> Tensor =
        let sides = Padding.sides p.Kernel p.Stride (Size.square 1) layer.Input p.Pad

        if sides.IsEven then
            let kernel, stride = Products.extents p.Kernel, Products.extents p.Stride
            let pad = [| int64 sides.Top; int64 sides.Left |]

            match p.Kind with
            | Max -> maximum kernel stride pad p.Ceil
            | Average -> fun x -> functional.avg_pool2d (x, kernel, stride, pad, p.Ceil, p.CountPad)
        else
            uneven layer p

    /// One window over all positions.
    let globalPool (layer: Layer) (kind: PoolKind) : Tensor -> Tensor =
        match kind with
        | Average ->
            let axes = [| 2L; 3L |]
            fun x -> x.mean (axes, true)
        | Max ->
            let kernel = [| int64 layer.Input.Height; int64 layer.Input.Width |]
            maximum kernel [| 1L; 1L |] [| 0L; 0L |] false
