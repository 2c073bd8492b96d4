module Sss.Tests.Select.LawTests

open System.Collections.Generic
open Xunit
open Xunit.Abstractions
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Cases

/// Runs a law over many of these cases from a shown seed; FsCheck shrinks what fails.
let holdsFor (cases: Arbitrary<Case>) count seed (law: Case -> Property) =
    let config =
        Config.QuickThrowOnFailure
            .WithMaxTest(count)
            .WithEndSize(count)
            .WithQuietOnSuccess(true)
            .WithReplay(Some { Rnd = Rnd(seed, 1UL); Size = None })

    Check.One(config, Prop.forAll cases law)

/// The same over cases of any networks.
let holds count seed law = holdsFor cases count seed law

/// That selection changes nothing, in many of these cases: how often each of its rules was at work, by name.
let changesNothing
    (cases: Arbitrary<Case>)
    count
    seed
    (fired: Trial -> Selected<float> -> string list)
    =
    let counts = Dictionary<string, int>()

    let add rule =
        counts[rule] <- 1 + (if counts.ContainsKey rule then counts[rule] else 0)

    holdsFor
        cases
        count
        seed
        (fun case ->
            let t = trial case
            let selected = Selection.select case.Options t.Network t.Weights

            let outcome =
                Verify.checkWith
                    (fun _ _ -> selected)
                    Interpreter.run
                    1e-10
                    t.Network
                    t.Weights
                    t.Images

            match selected with
            | Ok small -> fired t small |> List.iter add
            | Error _ -> add "a layer died"

            not (Verify.isFailure outcome) |> Prop.label $"%A{outcome}"
        )

    counts

type Laws(output: ITestOutputHelper) =

    [<Fact>]
    member _.``selection changes nothing, in thousands of random networks``() =
        let networks = if Sss.Tests.Repository.isLong then 16_000 else 5_000
        let fired = changesNothing cases networks 20261123UL Rules.fired

        for KeyValue(rule, n) in fired |> Seq.sortBy _.Key do
            output.WriteLine $"%6d{n}  {rule}"

        let rare = [
            for KeyValue(rule, n) in fired do
                if n < networks / 160 then
                    rule, n
        ]

        Assert.Empty rare
