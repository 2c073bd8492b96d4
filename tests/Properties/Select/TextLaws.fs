module Sss.Tests.Select.TextLaws

open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Dsl
open Sss.Tests.Select.Cases
open Sss.Tests.Select.LawTests

/// The network that the text of a network says, or the messages.
let private reparsed (network: Network) =
    let text = Language.print network

    match Language.parse text with
    | Ok parsed -> parsed.Network
    | Error diagnostics ->
        let drawn = diagnostics |> List.map (Language.render "selected.sss" text)
        failwith (String.concat "\n" drawn + "\n" + text)

/// The generator also draws what the language forbids (factors that could never shrink anything);
/// such networks have no text that parses.
let private isLegal (network: Network) =
    Language.parse (Language.print network) |> Result.isOk

[<Fact>]
let ``a selected network is legal, and its text says the same network`` () =
    let mutable asked = 0

    holds
        1_500
        20261124UL
        (fun case ->
            let t = trial case

            match Selection.select case.Options t.Network t.Weights with
            | Ok small when isLegal t.Network ->
                asked <- asked + 1

                (reparsed small.Network = small.Network)
                |> Prop.label (Language.print small.Network)
            | _ -> true |> Prop.label "forbidden, or a layer died"
        )

    Assert.True(asked >= 500, $"only {asked} of the drawn networks were legal")
