/// What no target can take from a network.
module Sss.Tests.Select.TargetReachTests

open Xunit
open Sss.Core
open Sss.Tests.Language.Support

let private text stem block trunk =
    $"network N {{
  input 1x8x8
  classes 10
  conv 16 3x3; bn{stem}; relu
  residual{block} {{ conv 16 3x3; bn @scale(neuron); relu; conv 16 3x3; bn{trunk} }}
  relu
  avgpool global
  dense classes
}}"

let private macs network = (Cost.ofNetwork network).Macs

let private least network =
    match TargetReach.least Selection.defaults network with
    | Some left -> macs left
    | None -> invalidOp "there is no such network"

[<Fact>]
let ``what stays is what no factor reaches, and a channel of each layer that has no way around it``
    ()
    =
    // The block goes: 9 · 16 · 64 of the stem and 16 · 10 of the last layer are left.
    Assert.Equal(9376L, least (network (text "" " @scale(block)" "")))
    // It stays with one channel: 9 · 64 · (16 + 16) more.
    Assert.Equal(9376L + 18432L, least (network (text "" "" "")))
    Assert.Equal(9376L + 18432L, least (network (text "" " @scale(block, keep)" "")))
    // One channel everywhere: three convolutions of 9 · 64, and 10 of the last layer.
    Assert.Equal(1738L, least (network (text "" "" " @scale(neuron, shared)")))
    // Four of them: 9 · 64 · (4 + 4 + 4) and 40.
    Assert.Equal(6952L, least (network (text "" "" " @scale(neuron, shared, min=4)")))

/// Two branches, either of which may go.
let private branches =
    network
        "network N {
  input 1x8x8
  classes 10
  concat { conv 6 1x1; bn @scale(neuron); relu } { conv 8 3x3; bn @scale(neuron); relu }
  avgpool global
  dense classes
}"

[<Fact>]
let ``of branches that lead around each other the cheapest stays`` () =
    // One channel of the 1×1 convolution, and 10 of the last layer.
    Assert.Equal(74L, least branches)

[<Fact>]
let ``a target is narrow where more than half of it stays anyway`` () =
    let dense = network (text "" " @scale(block)" "")
    let least = TargetReach.least Selection.defaults dense |> Option.get

    let bytes network = CostLimit.numbersSize network + 1000L

    // A network takes a millisecond for a hundred parameters.
    let measures = {
        FileSize = bytes
        Latency =
            Some {
                Predict = fun network -> float (Cost.ofNetwork network).Params / 100.0
                FirstFactor = 1.2
                Dense = 6.0
                Multiple = 1
                Measure = None
            }
        Select = Selection.defaults
    }

    let none = Target.none

    let part (cost: Network -> int64) factor =
        factor * float (cost least) / float (cost dense)

    let parameters network = (Cost.ofNetwork network).Params
    let time = measures.Latency.Value.Predict least

    // Of each kind, a target that allows so many times what stays.
    let targets factor = [
        LimitKind.Macs,
        {
            none with
                Macs = Some(part macs factor)
        }
        LimitKind.Params,
        {
            none with
                Params = Some(part parameters factor)
        }
        LimitKind.Size,
        {
            none with
                Size = Some(int64 (factor * float (bytes least)))
        }
        LimitKind.Latency,
        {
            none with
                Latency = Some(LatencyLimit.Milliseconds(factor * time))
        }
    ]

    let cost kind (network: Network) =
        match kind with
        | LimitKind.Macs -> float (macs network)
        | LimitKind.Params -> float (parameters network)
        | LimitKind.Size -> float (bytes network)
        | LimitKind.Latency -> measures.Latency.Value.Predict network

    Assert.Equal<NarrowLimit list>([], TargetReach.narrow measures dense none)

    for _, target in targets 2.1 do
        Assert.Equal<NarrowLimit list>([], TargetReach.narrow measures dense target)

    for factor in [ 1.9; 0.9 ] do
        for kind, target in targets factor do
            let limit = Assert.Single(TargetReach.narrow measures dense target)
            Assert.Equal(kind, limit.Kind)
            Assert.Equal(cost kind least, limit.Stays)
            Assert.Equal(cost kind dense, limit.Dense)
            Assert.Equal(factor * limit.Stays, limit.Most, 1.0)

    let both = {
        none with
            Macs = Some(part macs 0.9)
            Params = Some(part parameters 0.9)
    }

    Assert.Equal<LimitKind list>(
        [ LimitKind.Macs; LimitKind.Params ],
        TargetReach.narrow measures dense both |> List.map _.Kind
    )

[<Fact>]
let ``no example is narrow at the targets of its study`` () =
    for name, most in
        [
            "digits.sss", 0.3
            "digits-vgg.sss", 0.3
            "digits-resnext.sss", 0.3
            "fashion-mnist/resnet20.sss", 0.3
            "fashion-mnist/resnext20.sss", 0.5
            "fashion-mnist/vgg-quarter.sss", 0.5
        ] do
        let network = network (System.IO.File.ReadAllText(path [ "examples"; name ]))

        Assert.Equal<NarrowLimit list>(
            [],
            TargetReach.narrow CostLimit.noMeasures network { Target.none with Macs = Some most }
        )
