namespace Sss.Tests.Prox

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core

[<Properties(Arbitrary = [| typeof<Cases> |], MaxTest = 1000)>]
module TraitLaws =

    open Laws

    let private domain penalty (case: Case) =
        fst (Penalty.prox penalty case.Step case.X), fst (Penalty.prox penalty case.Step case.Y)

    [<Property>]
    let ``convex implies Jensen's inequality`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let inX, inY = domain penalty case

        let jensen x y =
            let mid = Array.map2 (fun a b -> 0.25 * a + 0.75 * b) x y

            notAbove
                (Penalty.value penalty mid)
                (0.25 * Penalty.value penalty x + 0.75 * Penalty.value penalty y)

        not penalty.Traits.Convex || jensen case.X case.Y && jensen inX inY

    [<Property>]
    let ``only convex penalties have a conjugate`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec

        match Sss.Core.Conjugate.create penalty with
        | Ok conjugate -> penalty.Traits.Convex && conjugate.Traits.Convex
        | Error error ->
            not penalty.Traits.Convex
            && error = PenaltyError.NotConvex("conjugate", penalty.Name)

    [<Property>]
    let ``homogeneous implies f(tx) = t f(x)`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let inX, _ = domain penalty case

        let scales (x: float[]) =
            near
                (Penalty.value penalty (Array.map (fun v -> case.Step * v) x))
                (case.Step * Penalty.value penalty x)

        not penalty.Traits.Homogeneous || scales case.X && scales inX

    [<Property>]
    let ``a set has the values 0 and infinity and a prox that ignores the step`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let point, value = Penalty.prox penalty case.Step case.X
        let other, _ = Penalty.prox penalty (3.0 * case.Step) case.X
        let at = Penalty.value penalty case.X

        not penalty.Traits.Set
        || (at = 0.0 || at = infinity) && value = 0.0 && nearAll point other

    [<Property>]
    let ``projecting twice is projecting once`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let point, _ = Penalty.prox penalty case.Step case.X
        let again, _ = Penalty.prox penalty case.Step point

        not penalty.Traits.Set
        || nearAll point again && Penalty.value penalty point = 0.0

    [<Property>]
    let ``separable implies that coordinates do not see each other`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let p, _ = Penalty.prox penalty case.Step case.X
        let q, _ = Penalty.prox penalty case.Step case.Y

        let alone i =
            let mixed = Array.updateAt i case.X[i] case.Y
            let crossed = Array.updateAt i case.Y[i] case.X
            let m, _ = Penalty.prox penalty case.Step mixed

            m = Array.updateAt i p[i] q
            && near
                (Penalty.value penalty mixed + Penalty.value penalty crossed)
                (Penalty.value penalty case.X + Penalty.value penalty case.Y)

        not penalty.Traits.Separable || Seq.forall alone [ 0 .. p.Length - 1 ]

    [<Property>]
    let ``conjugation exchanges homogeneous and set, and undoes itself`` (Convex case) =
        let penalty = Spec.build case.X.Length case.Spec

        match Sss.Core.Conjugate.create penalty with
        | Error _ -> false
        | Ok dual ->
            match Sss.Core.Conjugate.create dual with
            | Error _ -> false
            | Ok back ->
                let point, _ = Penalty.prox penalty case.Step case.X
                let same, _ = Penalty.prox back case.Step case.X

                dual.Traits.Set = penalty.Traits.Homogeneous
                && dual.Traits.Homogeneous = penalty.Traits.Set
                && back.Traits = penalty.Traits
                && nearAll point same

    let private letters (t: Traits) =
        String.concat "" [
            if t.Convex then
                "c"
            if t.Separable then
                "s"
            if t.Homogeneous then
                "h"
            if t.Set then
                "i"
        ]

    /// c convex, s separable, h homogeneous, i indicator of a set.
    let traits: TheoryData<Spec, string> =
        let data = TheoryData<Spec, string>()

        for spec, expected in
            [
                L1 1.0, "csh"
                WeightedL1 [ 1.0; 2.0 ], "csh"
                NonNegativeL1 1.0, "csh"
                WeightedNonNegativeL1 [ 1.0; 2.0 ], "csh"
                NonNegativeL1Above [ 0.0, 1.0 ], "csh"
                NonNegativeL1Above [ 1.0, 1.0; 0.0, 0.0 ], "cs"
                GroupL2 [ 1.0 ], "ch"
                SparseGroupLasso(1.0, [ 1.0 ]), "ch"
                ElasticNet(1.0, 1.0), "cs"
                ElasticNet(1.0, 0.0), "csh"
                L0 1.0, "s"
                Mcp(1.0, 2.0), "s"
                Scad(1.0, 3.7), "s"
                LogSum(1.0, 0.5), "s"
                Box(-1.0, 2.0), "csi"
                Box(0.0, infinity), "cshi"
                BoxEach [ 0.0, 1.0 ], "csi"
                NonNegative, "cshi"
                L1Ball 1.0, "ci"
                L2Ball 1.0, "ci"
                LInfinityBall 1.0, "csi"
                Simplex 1.0, "ci"
                Scaled(2.0, L1 1.0), "csh"
                Weighted([ 1.0; 0.0 ], L1 1.0), "csh"
                Weighted([ 1.0; 2.0 ], Mcp(1.0, 2.0)), "s"
                Weighted([ 1.0; 0.0 ], NonNegative), "csh"
                Translated([ 1.0 ], L1 1.0), "cs"
                Translated([ 0.0 ], L1 1.0), "csh"
                Precomposed(-2.0, GroupL2 [ 1.0 ]), "ch"
                Sum(L1 1.0, NonNegativeL1 1.0), "csh"
                Sum(L1 1.0, L0 1.0), "s"
                Sum(Box(0.0, 1.0), Simplex 1.0), "ci"
                Conjugate(L1 1.0), "csi"
                Conjugate(L2Ball 1.0), "ch"
                Conjugate(ElasticNet(1.0, 1.0)), "cs"
                Envelope(1.0, L1 1.0), "cs"
                Envelope(1.0, NonNegative), "cs"
                Envelope(1.0, L0 1.0), "s"
            ] do
            data.Add(spec, expected)

        data

    [<Theory>]
    [<MemberData(nameof traits)>]
    let ``traits are what the calculus derives`` (spec: Spec) (expected: string) =
        Assert.Equal(expected, letters (Spec.build 4 spec).Traits)
