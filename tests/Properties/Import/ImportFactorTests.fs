/// Factors that an import places.
module Sss.Tests.Import.ImportFactorTests

open Xunit
open Sss.Core
open Sss.Files
open Sss.Tests.Import.Graphs

[<Fact>]
let ``factors are placed where they are wanted and can remove something`` () =
    let constants = [
        numbers "w" [ 4; 3; 1; 1 ]
        numbers "v" [ 8; 4; 1; 1 ]
        numbers "u" [ 4; 8; 1; 1 ]
    ]

    let nodes = [
        node "Conv" "first" [ "x"; "w" ] [ "a" ] []
        node "Conv" "second" [ "a"; "v" ] [ "c" ] []
        node "Relu" "r" [ "c" ] [ "d" ] []
        node "Conv" "third" [ "d"; "u" ] [ "e" ] []
        node "Add" "sum" [ "e"; "a" ] [ "f" ] []
        node "GlobalAveragePool" "pool" [ "f" ] [ "p" ] []
        node "Flatten" "flat" [ "p" ] [ "y" ] []
    ]

    let factors kinds =
        match
            readWith
                {
                    options with
                        Scales = Set.ofList kinds
                }
                (model constants nodes)
        with
        | Error error -> failwith (ImportError.message error)
        | Ok imported ->
            Assert.Empty(NetworkFile.faults imported.Network imported.Weights)
            Parameters.factors imported.Network |> List.map _.Owner

    Assert.Equal<string list>(
        [ "residual1"; "residual1.branch.conv1" ],
        List.sort (factors [ Neuron; Group; Block ])
    )

    Assert.Equal<string list>([ "residual1" ], factors [ Block ])
    Assert.Equal<string list>([], factors [])

/// A stem and two blocks whose outputs a sum joins; `last`: what the network ends in.
let private stage last =
    let constants = [
        numbers "w" [ 4; 3; 1; 1 ]
        numbers "v" [ 8; 4; 1; 1 ]
        numbers "u" [ 4; 8; 1; 1 ]
        numbers "o" [ 5; 4; 1; 1 ]
    ]

    let block input output = [
        node "Conv" (output + "1") [ input; "v" ] [ output + "a" ] []
        node "Relu" (output + "r") [ output + "a" ] [ output + "b" ] []
        node "Conv" (output + "2") [ output + "b"; "u" ] [ output + "c" ] []
        node "Add" (output + "s") [ output + "c"; input ] [ output ] []
    ]

    model constants [
        node "Conv" "first" [ "x"; "w" ] [ "a" ] []
        yield! block "a" "p"
        yield! block "p" "q"
        if last then
            node "Conv" "last" [ "q"; "o" ] [ "z" ] []
        else
            node "Identity" "last" [ "q" ] [ "z" ] []
        node "GlobalAveragePool" "pool" [ "z" ] [ "g" ] []
        node "Flatten" "flat" [ "g" ] [ "y" ] []
    ]

[<Fact>]
let ``layers that a sum joins share factors where these can remove something`` () =
    let factors last kinds =
        match
            readWith
                {
                    options with
                        Scales = Set.ofList kinds
                }
                (stage last)
        with
        | Error error -> failwith (ImportError.message error)
        | Ok imported ->
            Assert.Empty(NetworkFile.faults imported.Network imported.Weights)

            [
                for layer in Network.layers imported.Network do
                    match layer.Scale with
                    | Some scale -> $"{layer.Name} {Scale.ownerOf layer.Name scale}"
                    | None -> ()
            ]

    // With factors on blocks the first layer may have its own; it shares some instead.
    Assert.Equal<string list>(
        [ "conv1 conv1"; "block1.residual1.branch.conv1 block1.residual1.branch.conv1" ],
        factors true [ Neuron; Block ] |> List.take 2
    )

    Assert.Equal<string list>(
        [
            "conv1 block1.residual1.branch.conv2"
            "block1.residual1.branch.conv1 block1.residual1.branch.conv1"
            "block1.residual1.branch.conv2 block1.residual1.branch.conv2"
            "block2.residual1.branch.conv1 block2.residual1.branch.conv1"
            "block2.residual1.branch.conv2 block1.residual1.branch.conv2"
        ],
        factors true [ Neuron; Block; Shared ]
    )

    // The outputs of the network cannot go.
    Assert.Equal<string list>([], factors false [ Shared ])
