/// Laws of factors that layers share.
module Sss.Tests.Select.SharedLaws

open Xunit
open Xunit.Abstractions
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Core.Select
open Sss.Dsl
open Sss.Tests.Select.Cases
open Sss.Tests.Select.LawTests

/// Factors that are shared in a network: who declares them.
let private sharedOwners (network: Network) =
    Network.scales network
    |> Seq.filter (fun (_, scale) -> scale.Kind = Shared)
    |> Seq.map fst
    |> List.ofSeq

let private isZero (weights: Weights<float>) owner index =
    weights[ArrayKey.make ArrayPart.Factor owner].Data[index] = 0.0

/// What happened to shared factors in a selection.
let private fired (t: Trial) (small: Selected<float>) = [
    for s in small.Plan.Goes do
        if s.Kind = Shared then
            if isZero t.Weights s.Owner s.Index then
                "goes: dead"
            else
                "goes: unused"

    for s, _ in small.Plan.Stays do
        if s.Kind = Shared then
            "stays with a factor of 0"

    for owner in sharedOwners t.Network do
        let after = Network.scales small.Network |> Map.ofSeq

        match Map.tryFind owner after with
        | Some { Kind = Neuron } -> "kept: a neuron's"
        | Some _ -> "kept: shared"
        | None ->
            let renamed =
                Network.carriers t.Network
                |> Map.find owner
                |> List.exists (fun l -> l.Name <> owner && after.ContainsKey l.Name)

            if renamed then "kept: declared elsewhere" else "folded"
]

type Laws(output: ITestOutputHelper) =

    [<Fact>]
    member _.``selection changes nothing, in random networks with shared factors``() =
        let counts =
            changesNothing
                sharedCases
                (if Sss.Tests.Repository.isLong then 10_000 else 3_000)
                20261129UL
                (fun t small -> fired t small |> List.distinct)

        for KeyValue(rule, n) in counts |> Seq.sortBy _.Key do
            output.WriteLine $"%6d{n}  {rule}"

        for rule in
            [
                "goes: dead"
                "goes: unused"
                "kept: shared"
                "kept: a neuron's"
                "kept: declared elsewhere"
                "folded"
            ] do
            Assert.True(counts.ContainsKey rule && counts[rule] >= 6, rule)

/// One factor of 0 takes its channel from every layer that shares it, and nothing else stays of it.
[<Fact>]
let ``a shared factor of 0 removes its channel from all layers that share it`` () =
    let mutable asked = 0

    holdsFor
        sharedCases
        500
        3UL
        (fun case ->
            let t = trial { case with Zeros = [] }

            match sharedOwners t.Network with
            | [] -> true |> Prop.label "none"
            | owners ->
                let owner = owners[case.Seed % owners.Length]
                let members = (Network.carriers t.Network)[owner]
                let width = members.Head.Output.Channels
                let index = case.Seed % width

                let zeros =
                    Set.singleton {
                        Owner = owner
                        Kind = Shared
                        Index = index
                    }

                let weights = VerifyNumbers.withZeros zeros t.Weights

                match Selection.select Selection.defaults t.Network weights with
                | Error _ -> (width = 1) |> Prop.label "a layer died"
                | Ok small ->
                    asked <- asked + 1
                    let after = Network.channels small.Network

                    members
                    |> List.forall (fun l -> after[l.Name] = width - 1)
                    |> Prop.label $"{owner} {index}: {after}"
        )

    Assert.True(asked > 400, $"{asked}")

[<Fact>]
let ``the predicted cost is that of the selection`` () =
    holdsFor
        sharedCases
        500
        5UL
        (fun case ->
            let t = trial case

            let selected =
                match Selection.select Selection.defaults t.Network t.Weights with
                | Ok small -> Some(Cost.ofNetwork small.Network)
                | Error _ -> None

            (Selection.wouldBeOf t.Network t.Weights = selected) |> Prop.ofTestable
        )

[<Fact>]
let ``a network with shared factors is its text, and so is what selection leaves`` () =
    let mutable kept = 0

    let reparsed network =
        match Language.parse (Language.print network) with
        | Ok parsed -> Some parsed.Network
        | Error _ -> None

    holdsFor
        sharedCases
        1_000
        6UL
        (fun case ->
            let t = trial case
            let options = { case.Options with KeepFactors = true }

            // The generator also draws neuron factors that the language forbids.
            match reparsed t.Network, Selection.select options t.Network t.Weights with
            | Some network, Ok small ->
                if not (sharedOwners small.Network).IsEmpty then
                    kept <- kept + 1

                ((network = t.Network) |> Prop.label (Language.print t.Network))
                .&. ((reparsed small.Network = Some small.Network)
                     |> Prop.label (Language.print small.Network))
                .&. ((Selection.misfit small.Network small.Weights).IsNone
                     |> Prop.label "an array is missing")
            | _ -> true |> Prop.label "forbidden, or a layer died"
        )

    Assert.True(kept > 250, $"{kept}")

[<Fact>]
let ``a cut network is its text`` () =
    holdsFor
        sharedCases
        500
        7UL
        (fun case ->
            let t = trial case

            match
                Language.parse (Language.print t.Network),
                Cutting.cut 1 (isZero t.Weights) t.Network t.Weights
            with
            | Ok _, Ok cut ->
                match Language.parse (Language.print cut.Network) with
                | Ok parsed -> (parsed.Network = cut.Network) |> Prop.ofTestable
                | Error e -> false |> Prop.label $"%A{e}\n{Language.print cut.Network}"
            | _ -> true |> Prop.label "forbidden, or a layer died"
        )
