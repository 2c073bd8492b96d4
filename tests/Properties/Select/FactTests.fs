/// What operations say of constant channels, where a formula as it is usually written would lose digits
/// or where a rule of its own applies.
module Sss.Tests.Select.FactTests

open Xunit
open Sss.Core
open Sss.Core.Select
open Sss.Tests.Shapes

let private reader values : ArrayReader = {
    Array = Some(fun part i -> Map.find part values |> fun (data: float[]) -> data[i])
    InTraining = false
}

let constants op input values (states: Known list) : Known list =
    (Op.facts op).Constants input (reader (Map.ofList values)) (Array.ofList states)
    |> List.ofArray

let private at activation x =
    match constants (Op.Activation activation) (Shape.vector 1) [] [ Known.Constant x ] with
    | [ Known.Constant y ] -> y
    | states -> failwith $"{activation} of {x}: %A{states}"

[<Theory>]
[<InlineData(1e-18)>]
[<InlineData(-1e-18)>]
[<InlineData(-0.5)>]
[<InlineData(-40.0)>]
[<InlineData(19.9)>]
[<InlineData(20.1)>]
[<InlineData(900.0)>]
let ``constants keep their digits in elu and mish`` (x: float) =
    let close (expected: float) (found: float) =
        Assert.InRange(abs (found - expected) / abs expected, 0.0, 1e-14)

    // System.Math has no eˣ − 1, but a series that is exact to 1e-17 below a thousandth.
    let expMinus1 =
        if abs x < 1e-3 then
            x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0)))
        else
            exp x - 1.0

    close (if x > 0.0 then x else 0.5 * expMinus1) (at (Elu 0.5) x)

    // tanh(ln(1 + e)) is e for tiny e, and 1 from 20 on.
    let gate =
        if x < -30.0 then exp x
        elif x > 20.0 then 1.0
        else tanh (log (1.0 + exp x))

    close (x * gate) (at Mish x)

[<Fact>]
let ``hardsigmoid, mish and elu at the ends`` () =
    Assert.Equal(0.5, at HardSigmoid 1e-300)
    Assert.Equal(1.0, at HardSigmoid 3.0)
    let dead = [ Known.Constant -3.0 ]

    Assert.Equal<Known list>(
        [ Known.Dead ],
        constants (Op.Activation HardSigmoid) (Shape.vector 1) [] dead
    )
    // Far below nothing is left of x·eˣ.
    let far = [ Known.Constant -800.0 ]
    Assert.Equal<Known list>([ Known.Dead ], constants (Op.Activation Mish) (Shape.vector 1) [] far)
    Assert.Equal(-2.0, at (Elu 2.0) -800.0)

    for activation, keeps in [ HardSigmoid, false; Mish, true; Elu -1.5, true ] do
        Assert.Equal(keeps, (Op.facts (Op.Activation activation)).KeepsZero)

[<Fact>]
let ``prelu and layerscale multiply each channel by its own number`` () =
    let input = Shape.create 5 2 2
    let weight = [ ArrayPart.Weight, [| 0.5; 0.5; 0.0; 3.0; 3.0 |] ]

    let states = [
        Known.Constant -2.0
        Known.Constant 2.0
        Known.Constant -2.0
        Known.Dead
        Known.Live
    ]

    Assert.Equal<Known list>(
        [ Known.Constant -1.0; Known.Constant 2.0; Known.Dead; Known.Dead; Known.Live ],
        constants Op.PRelu input weight states
    )

    Assert.Equal<Known list>(
        [ Known.Constant -1.0; Known.Constant 1.0; Known.Dead; Known.Dead; Known.Live ],
        constants (Op.LayerScale { Init = 1.0 }) input weight states
    )

let private layer name op input =
    Node.Layer {
        Name = name
        Op = op
        Scale = None
        Input = input
        Output = outputShape op input
    }

let private conv1x1 inputs =
    Op.Conv {
        Out = inputs
        Kernel = Size.square 1
        Stride = Size.square 1
        Pad = Padding.none
        Dilation = Size.square 1
        Groups = 1
        Bias = false
    }

/// A residual with a factor on the branch, which ends in `layerscale`, and another side.
let private scaled shortcut : Network =
    let shape = Shape.create 2 2 2

    {
        Name = "Scaled"
        Input = shape
        Classes = 1
        OutputKind = OutputKind.Classes
        Body = [
            layer "conv1" (conv1x1 2) shape
            Node.Residual {
                Name = "residual1"
                Scale =
                    Some {
                        Kind = Block
                        Owner = None
                        Count = 1
                        Gamma = 1.0
                        Init = 1.0
                        Min = 0
                        Keep = false
                    }
                Drop = 0.0
                Branch = [
                    layer "conv2" (conv1x1 2) shape
                    layer "layerscale1" (Op.LayerScale { Init = 1.0 }) shape
                ]
                Shortcut = shortcut shape
                Output = shape
            }
            layer "dense1" (Op.Dense { Out = 1; Bias = true }) shape
        ]
    }

let private numbers network block : Weights<float> =
    let struct (weights, _) = VerifyNumbers.weights network (Rng.create 3)

    weights
    |> Map.change
        (ArrayKey.make ArrayPart.Factor "residual1")
        (Option.map (fun f -> { f with Data = [| block |] }))

[<Fact>]
let ``layerscale takes the factor of its branch`` () =
    let network = scaled (fun _ -> [])
    let weights = numbers network -0.5

    match Selection.select Selection.defaults network weights with
    | Error error -> failwith $"%A{error}"
    | Ok selected ->
        Assert.Empty(Network.scales selected.Network)
        let before = weights[ArrayKey.make ArrayPart.Weight "layerscale1"].Data

        Assert.Equal<float[]>(
            before |> Array.map (fun w -> -0.5 * w),
            selected.Weights[ArrayKey.make ArrayPart.Weight "layerscale1"].Data
        )

[<Fact>]
let ``layerscale takes no constant`` () =
    let shortcut shape = [ layer "layerscale2" (Op.LayerScale { Init = 1.0 }) shape ]
    // What the branch of a constant gives cannot be added to a shortcut that ends in `layerscale`.
    Assert.False(Op.takesShift (Op.LayerScale { Init = 1.0 }))
    Assert.True(Op.takesFactor (Op.LayerScale { Init = 1.0 }))
    let network = scaled shortcut

    let constantBranch =
        network
        |> Network.map
            (fun l ->
                if l.Name = "conv2" then
                    {
                        l with
                            Op = Op.withBias l.Op l.Input l.Output
                            Scale =
                                Some {
                                    Kind = Neuron
                                    Owner = None
                                    Count = 2
                                    Gamma = 1.0
                                    Init = 1.0
                                    Min = 0
                                    Keep = false
                                }
                    }
                else
                    l
            )
            id

    // A branch that is 0 goes; the shortcut needs to take nothing then.
    let weights =
        numbers constantBranch 0.5
        |> Map.change
            (ArrayKey.make ArrayPart.Factor "conv2")
            (Option.map (fun f -> { f with Data = [| 0.0; 0.0 |] }))

    match Selection.select Selection.defaults constantBranch weights with
    | Error error -> failwith $"%A{error}"
    | Ok selected ->
        Assert.Equal<Removal list>([ Removal.DeadBranch "residual1" ], selected.Plan.Removals)

    // With `sigmoid` at its place the same branch is ½, which stays.
    let halves =
        constantBranch
        |> Network.map
            (fun l ->
                if l.Name = "layerscale1" then
                    { l with Op = Op.Activation Sigmoid }
                else
                    l
            )
            (fun r -> { r with Scale = None })

    match
        Selection.select
            Selection.defaults
            halves
            (Map.remove (ArrayKey.make ArrayPart.Weight "layerscale1") weights)
    with
    | Error error -> failwith $"%A{error}"
    | Ok selected -> Assert.Empty selected.Plan.Removals
