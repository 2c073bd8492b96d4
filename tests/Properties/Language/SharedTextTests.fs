/// Which layers share factors, as texts say it.
module Sss.Tests.Language.SharedTextTests

open Xunit
open Sss.Core
open Sss.Dsl

let private text body =
    $"network N {{\n input 3x8x8\n classes 3\n {body}\n avgpool global; dense classes\n}}"

/// Who shares, in a text.
let private members body =
    match Language.parse (text body) with
    | Ok parsed ->
        Network.carriers parsed.Network
        |> Map.toList
        |> List.map (fun (owner, all) -> owner, all |> List.map _.Name)
    | Error e -> failwith $"%A{e}"

[<Fact>]
let ``the members are those that make the channels`` () =
    Assert.Equal<(string * string list) list>(
        [
            "bn1", [ "bn1"; "residual1.branch.bn2"; "residual2.branch.bn1" ]
            "residual1.branch.bn1", [ "residual1.branch.bn1" ]
            "residual3.shortcut.bn1",
            [ "residual3.branch.bn2"; "residual3.shortcut.bn1"; "residual4.branch.conv1" ]
        ],
        members
            "conv 8 3x3; bn @scale(neuron, shared); relu
             residual { conv 8 3x3; bn @scale(neuron); relu; conv 8 3x3; bn }
             relu
             residual { conv 8 1x1; bn }
             residual { conv 4 3x3; bn; relu; conv 16 3x3 stride=2; bn } shortcut {
               conv 16 1x1 stride=2; bn @scale(neuron, shared)
             }
             residual { conv 16 1x1 }"
    )

[<Fact>]
let ``norms and depthwise convolutions after a sum share, the body of a gate does not`` () =
    Assert.Equal<(string * string list) list>(
        [
            "conv1", [ "conv1"; "residual1.branch.bn1"; "residual1.branch.conv2"; "bn1"; "dwconv1" ]
        ],
        members
            "conv 8 3x3 @scale(neuron, shared)
             residual { bn; relu; conv 4 3x3; relu; conv 8 3x3 }
             bn; relu
             gate { avgpool global; conv 2 1x1; relu; conv 8 1x1; sigmoid }
             dwconv 3x3; relu"
    )

let private parsed body =
    match Language.parse (text body) with
    | Ok parsed -> parsed.Network
    | Error e -> failwith $"%A{e}"

[<Fact>]
let ``a declaration may be repeated, as in a definition that is called twice`` () =
    let once =
        parsed
            "conv 8 3x3; bn @scale(neuron, shared, gamma=2, min=3); relu
             residual { conv 8 3x3; bn }
             residual { conv 8 3x3; bn }"

    let again =
        parsed
            "conv 8 3x3; bn @scale(neuron, shared, min=3, gamma=2); relu
             repeat 2 { residual { conv 8 3x3; bn @scale(neuron, shared, gamma=2, min=3) } }"

    Assert.Equal(once, again)
    Assert.Equal(8L, (Cost.ofNetwork once).Factors)

[<Fact>]
let ``show tells who shares, and its JSON does`` () =
    let network =
        parsed
            "conv 8 3x3; bn @scale(neuron, shared); relu
             residual { conv 8 3x3; bn }"

    Assert.EndsWith(
        "\n8 factors of bn1 are shared by bn1, residual1.branch.bn1\n",
        Show.table network
    )

    Assert.EndsWith(
        ",\"shared\":[{\"owner\":\"bn1\",\"factors\":8,\"layers\":[\"bn1\",\"residual1.branch.bn1\"]}]}\n",
        Show.json network
    )
