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

[<Fact>]
let ``a selected network is legal, and its text says the same network`` () =
    holds
        1_000
        20261124UL
        (fun case ->
            let t = trial case

            match Selection.select case.Options t.Network t.Weights with
            | Error _ -> true |> Prop.label "a layer died"
            | Ok small ->
                (reparsed small.Network = small.Network)
                |> Prop.label (Language.print small.Network)
        )
