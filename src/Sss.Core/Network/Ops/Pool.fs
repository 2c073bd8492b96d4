namespace Sss.Core

/// The largest or the mean of a window.
type PoolKind =
    | Max
    | Average

/// A pooling layer; sizes, padding and counting as in PyTorch.
type Pool = {
    Kind: PoolKind
    Kernel: Size
    Stride: Size
    Pad: Padding
    /// Output sizes are rounded up instead of down.
    Ceil: bool
    /// Whether an average counts padded positions as zeros (PyTorch's default). A maximum never does.
    CountPad: bool
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

    let private arguments kind = [
        ArgumentSpec.positional "window" ArgumentKind.KernelOrGlobal
        Window.stride (Arguments.value "window")
        Window.pad (fun _ -> ArgumentValue.Padding Padding.none)
        ArgumentSpec.namedOr "ceil" ArgumentKind.Flag (ArgumentValue.Flag false)
        match kind with
        | Average -> ArgumentSpec.namedOr "countpad" ArgumentKind.Flag (ArgumentValue.Flag true)
        | Max -> ()
    ]

    let private make kind a =
        match Arguments.value "window" a with
        | ArgumentValue.Global -> Pooling.Global kind
        | _ ->
            Pooling.Window {
                Kind = kind
                Kernel = Arguments.extent "window" a
                Stride = Arguments.extent "stride" a
                Pad = Arguments.padding "pad" a
                Ceil = Arguments.flag "ceil" a
                CountPad =
                    match kind with
                    | Average -> Arguments.flag "countpad" a
                    | Max -> false
            }

    let words: Word<Pooling> list =
        [ Max; Average ]
        |> List.map (fun kind -> {
            Name = wordOf kind
            Example = "2x2"
            Arguments = arguments kind
            Make = make kind
        })

    let window (p: Pool) : Window = {
        Kernel = p.Kernel
        Stride = p.Stride
        Pad = p.Pad
        Dilation = Size.square 1
        Ceil = p.Ceil
    }

    let private output (p: Pool) (input: Shape) =
        let sides = Padding.sides p.Kernel p.Stride (Size.square 1) input p.Pad

        if
            max sides.Top sides.Bottom > p.Kernel.H / 2
            || max sides.Left sides.Right > p.Kernel.W / 2
        then
            Error [ ShapeProblem.PoolPadTooLarge(p.Pad, p.Kernel) ]
        else
            Window.output (wordOf p.Kind) input.Channels (window p) input

    /// A window over a constant gives a constant unless it counts padding that differs.
    let private constants (p: Pool) (input: Shape) : Known -> Known =
        match p.Kind with
        | Average when p.CountPad && Window.isPadded (window p) input -> Known.unlessDead
        | Average
        | Max -> id

    let private common word arguments output constants op : OpFacts<'op> = {
        Word = word
        Arguments = arguments
        Output = output
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        Constants = fun input _ -> Array.map (constants input)
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
                "pad", ArgumentValue.Padding p.Pad
                "ceil", ArgumentValue.Flag p.Ceil
                match p.Kind with
                | Average -> "countpad", ArgumentValue.Flag p.CountPad
                | Max -> ()
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
            (fun _ -> id)
            kind
