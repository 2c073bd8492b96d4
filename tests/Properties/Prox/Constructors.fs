namespace Sss.Tests.Prox

open Xunit
open Sss.Core

module Constructors =

    let private group weight coordinates = {
        Weight = weight
        Coordinates = coordinates
    }

    let private l0 = Sss.Core.L0.create 1.0 |> Result.defaultValue NonNegative.penalty

    /// Illegal parameters and the whole message of each refusal.
    let private refused: (string * Result<Penalty, PenaltyError>) list = [
        "l1: gamma must be 0 or more, not -1.", Sss.Core.L1.create -1.0
        "l1: gamma must be a finite number, not NaN.", Sss.Core.L1.create nan
        "l1: gamma must be a finite number, not Infinity.", Sss.Core.L1.create infinity
        "weightedL1: gammas[1] must be 0 or more, not -2.", Sss.Core.L1.weighted [| 1.0; -2.0 |]
        "nonNegativeL1: gamma must be 0 or more, not -0.5.", Sss.Core.NonNegativeL1.create -0.5
        "weightedNonNegativeL1: gammas[0] must be a finite number, not NaN.",
        Sss.Core.NonNegativeL1.weighted [| nan |]
        "nonNegativeL1Above: floors must have length 1, not 2.",
        Sss.Core.NonNegativeL1.above [| 0.0; 0.0 |] [| 1.0 |]
        "nonNegativeL1Above: floors[1] must be 0 or more, not -1.",
        Sss.Core.NonNegativeL1.above [| 0.0; -1.0 |] [| 1.0; 1.0 |]
        "nonNegativeL1Above: gammas[0] must be a finite number, not NaN.",
        Sss.Core.NonNegativeL1.above [| 0.0 |] [| nan |]
        "groupL2: groups must not be empty.", Sss.Core.GroupL2.create 2 []
        "groupL2: groups[0].Weight must be 0 or more, not -1.",
        Sss.Core.GroupL2.create 2 [ group -1.0 [| 0 |] ]
        "groupL2: groups[1].Coordinates must not be empty.",
        Sss.Core.GroupL2.create 2 [ group 1.0 [| 0 |]; group 1.0 [||] ]
        "groupL2: group 0 names coordinate 2 of a vector of length 2 (coordinates count from 0).",
        Sss.Core.GroupL2.create 2 [ group 1.0 [| 2 |] ]
        "groupL2: coordinate 1 is in more than one group.",
        Sss.Core.GroupL2.create 2 [ group 1.0 [| 0; 1 |]; group 1.0 [| 1 |] ]
        "sparseGroupLasso: gamma must be 0 or more, not -1.",
        Sss.Core.SparseGroupLasso.create -1.0 2 [ group 1.0 [| 0 |] ]
        "elasticNet: l1 must be 0 or more, not -1.", Sss.Core.ElasticNet.create -1.0 1.0
        "elasticNet: l2 must be 0 or more, not -1.", Sss.Core.ElasticNet.create 1.0 -1.0
        "l0: gamma must be 0 or more, not -1.", Sss.Core.L0.create -1.0
        "mcp: gamma must be 0 or more, not -1.", Sss.Core.Mcp.create -1.0 2.0
        "mcp: theta must be more than 0, not 0.", Sss.Core.Mcp.create 1.0 0.0
        "scad: gamma must be 0 or more, not -1.", Sss.Core.Scad.create -1.0 3.7
        "scad: a must be more than 2, not 2.", Sss.Core.Scad.create 1.0 2.0
        "logSum: gamma must be 0 or more, not -1.", Sss.Core.LogSum.create -1.0 1.0
        "logSum: epsilon must be more than 0, not 0.", Sss.Core.LogSum.create 1.0 0.0
        "box: the lower bound 2 exceeds the upper bound 1 at index 0.", Sss.Core.Box.create 2.0 1.0
        "box: lower[0] must be a finite number, not NaN.", Sss.Core.Box.create nan 1.0
        "box: upper[0] must be a finite number, not -Infinity.",
        Sss.Core.Box.create -infinity -infinity
        "box: upper must have length 2, not 1.", Sss.Core.Box.each [| 0.0; 0.0 |] [| 1.0 |]
        "box: the lower bound 3 exceeds the upper bound 1 at index 1.",
        Sss.Core.Box.each [| 0.0; 3.0 |] [| 1.0; 1.0 |]
        "l1Ball: radius must be 0 or more, not -1.", Sss.Core.L1Ball.create -1.0
        "l2Ball: radius must be 0 or more, not -1.", Sss.Core.L2Ball.create -1.0
        "lInfinityBall: radius must be 0 or more, not -1.", Sss.Core.LInfinityBall.create -1.0
        "simplex: radius must be more than 0, not 0.", Sss.Core.Simplex.create 0.0
        "scaled: factor must be more than 0, not 0.", Sss.Core.Scaled.create 0.0 l0
        "weighted: gammas[1] must be 0 or more, not -1.",
        Sss.Core.Weighted.create [| 0.0; -1.0 |] l0
        "weighted: weightedL1(1 weights) takes only vectors of length 1.",
        Sss.Core.L1.weighted [| 1.0 |]
        |> Result.bind (Sss.Core.Weighted.create [| 1.0 |])
        "weighted: l2Ball(1) is not separable.",
        Sss.Core.L2Ball.create 1.0 |> Result.bind (Sss.Core.Weighted.create [| 1.0 |])
        "translated: origin[0] must be a finite number, not Infinity.",
        Sss.Core.Translated.create [| infinity |] l0
        "translated: origin must have length 2, not 1.",
        Sss.Core.L1.weighted [| 1.0; 1.0 |]
        |> Result.bind (Sss.Core.Translated.create [| 0.0 |])
        "precomposed: factor must not be 0.", Sss.Core.Precomposed.create 0.0 l0
        "separableSum: parts must not be empty.", Sss.Core.SeparableSum.create []
        "separableSum: parts[0].length must be more than 0, not 0.",
        Sss.Core.SeparableSum.create [ l0, 0 ]
        "separableSum: parts[0].length must have length 2, not 3.",
        Sss.Core.L1.weighted [| 1.0; 1.0 |]
        |> Result.bind (fun w -> Sss.Core.SeparableSum.create [ w, 3 ])
        "conjugate: l0(1) is not convex.", Sss.Core.Conjugate.create l0
        "moreauEnvelope: smoothing must be more than 0, not -1.",
        Sss.Core.MoreauEnvelope.create -1.0 l0
    ]

    [<Fact>]
    let ``illegal parameters are refused by name`` () =
        let found =
            refused
            |> List.map (fun (_, result) ->
                match result with
                | Ok penalty -> $"{penalty.Name} was accepted"
                | Error error -> PenaltyError.message error
            )

        Assert.Equal<string list>(List.map fst refused, found)

    [<Fact>]
    let ``a vector of a wrong length and a step of 0 are mistakes of the caller`` () =
        let weighted =
            Sss.Core.L1.weighted [| 1.0; 1.0 |] |> Result.defaultValue NonNegative.penalty

        let message action =
            Assert.Throws<System.ArgumentException>(action >> ignore).Message

        Assert.Equal(
            "weightedL1(2 weights) takes vectors of length 2, not 3. (Parameter 'x')",
            message (fun () -> Penalty.value weighted [| 1.0; 2.0; 3.0 |])
        )

        Assert.Equal(
            "The step size must be finite and more than 0, not 0. (Parameter 'step')",
            message (fun () -> Penalty.prox weighted 0.0 [| 1.0; 2.0 |])
        )

        Assert.Equal(
            "The destination has length 1, the point 2. (Parameter 'destination')",
            message (fun () -> Penalty.proxInto weighted 1.0 [| 1.0; 2.0 |] [| 1.0 |])
        )

    [<Fact>]
    let ``degenerate points have a prox without NaN`` () =
        let groups = [ group 0.0 [| 0; 1 |] ]

        for penalty in
            [
                Sss.Core.GroupL2.create 2 groups
                Sss.Core.SparseGroupLasso.create 0.0 2 groups
                Sss.Core.L2Ball.create 0.0
                Sss.Core.L1Ball.create 0.0
                Sss.Core.Mcp.create 0.0 1.0
                Sss.Core.Scad.create 0.0 3.0
                Sss.Core.LogSum.create 0.0 1.0
            ] do
            match penalty with
            | Error error -> Assert.Fail(PenaltyError.message error)
            | Ok penalty ->
                let point, value = Penalty.prox penalty 1.0 [| 0.0; 0.0 |]
                Assert.Equal<float[]>([| 0.0; 0.0 |], point)
                Assert.Equal(0.0, value)

    [<Fact>]
    let ``separable norms and boxes write into a buffer without allocating`` () =
        let x = Array.init 1000 (fun i -> float (i % 17) - 8.0)
        let weights = Array.init 1000 (fun i -> float (i % 3))
        let buffer = Array.zeroCreate 1000

        for penalty in
            [
                Sss.Core.L1.create 0.5
                Sss.Core.L1.weighted weights
                Sss.Core.NonNegativeL1.create 0.5
                Sss.Core.NonNegativeL1.weighted weights
                Sss.Core.Box.create -1.0 1.0
                Sss.Core.Box.each (Array.map (fun w -> -w) weights) weights
            ] do
            match penalty with
            | Error error -> Assert.Fail(PenaltyError.message error)
            | Ok penalty ->
                let run () =
                    Penalty.proxInto penalty 0.5 x buffer |> ignore

                // The first call may allocate while it is compiled.
                run ()
                let before = System.GC.GetAllocatedBytesForCurrentThread()

                for _ in 1..10 do
                    run ()

                let allocated = System.GC.GetAllocatedBytesForCurrentThread() - before
                Assert.Equal(0L, allocated)
