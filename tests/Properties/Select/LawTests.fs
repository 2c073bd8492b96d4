module Sss.Tests.Select.LawTests

open System.Collections.Generic
open Xunit
open FsCheck
open FsCheck.FSharp
open Sss
open Sss.Tests.Select.Cases

/// Runs a law over many cases from a shown seed; FsCheck shrinks what fails.
let private holds count seed (law: Case -> Property) =
    let config =
        Config.QuickThrowOnFailure
            .WithMaxTest(count)
            .WithEndSize(count)
            .WithReplay(Some { Rnd = Rnd(seed, 1UL); Size = None })

    Check.One(config, Prop.forAll cases law)

[<Fact>]
let ``selection changes nothing`` () =
    let fired = Dictionary<string, int>()

    holds
        2_000
        20261123UL
        (fun case ->
            let t = trial case

            let outcome =
                Verify.check Interpreter.run case.Options 1e-10 t.Network t.Weights t.Images

            let word =
                match outcome with
                | TrialOutcome.Same _ -> "same"
                | TrialOutcome.Died _ -> "died"
                | _ -> "bad"

            fired[word] <- (if fired.ContainsKey word then fired[word] else 0) + 1
            not (Verify.isFailure outcome) |> Prop.label $"%A{outcome}"
        )

    for KeyValue(word, n) in fired do
        printfn "%s %d" word n
