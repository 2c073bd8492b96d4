namespace Sss.Files

open Sss.Core

/// Pooling windows as PyTorch lays them, in terms of explicit padding.
[<RequireQualifiedAccess>]
module internal Pools =

    /// One axis of a pool.
    type private Axis = {
        Size: int
        Count: int
        Kernel: int
        Stride: int
        Pad: int
    }

    /// The padding after the end that makes the rule without `ceil` give `Count` windows. A window
    /// that hangs over needs more than the layer's own padding.
    let private behind axis =
        max axis.Pad ((axis.Count - 1) * axis.Stride + axis.Kernel - axis.Size - axis.Pad)

    /// The positions that PyTorch counts in each window: those in the input and its own padding,
    /// not those that a window hangs over.
    let private counted axis = [|
        for i in 0 .. axis.Count - 1 do
            let start = i * axis.Stride - axis.Pad
            min (start + axis.Kernel) (axis.Size + axis.Pad) - start
    |]

    let private axes (pool: Pool) (input: Shape) (output: Shape) =
        {
            Size = input.Height
            Count = output.Height
            Kernel = pool.Kernel.H
            Stride = pool.Stride.H
            Pad = pool.Pad.H
        },
        {
            Size = input.Width
            Count = output.Width
            Kernel = pool.Kernel.W
            Stride = pool.Stride.W
            Pad = pool.Pad.W
        }

    /// ONNX's padding: above, left, below, right.
    let pads (pool: Pool) input output : int list =
        let rows, columns = axes pool input output

        [ rows.Pad; columns.Pad; behind rows; behind columns ]

    /// What an average over whole windows must be multiplied by, height × width; none where no
    /// window hangs over, which is everywhere without `ceil`.
    let correction (pool: Pool) input output : float32[] option =
        let rows, columns = axes pool input output
        let high, wide = counted rows, counted columns
        let whole = pool.Kernel.H * pool.Kernel.W

        let factors = [|
            for h in high do
                for w in wide do
                    float32 whole / float32 (h * w)
        |]

        if Array.forall (fun f -> f = 1.0f) factors then
            None
        else
            Some factors
