namespace Sss.Core

/// Pooling windows in terms of explicit padding, for engines that have no rule of their own for them.
[<RequireQualifiedAccess>]
module PoolWindows =

    /// The padding after the end that makes the rule without `ceil` give `count` windows. A window that
    /// hangs over needs more than the layer's own padding.
    let private behind (axis: WindowAxis) count =
        max axis.After ((count - 1) * axis.Stride + axis.Kernel - axis.Size - axis.Before)

    /// The positions that are counted in each window: those in the input, and those in its own padding
    /// where padding counts, never those that a window hangs over.
    let private counted countPad (axis: WindowAxis) count = [|
        for i in 0 .. count - 1 do
            let start = i * axis.Stride - axis.Before

            if countPad then
                min (start + axis.Kernel) (axis.Size + axis.After) - start
            else
                min (start + axis.Kernel) axis.Size - max start 0
    |]

    /// The padding with which a pool without `ceil` has the windows of this one.
    let sides (pool: Pool) (input: Shape) (output: Shape) : Sides =
        let struct (rows, columns) = Window.axes (Pool.window pool) input

        {
            Top = rows.Before
            Left = columns.Before
            Bottom = behind rows output.Height
            Right = behind columns output.Width
        }

    /// What an average over whole windows must be multiplied by, height × width; none where every
    /// position of every window counts.
    let correction (pool: Pool) (input: Shape) (output: Shape) : float[] option =
        let struct (rows, columns) = Window.axes (Pool.window pool) input
        let high = counted pool.CountPad rows output.Height
        let wide = counted pool.CountPad columns output.Width
        let whole = pool.Kernel.H * pool.Kernel.W

        let factors = [|
            for h in high do
                for w in wide do
                    float whole / float (h * w)
        |]

        if Array.forall (fun f -> f = 1.0) factors then
            None
        else
            Some factors
