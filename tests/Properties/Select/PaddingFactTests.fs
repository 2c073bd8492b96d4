/// What operations say of constant channels where windows slide over them.
module Sss.Tests.Select.PaddingFactTests

open Xunit
open Sss.Core
open Sss.Tests.Shapes
open Sss.Tests.Select.FactTests

/// What becomes of a constant and of a dead channel.
let private through op input values =
    constants op input values [ Known.Constant 2.0; Known.Dead ]

let private sides top left bottom right =
    Padding.Sides {
        Top = top
        Left = left
        Bottom = bottom
        Right = right
    }

[<Fact>]
let ``a constant is not uniform after padding that some window takes in, on whatever side`` () =
    let input = Shape.create 2 4 5
    let weight = [ ArrayPart.Weight, Array.create 18 0.5 ]

    let after kernel stride pad =
        let c: DepthwiseConv = {
            Kernel = kernel
            Stride = Size.square stride
            Pad = pad
            Dilation = Size.square 1
            Bias = false
        }

        match through (Op.DepthwiseConv c) input weight with
        | [ constant; Known.Dead ] -> constant
        | states -> failwith $"%A{states}"

    let three, two = Size.square 3, Size.square 2
    let uniform = Known.Constant 9.0
    Assert.Equal(uniform, after three 1 Padding.none)

    for pad in [ sides 1 0 0 0; sides 0 1 0 0; sides 0 0 1 0; sides 0 0 0 1; Padding.Same ] do
        Assert.Equal(Known.Live, after three 1 pad)

    // Windows of two by two rows: the fifth column is left over, so one more is never reached.
    Assert.Equal(Known.Constant 4.0, after two 2 (sides 0 0 1 0))
    Assert.Equal(Known.Live, after two 2 (sides 0 0 0 1))
    Assert.Equal(Known.Live, after two 2 Padding.Same)
    // Nothing is missing to four rows and five columns.
    Assert.Equal(Known.Constant 1.0, after (Size.square 1) 1 Padding.Same)

[<Fact>]
let ``constants after pools`` () =
    let input = Shape.create 2 4 5

    let after kind countPad pad =
        Op.Pool {
            Kind = kind
            Kernel = Size.square 2
            Stride = Size.square 2
            Pad = pad
            Ceil = false
            CountPad = countPad
        }
        |> fun op -> through op input []

    let unchanged = [ Known.Constant 2.0; Known.Dead ]

    for pad in [ Padding.none; Padding.square 1; sides 1 0 0 0; sides 0 0 1 1; Padding.Same ] do
        Assert.Equal<Known list>(unchanged, after Max false pad)
        Assert.Equal<Known list>(unchanged, after Average false pad)

    Assert.Equal<Known list>(unchanged, after Average true Padding.none)
    Assert.Equal<Known list>(unchanged, after Average true (sides 0 0 1 0))

    for pad in [ Padding.square 1; sides 1 0 0 0; sides 0 0 0 1; Padding.Same ] do
        Assert.Equal<Known list>([ Known.Live; Known.Dead ], after Average true pad)

[<Fact>]
let ``same makes outputs of the input's extent divided by the stride, rounded up`` () =
    for size in 1..9 do
        for kernel in 1..5 do
            for stride in 1..4 do
                for dilation in 1..3 do
                    let input = Shape.create 1 size size
                    let window, step = Size.square kernel, Size.square stride
                    let s = Padding.sides window step (Size.square dilation) input Padding.Same
                    Assert.InRange(s.Bottom - s.Top, 0, 1)
                    Assert.Equal(s.Top = s.Bottom, s.IsEven)

                    let conv =
                        Op.DepthwiseConv {
                            Kernel = window
                            Stride = step
                            Pad = Padding.Same
                            Dilation = Size.square dilation
                            Bias = false
                        }

                    let extent = (size + stride - 1) / stride
                    Assert.Equal(Shape.create 1 extent extent, outputShape conv input)

                    for ceil in [ false; true ] do
                        let pool =
                            Op.Pool {
                                Kind = Max
                                Kernel = window
                                Stride = step
                                Pad = Padding.Same
                                Ceil = ceil
                                CountPad = false
                            }

                        Assert.Equal(Shape.create 1 extent extent, outputShape pool input)

[<Fact>]
let ``a constant stays one when an image gets larger, and not in a transposed convolution`` () =
    let input = Shape.create 2 3 2

    for mode in [ UpsampleMode.Nearest; UpsampleMode.Bilinear ] do
        let op = Op.Upsample { Factor = 3; Mode = mode }
        Assert.Equal(Shape.create 2 9 6, outputShape op input)
        Assert.Equal<Known list>([ Known.Constant 2.0; Known.Dead ], through op input [])

    let deconv =
        Op.Deconv {
            Out = 1
            Kernel = Size.square 2
            Stride = Size.square 2
            Pad = Size.square 0
            OutPad = Size.square 1
            Groups = 1
            Bias = true
        }

    let weights = [ ArrayPart.Weight, Array.create 8 1.0; ArrayPart.Bias, [| 0.25 |] ]
    Assert.Equal(Shape.create 1 7 5, outputShape deconv input)
    Assert.Equal<Known list>([ Known.Live ], through deconv input weights)

    Assert.Equal<Known list>(
        [ Known.Constant 0.25 ],
        constants deconv input weights [ Known.Dead; Known.Dead ]
    )

[<Fact>]
let ``lrn keeps 0 and constants whose neighbours are constants`` () =
    let op =
        Op.LocalResponse {
            Size = 2
            Alpha = 2.0
            Beta = 1.0
            K = 1.0
        }

    // Each is divided by 1 + its square + that of the one in front.
    Assert.Equal<Known list>(
        [
            Known.Constant 0.5
            Known.Dead
            Known.Constant(2.0 / 5.0)
            Known.Live
            Known.Live
            Known.Dead
        ],
        constants op (Shape.vector 6) [] [
            Known.Constant 1.0
            Known.Dead
            Known.Constant 2.0
            Known.Live
            Known.Constant 1.0
            Known.Dead
        ]
    )
