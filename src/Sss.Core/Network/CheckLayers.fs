namespace Sss.Core

/// The numbers of one layer, and its shapes.
module internal CheckLayers =

    /// The largest channel number, height, width, stride and so on.
    let maxSize = 1_000_000

    /// A size of the language: 1 to 10⁶.
    let private sizes least word (values: (string * int) list) = [
        for name, value in values do
            if value < least || value > maxSize then
                ShapeProblem.BadNumber(
                    word,
                    name,
                    string value,
                    $"a whole number from {least} to {maxSize}"
                )
    ]

    let private window word (kernel: Size) (stride: Size) (pad: Size) (dilation: Size) =
        sizes 1 word [
            "kernel", kernel.H
            "kernel", kernel.W
            "stride", stride.H
            "stride", stride.W
            "dilation", dilation.H
            "dilation", dilation.W
        ]
        @ sizes 0 word [ "pad", pad.H; "pad", pad.W ]

    let private number word name (value: float) isGood expected = [
        if not (System.Double.IsFinite value && isGood value) then
            ShapeProblem.BadNumber(word, name, string value, expected)
    ]

    /// What is wrong with the numbers of a layer whatever comes in. Texts are checked before, with
    /// the exact words; this is for drafts that a program built.
    let numbers (op: Op) : ShapeProblem list =
        let word = Op.word op

        match op with
        | Op.Conv c ->
            sizes 1 word [ "channels", c.Out; "groups", c.Groups ]
            @ window word c.Kernel c.Stride c.Pad c.Dilation
        | Op.DepthwiseConv c -> window word c.Kernel c.Stride c.Pad c.Dilation
        | Op.Dense d -> sizes 1 word [ "features", d.Out ]
        | Op.BatchNorm b ->
            number word "eps" b.Eps (fun x -> x > 0.0) "a positive number"
            @ number
                word
                "momentum"
                b.Momentum
                (fun x -> x >= 0.0 && x <= 1.0)
                "a number from 0 to 1"
        | Op.Activation(LeakyRelu slope) ->
            number word "slope" slope (fun _ -> true) "a finite number"
        | Op.Pool p -> window word p.Kernel p.Stride p.Pad (Size.square 1)
        | Op.Dropout p ->
            number word "probability" p (fun x -> x >= 0.0 && x < 1.0) "a number from 0 to below 1"
        | Op.Activation _
        | Op.GlobalPool _
        | Op.Flatten -> []

    /// Weights of a layer for an input; more than 64 bits count where its numbers are large.
    let private weights (op: Op) (input: Shape) : decimal =
        match op with
        | Op.Conv c ->
            decimal c.Out
            * decimal (input.Channels / c.Groups)
            * decimal c.Kernel.H
            * decimal c.Kernel.W
        | Op.DepthwiseConv c -> decimal input.Channels * decimal c.Kernel.H * decimal c.Kernel.W
        | Op.Dense d -> decimal d.Out * decimal (Shape.count input)
        | _ -> 0m

    /// What is wrong with a layer for an input.
    let fit (op: Op) (input: Shape) : ShapeProblem list =
        let output = Op.outputShape op input
        let isEmpty = output.Height < 1 || output.Width < 1

        match op with
        | Op.Conv c -> [
            if input.Channels % c.Groups <> 0 then
                ShapeProblem.GroupsDoNotDivide(c.Groups, input.Channels, true)
            if c.Out % c.Groups <> 0 then
                ShapeProblem.GroupsDoNotDivide(c.Groups, c.Out, false)
            if isEmpty then
                ShapeProblem.WindowTooLarge(Op.word op, input, c.Kernel)
          ]
        | Op.DepthwiseConv c when isEmpty -> [
            ShapeProblem.WindowTooLarge(Op.word op, input, c.Kernel)
          ]
        | Op.Pool p -> [
            if p.Pad.H > p.Kernel.H / 2 || p.Pad.W > p.Kernel.W / 2 then
                ShapeProblem.PoolPadTooLarge(p.Pad, p.Kernel)
            elif isEmpty then
                ShapeProblem.WindowTooLarge(Op.word op, input, p.Kernel)
          ]
        | Op.Dense _
        | Op.Flatten when Shape.count input > int64 System.Int32.MaxValue -> [
            ShapeProblem.TooManyFeatures input
          ]
        | _ -> []
        |> fun problems ->
            if not problems.IsEmpty then
                problems
            elif output.Height > maxSize || output.Width > maxSize then
                [ ShapeProblem.OutputTooLarge(Op.word op, output) ]
            elif weights op input > decimal System.Array.MaxLength then
                [ ShapeProblem.TooManyWeights(Op.word op, weights op input) ]
            else
                []
