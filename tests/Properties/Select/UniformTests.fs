namespace Sss.Tests.Select

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language
open Sss.Tests.Language.Support

/// Uniform narrowing: whatever the multiplier, a legal network of the same depth.
type UniformTests() =

    let macs (network: Network) = (Cost.ofNetwork network).Macs

    /// The printed network parses, checks and infers the very shapes that narrowing gave it; it has no
    /// factors, and the layers, input and output of the whole one.
    let isLegal (whole: Network) (narrow: Network) =
        let printed = Language.print narrow

        match Language.parse printed with
        | Error _ -> invalidOp (messages printed + printed)
        | Ok parsed ->
            let layers (n: Network) =
                Network.layers n |> Seq.map (fun l -> l.Name, Op.word l.Op) |> List.ofSeq

            parsed.Network = narrow
            && Seq.isEmpty (Network.scales narrow)
            && layers narrow = layers whole
            && narrow.Input = whole.Input
            && Network.outputOf narrow.Input narrow.Body = Network.outputOf whole.Input whole.Body

    let multiplier (part: byte) = float part / 255.0

    let channels (network: Network) =
        Network.layers network |> Seq.map (fun l -> l.Output.Channels) |> List.ofSeq

    [<Property(MaxTest = 400)>]
    member _.``a narrowed network is legal and as deep``(case: RandomNetworks.Case, part: byte) =
        let whole = RandomNetworks.build case
        let narrow = Uniform.narrow (multiplier part) whole

        isLegal whole narrow
        |> Prop.classify (macs narrow < macs whole) "narrower"
        |> Prop.classify (whole.Body |> List.exists _.IsResidual) "with sums"

    [<Property(MaxTest = 400)>]
    member _.``no layer gets narrower as the multiplier rises``
        (case: RandomNetworks.Case, a: byte, b: byte)
        =
        let whole = RandomNetworks.build case
        let low = Uniform.narrow (multiplier (min a b)) whole
        let high = Uniform.narrow (multiplier (max a b)) whole

        macs low <= macs high
        && List.forall2 (<=) (channels low) (channels high)
        && Uniform.narrow 1.0 whole = Uniform.plain whole

    [<Property(MaxTest = 400)>]
    member _.``the widest of at most the macs that are asked is found``
        (case: RandomNetworks.Case, part: byte)
        =
        let whole = RandomNetworks.build case
        let asked = int64 (multiplier part * float (macs whole))

        match Uniform.within asked whole with
        | None -> macs (Uniform.narrow 0.0 whole) > asked
        | Some found ->
            // Nothing wider fits: at any multiplier above, the network is this one or too large.
            let wider =
                [ 0..64 ]
                |> List.map (fun i ->
                    let m = found.Multiplier + (1.0 - found.Multiplier) * float i / 64.0

                    Uniform.narrow m whole
                )

            macs found.Network <= asked
            && found.Network = Uniform.narrow found.Multiplier whole
            && wider |> List.forall (fun n -> n = found.Network || macs n > asked)

    [<Fact>]
    member _.``every example narrows to any part of its macs``() =
        for file in examples do
            let whole = network (read file)

            for part in [ 1.0; 0.5; 0.3; 0.1 ] do
                let asked = int64 (part * float (macs whole))

                match Uniform.within asked whole with
                | None -> Assert.Fail $"{file}: {part}"
                | Some found ->
                    Assert.True(isLegal whole found.Network, $"{file}: {part}")
                    // Widths move in whole channels: no gap of more than a twelfth of the network.
                    Assert.InRange(macs found.Network, asked - macs whole / 12L, asked)

                    if part = 1.0 then
                        Assert.Equal(macs whole, macs found.Network)

    [<Fact>]
    member _.``widths are W·m, sums agree, groups go whole``() =
        let whole =
            network (
                wrap
                    "conv 16 3x3; bn; relu\n\
                     residual @scale(block) { conv 8 1x1; bn; relu\n\
                     conv 8 3x3 groups=4; bn @scale(group); relu; conv 16 1x1; bn }\n\
                     relu; dwconv 3x3; bn; concat { } { conv 6 1x1 }"
            )

        let widths m =
            Uniform.narrow m whole
            |> Network.layers
            |> Seq.choose (fun l ->
                match l.Op with
                | Op.Conv c -> Some(c.Out, c.Groups)
                | Op.DepthwiseConv _ -> Some(l.Output.Channels, 0)
                | Op.Dense d -> Some(d.Out, -1)
                | _ -> None
            )
            |> List.ofSeq

        Assert.Equal<(int * int) list>([ 8, 1; 4, 1; 4, 2; 8, 1; 8, 0; 3, 1; 10, -1 ], widths 0.5)

        Assert.Equal<(int * int) list>([ 1, 1; 2, 1; 2, 1; 1, 1; 1, 0; 1, 1; 10, -1 ], widths 0.0)
