namespace Sss.Tests.Torch

open Sss.Core
open Sss.Tests.Shapes

/// Networks written down node by node, for tests that need no text.
module internal Nets =

    /// A layer whose output shape follows from its input.
    let layer name op (input: Shape) : Layer = {
        Name = name
        Op = op
        Scale = None
        Input = input
        Output = outputShape op input
    }

    /// The same layer with factors.
    let scaled kind count layer : Layer = {
        layer with
            Scale =
                Some {
                    Kind = kind
                    Owner = None
                    Count = count
                    Gamma = 1.0
                    Init = 1.0
                    Min = 0
                    Keep = false
                }
    }

    let conv out kernel stride bias =
        Op.Conv {
            Out = out
            Kernel = Size.square kernel
            Stride = Size.square stride
            Pad = Padding.square (kernel / 2)
            Dilation = Size.square 1
            Groups = 1
            Bias = bias
        }

    let grouped out kernel groups =
        match conv out kernel 1 true with
        | Op.Conv c -> Op.Conv { c with Groups = groups }
        | op -> op

    let depthwise kernel =
        Op.DepthwiseConv {
            Kernel = Size.square kernel
            Stride = Size.square 1
            Pad = Padding.square (kernel / 2)
            Dilation = Size.square 1
            Bias = true
        }

    /// A convolution with this padding.
    let padded out kernel pad =
        Op.Conv {
            Out = out
            Kernel = Size.square kernel
            Stride = Size.square 1
            Pad = pad
            Dilation = Size.square 1
            Groups = 1
            Bias = true
        }

    let deconv out stride groups =
        Op.Deconv {
            Out = out
            Kernel = Size.square 2
            Stride = Size.square stride
            Pad = Size.square 0
            OutPad = Size.square (stride - 1)
            Groups = groups
            Bias = true
        }

    let response size =
        Op.LocalResponse {
            Size = size
            Alpha = 0.1
            Beta = 0.75
            K = 1.0
        }

    let average kernel stride pad =
        Op.Pool {
            Kind = Average
            Kernel = Size.square kernel
            Stride = Size.square stride
            Pad = pad
            Ceil = false
            CountPad = false
        }

    let bn = Op.BatchNorm { Eps = 1e-5; Momentum = 0.1 }
    let dense out = Op.Dense { Out = out; Bias = true }

    /// A part of a body: from an input shape to a node and its output shape.
    type Piece = Shape -> Node * Shape

    let plain name op : Piece =
        fun shape ->
            let l = layer name op shape
            Node.Layer l, l.Output

    let withFactors kind count name op : Piece =
        fun shape ->
            let l = layer name op shape |> scaled kind count
            Node.Layer l, l.Output

    /// Pieces one after the other.
    let body (pieces: Piece list) (input: Shape) : Node list * Shape =
        ((input, []), pieces)
        ||> List.fold (fun (shape, nodes) piece ->
            let node, shape = piece shape
            shape, node :: nodes
        )
        |> fun (shape, nodes) -> List.rev nodes, shape

    let residual name isScaled branch shortcut : Piece =
        fun shape ->
            let branch, output = body branch shape
            let shortcut, _ = body shortcut shape

            let scale =
                if isScaled then
                    Some {
                        Kind = Block
                        Owner = None
                        Count = 1
                        Gamma = 1.0
                        Init = 1.0
                        Min = 0
                        Keep = false
                    }
                else
                    None

            Node.Residual {
                Name = name
                Scale = scale
                Drop = 0.0
                Branch = branch
                Shortcut = shortcut
                Output = output
            },
            output

    let concat name branches : Piece =
        fun shape ->
            let made = branches |> List.map (fun b -> body b shape)
            let channels = made |> List.sumBy (fun (_, s) -> s.Channels)

            let output = {
                snd made.Head with
                    Channels = channels
            }

            Node.Concat {
                Name = name
                Reads = Reads.All
                Branches =
                    made
                    |> List.mapi (fun i (nodes, _) -> {
                        Name = $"branch{i + 1}"
                        Input = shape
                        Body = nodes
                    })
                Output = output
            },
            output

    let gate name pieces : Piece =
        fun shape ->
            Node.Gate {
                Name = name
                Body = fst (body pieces shape)
                Output = shape
            },
            shape

    /// Equal parts, a body each.
    let split name branches : Piece =
        fun shape ->
            let part = {
                shape with
                    Channels = shape.Channels / List.length branches
            }

            let made = branches |> List.map (fun b -> body b part)

            let output = {
                snd made.Head with
                    Channels = made |> List.sumBy (fun (_, s) -> s.Channels)
            }

            Node.Concat {
                Name = name
                Reads = Reads.Parts
                Branches =
                    made
                    |> List.mapi (fun i (nodes, _) -> {
                        Name = $"branch{i + 1}"
                        Input = part
                        Body = nodes
                    })
                Output = output
            },
            output

    let network input pieces : Network =
        let nodes, output = body pieces input

        {
            Name = "Test"
            Input = input
            Classes = output.Channels
            OutputKind = OutputKind.Classes
            Body = nodes
        }

    /// Every kind of layer, factor and joint in one small network.
    let everything =
        network (Shape.create 2 6 6) [
            plain "conv1" (conv 4 3 1 false)
            withFactors Neuron 4 "bn1" bn
            plain "relu1" (Op.Activation Relu)
            // The branch starts with an activation of a value that the shortcut reads too.
            residual "residual1" true [
                plain "r1.relu" (Op.Activation Relu)
                plain "r1.conv" (conv 4 3 1 false)
                withFactors Neuron 4 "r1.bn" bn
            ] []
            plain "leaky" (Op.Activation(LeakyRelu 0.1))
            residual "residual2" true [
                withFactors Group 2 "r2.conv" (grouped 6 3 2)
                plain "r2.gelu" (Op.Activation Gelu)
                plain "r2.last" (conv 8 1 1 true)
            ] [ plain "r2.projection" (conv 8 1 1 false); plain "r2.bn" bn ]
            concat "concat1" [
                []
                [
                    plain "c2.silu" (Op.Activation Silu)
                    withFactors Neuron 8 "c2.dw" (depthwise 3)
                ]
                [ plain "c3.relu6" (Op.Activation Relu6); plain "c3.conv" (conv 4 1 1 true) ]
            ]
            plain
                "maxpool"
                (Op.Pool {
                    Kind = Max
                    Kernel = Size.square 3
                    Stride = Size.square 2
                    Pad = Padding.square 1
                    Ceil = true
                    CountPad = false
                })
            plain
                "avgpool"
                (Op.Pool {
                    Kind = Average
                    Kernel = Size.square 2
                    Stride = Size.square 1
                    Pad = Padding.none
                    Ceil = false
                    CountPad = true
                })
            plain "sigmoid" (Op.Activation Sigmoid)
            plain "conv9" (conv 6 3 1 true)
            plain "tanh" (Op.Activation Tanh)
            concat "concat2" [
                [ plain "g1" (Op.GlobalPool Average) ]
                [ plain "g2" (Op.GlobalPool Max) ]
            ]
            withFactors Neuron 5 "dense1" (dense 5)
            plain "relu9" (Op.Activation Relu)
            plain "dense2" (dense 4)
            plain "bn9" bn
            plain "dropout" (Op.Dropout 0.0)
            plain "flatten" Op.Flatten
            plain "dense3" (dense 3)
        ]

    /// Values for every array of a network that look like a trained one's: variances positive.
    let randomWeights (seed: int) (network: Network) : Weights<float> =
        let arrays = [
            for p in Parameters.ofNetwork network -> p.Key, p.Shape
            for f in Parameters.factors network -> f.Key, [ f.Scale.Count ]
            for s in Parameters.statistics network -> s.Key, s.Spec.Shape
        ]

        (Rng.create seed, arrays)
        ||> List.mapFold (fun rng (key, shape) ->
            let count = int (Parameters.size shape)
            let struct (draws, rng) = Rng.many Rng.normal count rng

            let value z =
                if ArrayKey.isPart ArrayPart.Variance key then 0.5 + abs z
                elif ArrayKey.isPart ArrayPart.Factor key then 1.0 + 0.3 * z
                else 0.5 * z

            (key,
             {
                 Shape = shape
                 Data = Array.map value draws
             }),
            rng
        )
        |> fst
        |> Map.ofList
