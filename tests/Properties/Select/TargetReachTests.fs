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
    match TargetReach.leastCost network with
    | Some cost -> cost.Macs
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
    let network = network (text "" " @scale(block)" "")
    let dense = Cost.ofNetwork network
    let least = TargetReach.leastCost network |> Option.get
    let macs = float least.Macs / float dense.Macs
    let parameters = float least.Params / float dense.Params

    let narrow macs parameters =
        TargetReach.narrow network {
            Target.none with
                Macs = macs
                Params = parameters
        }

    let limit name most stays = {
        Name = name
        Most = most
        Stays = stays
    }

    Assert.Equal<NarrowLimit list>([], narrow None None)
    Assert.Equal<NarrowLimit list>([], narrow (Some(2.1 * macs)) (Some(2.1 * parameters)))

    for part in [ 1.9; 0.9 ] do
        Assert.Equal<NarrowLimit list>(
            [ limit "macs" (part * macs) macs ],
            narrow (Some(part * macs)) None
        )

        Assert.Equal<NarrowLimit list>(
            [
                limit "macs" (part * macs) macs
                limit "params" (part * parameters) parameters
            ],
            narrow (Some(part * macs)) (Some(part * parameters))
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
            TargetReach.narrow network { Target.none with Macs = Some most }
        )
