/// Folding for prediction leaves the function as it is.
module Sss.Tests.Select.InferenceTests

open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Cases

/// bn right after something that could take it up, and factors that could have been taken up.
let private leftOver (network: Network) =
    let rec bodies nodes = [
        yield nodes

        for node in nodes do
            for inner in Node.bodies node do
                yield! bodies inner
    ]

    let isNormed (a, b) =
        match a, b with
        | Node.Layer {
                         Op = Op.Conv _ | Op.DepthwiseConv _ | Op.Dense _
                     },
          Node.Layer { Op = Op.BatchNorm _ } -> true
        | _ -> false

    bodies network.Body |> List.exists (List.pairwise >> List.exists isNormed)
    || not (Seq.isEmpty (Network.scales network))

[<Fact>]
let ``a folded network is the same function, without factors and with fewer bn`` () =
    let config =
        Config.QuickThrowOnFailure
            .WithMaxTest(300)
            .WithEndSize(300)
            .WithReplay(Some { Rnd = Rnd(11UL, 1UL); Size = None })

    let law (case: Case) =
        let t = trial case
        let network, weights = Inference.fold t.Network t.Weights

        let apart =
            t.Images
            |> List.map (fun image ->
                Verify.difference
                    (Interpreter.run t.Network t.Weights image)
                    (Interpreter.run network weights image)
            )
            |> List.max

        (apart < 1e-9 && not (leftOver network)) |> Prop.label $"{apart}"

    Check.One(config, Prop.forAll cases law)
