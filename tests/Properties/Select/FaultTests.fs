module Sss.Tests.Select.FaultTests

open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Cases

/// A network that cannot even be run counts as different.
let private run network weights image =
    try
        Interpreter.run network weights image
    with _ -> [||]

let private fails fault (t: Trial) weights =
    Verify.checkWith (Faults.select fault) run 1e-10 t.Network weights t.Images
    |> Verify.isFailure

[<Fact>]
let ``the law of selection finds every seeded fault`` () =
    for fault in Faults.all @ Faults.ofShared do
        let cases =
            if List.contains fault Faults.ofShared then
                sharedCases
            else
                cases

        let config =
            Config.Quick
                .WithMaxTest(2000)
                .WithEndSize(2000)
                .WithQuietOnSuccess(true)
                .WithReplay(Some { Rnd = Rnd(77UL, 1UL); Size = None })

        let mutable isFound = false

        let runner = {
            new IRunner with
                member _.OnStartFixture _ = ()
                member _.OnArguments(_, _, _) = ()
                member _.OnShrink(_, _) = ()
                member _.OnFinished(_, result) = isFound <- result.IsFailed
        }

        // Found is enough: what shrinking makes of a fault is the next test's.
        Check.One(
            config.WithRunner runner,
            Prop.forAll
                (Arb.fromGen cases.Generator)
                (fun case ->
                    let t = trial case
                    not (fails fault t t.Weights)
                )
        )

        Assert.True(isFound, $"{fault} was not found")

/// Networks on which each fault shows with a single zero.
let internal examples =
    let plain = Drafts.plain

    let conv out factor =
        Drafts.Conv(out, plain, 1, true, factor)

    let sketch body : Drafts.Sketch = {
        Input = Shape.create 2 4 4
        Body = body
        Classes = 3
        Pooled = false
        Shared = 0
    }

    let padded: Drafts.Window = {
        plain with
            K = Size.square 3
            P = Padding.square 1
    }

    [
        Faults.ConcatOffByOne, sketch [ Drafts.Cat [ [ conv 4 true ]; [ conv 4 true ] ] ]
        Faults.DepthwiseTakenForGrouped,
        sketch [ conv 4 true; Drafts.Depthwise(plain, false, false) ]
        Faults.ProjectionDroppedWithBlock,
        sketch [ Drafts.Sum([ conv 5 false ], [ conv 5 false ], true) ]
        Faults.PaddingForgotten,
        sketch [
            conv 4 true
            Drafts.Depthwise(plain, true, false)
            Drafts.Conv(3, padded, 1, true, false)
        ]
        Faults.ShiftForgotten,
        sketch [
            Drafts.Conv(4, plain, 1, false, true)
            Drafts.Depthwise(plain, false, false)
            Drafts.Norm false
        ]
        Faults.GateForgotten,
        sketch [ conv 4 true; Drafts.Gated([ Drafts.Conv(3, plain, 1, true, false) ], true) ]
        Faults.WrongPart, sketch [ conv 6 true; Drafts.Parted [ 1, []; 1, [ conv 3 false ] ] ]
        Faults.ShuffledAnew,
        sketch [ conv 6 false; Drafts.Conv(9, plain, 3, true, true); Drafts.Shuffled 3 ]
        Faults.WrongHead, sketch [ conv 4 false; Drafts.Attend(3, true) ]
    ]

[<Fact>]
let ``a pattern that shows a fault is made as small as it gets`` () =
    for fault, sketch in examples do
        let net = Sketches.network sketch
        let struct (weights, rng) = VerifyNumbers.weights net (Rng.create 5)
        let struct (first, rng) = VerifyNumbers.image net rng
        let struct (second, rng) = VerifyNumbers.image net rng

        let t = {
            Network = net
            Weights = weights
            Images = [ first; second ]
        }

        let shows zeros =
            fails fault t (VerifyNumbers.withZeros zeros weights)

        let shown =
            Seq.unfold
                (fun rng ->
                    let struct (zeros, rng) = VerifyNumbers.zeros net rng
                    Some(zeros, rng)
                )
                rng
            |> Seq.truncate 200
            |> Seq.tryFind shows

        match shown with
        | None -> Assert.Fail $"{fault} was not found"
        | Some zeros ->
            let small = Verify.shrink shows zeros
            Assert.True(shows small, $"{fault}: the smaller pattern shows it too")
            Assert.True(small.Count = 1, $"{fault}: %A{small}")

[<Fact>]
let ``shrinking finds the one culprit among many, and keeps pairs together`` () =
    Check.One(
        Config.QuickThrowOnFailure.WithQuietOnSuccess(true),
        Prop.forAll
            (ArbMap.defaults |> ArbMap.arbitrary<Set<int>>)
            (fun others ->
                let both = Set.ofList [ 3; 8 ]
                let start = Set.union both others
                Verify.shrink (Set.isSubset both) start = both
            )
    )
