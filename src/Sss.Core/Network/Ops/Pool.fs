namespace Sss.Core

/// The largest or the mean of a window.
type PoolKind =
    | Max
    /// Counts padded positions as zeros (PyTorch's default).
    | Average

/// A pooling layer; sizes, padding and counting as in PyTorch.
type Pool = {
    Kind: PoolKind
    Kernel: Size
    Stride: Size
    Pad: Size
    /// Output sizes are rounded up instead of down.
    Ceil: bool
}

/// What the words of pools make.
[<RequireQualifiedAccess>]
type internal Pooling =
    | Window of Pool
    | Global of PoolKind

/// Facts about `maxpool` and `avgpool`.
[<RequireQualifiedAccess>]
module internal Pool =

    let private wordOf kind =
        match kind with
        | Max -> "maxpool"
        | Average -> "avgpool"

    let private arguments = [
        ArgumentSpec.positional "window" ArgumentKind.KernelOrGlobal
        Window.stride (Arguments.value "window")
        ArgumentSpec.namedOr "pad" (ArgumentKind.Extent 0) (ArgumentValue.Extent(Size.square 0))
        ArgumentSpec.namedOr "ceil" ArgumentKind.Flag (ArgumentValue.Flag false)
    ]

    let private make kind a =
        match Arguments.value "window" a with
        | ArgumentValue.Global -> Pooling.Global kind
        | _ ->
            Pooling.Window {
                Kind = kind
                Kernel = Arguments.extent "window" a
                Stride = Arguments.extent "stride" a
                Pad = Arguments.extent "pad" a
                Ceil = Arguments.flag "ceil" a
            }

    let words: Word<Pooling> list =
        [ Max; Average ]
        |> List.map (fun kind -> {
            Name = wordOf kind
            Example = "2x2"
            Arguments = arguments
            Make = make kind
        })

    /// PyTorch's rule for pools: with `ceil` a last window may hang over, but must start inside
    /// the input or its left padding.
    let private slide size kernel stride pad ceil =
        let room = int64 size + 2L * int64 pad - int64 kernel

        if room < 0L then
            0
        elif not ceil then
            int (room / int64 stride) + 1
        else
            let count = (room + int64 stride - 1L) / int64 stride + 1L

            if (count - 1L) * int64 stride >= int64 size + int64 pad then
                int count - 1
            else
                int count

    let private output (p: Pool) (input: Shape) =
        let output = {
            input with
                Height = slide input.Height p.Kernel.H p.Stride.H p.Pad.H p.Ceil
                Width = slide input.Width p.Kernel.W p.Stride.W p.Pad.W p.Ceil
        }

        if p.Pad.H > p.Kernel.H / 2 || p.Pad.W > p.Kernel.W / 2 then
            Error [ ShapeProblem.PoolPadTooLarge(p.Pad, p.Kernel) ]
        elif output.Height < 1 || output.Width < 1 then
            Error [ ShapeProblem.WindowTooLarge(wordOf p.Kind, input, p.Kernel) ]
        else
            Ok output

    /// A window over a constant gives a constant unless it takes in padding that differs.
    let private constants (p: Pool) (state: Known) =
        match p.Kind with
        | Average when Window.isPadded p.Pad && Known.isOther state -> Known.Live
        | Average
        | Max -> state

    let private common word arguments output constants op : OpFacts<'op> = {
        Word = word
        Arguments = arguments
        Output = output
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        Constants = fun _ _ -> Array.map constants
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun _ -> op
        Family = Family.Pooling
        IsRandom = false
        KeepsInput = false
    }

    let facts (p: Pool) : OpFacts<Pool> =
        common
            (wordOf p.Kind)
            [
                "window", ArgumentValue.Extent p.Kernel
                "stride", ArgumentValue.Extent p.Stride
                "pad", ArgumentValue.Extent p.Pad
                "ceil", ArgumentValue.Flag p.Ceil
            ]
            (output p)
            (constants p)
            p

    /// One window over all positions.
    let globalFacts (kind: PoolKind) : OpFacts<PoolKind> =
        common
            (wordOf kind)
            [ "window", ArgumentValue.Global ]
            (fun input -> Ok(Shape.vector input.Channels))
            id
            kind
