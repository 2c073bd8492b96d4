namespace Sss.Tests.Prox

open FsCheck
open FsCheck.FSharp
open Sss.Core

/// A penalty in symbols, so that cases print, shrink and are interpreted at any length. Lists of
/// weights, bounds and origins repeat along the vector; groups are pairs of neighbours, the last
/// one alone where the length is odd.
type Spec =
    | L1 of float
    | WeightedL1 of float list
    | NonNegativeL1 of float
    | WeightedNonNegativeL1 of float list
    /// Floors and weights.
    | NonNegativeL1Above of (float * float) list
    | GroupL2 of float list
    | SparseGroupLasso of float * float list
    | ElasticNet of float * float
    | L0 of float
    | Mcp of float * float
    | Scad of float * float
    | LogSum of float * float
    | Box of float * float
    | BoxEach of (float * float) list
    | NonNegative
    | L1Ball of float
    | L2Ball of float
    | LInfinityBall of float
    | Simplex of float
    | Scaled of float * Spec
    /// The inner penalty is separable and takes any length.
    | Weighted of float list * Spec
    | Translated of float list * Spec
    | Precomposed of float * Spec
    | Sum of Spec * Spec
    | Conjugate of Spec
    | Envelope of float * Spec

/// Interpretation and generators of symbolic penalties.
module Spec =

    let private get result =
        match result with
        | Ok penalty -> penalty
        | Error error -> invalidOp (PenaltyError.message error)

    let private cycle n (values: 'a list) =
        Array.init n (fun i -> values[i % values.Length])

    let private pairs n (weights: float list) = [
        for k in 0 .. (n - 1) / 2 do
            {
                Weight = weights[k % weights.Length]
                Coordinates = [| 2 * k .. min (2 * k + 1) (n - 1) |]
            }
    ]

    /// The penalty for vectors of length n ≥ 1. A sum splits off the first coordinate; at length 1
    /// it is its first part.
    let rec build n spec : Penalty =
        match spec with
        | L1 gamma -> Sss.Core.L1.create gamma |> get
        | WeightedL1 w -> Sss.Core.L1.weighted (cycle n w) |> get
        | NonNegativeL1 gamma -> Sss.Core.NonNegativeL1.create gamma |> get
        | WeightedNonNegativeL1 w -> Sss.Core.NonNegativeL1.weighted (cycle n w) |> get
        | NonNegativeL1Above each ->
            let each = cycle n each

            Sss.Core.NonNegativeL1.above (Array.map fst each) (Array.map snd each) |> get
        | GroupL2 w -> Sss.Core.GroupL2.create n (pairs n w) |> get
        | SparseGroupLasso(gamma, w) -> Sss.Core.SparseGroupLasso.create gamma n (pairs n w) |> get
        | ElasticNet(l1, l2) -> Sss.Core.ElasticNet.create l1 l2 |> get
        | L0 gamma -> Sss.Core.L0.create gamma |> get
        | Mcp(gamma, theta) -> Sss.Core.Mcp.create gamma theta |> get
        | Scad(gamma, a) -> Sss.Core.Scad.create gamma a |> get
        | LogSum(gamma, epsilon) -> Sss.Core.LogSum.create gamma epsilon |> get
        | Box(lower, upper) -> Sss.Core.Box.create lower upper |> get
        | BoxEach bounds ->
            let bounds = cycle n bounds
            Sss.Core.Box.each (Array.map fst bounds) (Array.map snd bounds) |> get
        | NonNegative -> Sss.Core.NonNegative.penalty
        | L1Ball radius -> Sss.Core.L1Ball.create radius |> get
        | L2Ball radius -> Sss.Core.L2Ball.create radius |> get
        | LInfinityBall radius -> Sss.Core.LInfinityBall.create radius |> get
        | Simplex radius -> Sss.Core.Simplex.create radius |> get
        | Scaled(c, inner) -> Sss.Core.Scaled.create c (build n inner) |> get
        | Weighted(w, inner) -> Sss.Core.Weighted.create (cycle n w) (build n inner) |> get
        | Translated(origin, inner) ->
            Sss.Core.Translated.create (cycle n origin) (build n inner) |> get
        | Precomposed(c, inner) -> Sss.Core.Precomposed.create c (build n inner) |> get
        | Sum(first, rest) when n > 1 ->
            Sss.Core.SeparableSum.create [ build 1 first, 1; build (n - 1) rest, n - 1 ]
            |> get
        | Sum(first, _) -> build n first
        | Conjugate inner -> Sss.Core.Conjugate.create (build n inner) |> get
        | Envelope(mu, inner) -> Sss.Core.MoreauEnvelope.create mu (build n inner) |> get

    let private eighths low high =
        Gen.choose (low, high) |> Gen.map (fun i -> float i / 8.0)

    let private weight = eighths 0 16
    let private positive = eighths 1 16
    let private weights = Gen.listOfLength 3 weight

    let private bounds =
        Gen.map2
            (fun a b -> min a b, max a b)
            (Gen.frequency [ 4, eighths -16 16; 1, Gen.constant -infinity ])
            (Gen.frequency [ 4, eighths -16 16; 1, Gen.constant infinity ])

    /// Weights of which neighbours are often the same.
    let private stretches =
        Gen.map2
            (fun a b -> [ a; a; b; a ])
            weight
            (Gen.frequency [ 2, weight; 1, Gen.constant 0.0 ])

    let private convexAtom =
        Gen.oneof [
            Gen.map L1 weight
            Gen.map WeightedL1 weights
            Gen.map NonNegativeL1 weight
            Gen.map WeightedNonNegativeL1 weights
            Gen.map NonNegativeL1Above (Gen.listOfLength 3 (Gen.zip weight weight))
            Gen.map2
                (fun w inner -> Weighted(w, inner))
                stretches
                (Gen.oneof [
                    Gen.map L1 weight
                    Gen.map NonNegativeL1 weight
                    Gen.map2 (fun a b -> ElasticNet(a, b)) weight weight
                    Gen.constant NonNegative
                ])
            Gen.map GroupL2 weights
            Gen.map2 (fun g w -> SparseGroupLasso(g, w)) weight weights
            Gen.map2 (fun a b -> ElasticNet(a, b)) weight weight
            Gen.map Box bounds
            Gen.map BoxEach (Gen.listOfLength 3 bounds)
            Gen.constant NonNegative
            Gen.map L1Ball weight
            Gen.map L2Ball weight
            Gen.map LInfinityBall weight
            Gen.map Simplex positive
        ]

    let private otherAtom =
        let plain =
            Gen.oneof [
                Gen.map L0 weight
                Gen.map2 (fun g t -> Mcp(g, t)) weight positive
                Gen.map2 (fun g a -> Scad(g, 2.0 + a)) weight positive
                Gen.map2 (fun g e -> LogSum(g, e)) weight positive
            ]

        Gen.frequency [ 3, plain; 1, Gen.map2 (fun w inner -> Weighted(w, inner)) stretches plain ]

    let private factor = Gen.elements [ -4.0; -1.0; -0.5; 0.25; 0.5; 1.0; 2.0; 3.0 ]

    let rec private grow atom convex depth =
        if depth = 0 then
            atom
        else
            let inner = grow atom convex (depth - 1)

            Gen.frequency [
                5, atom
                1, Gen.map2 (fun c s -> Scaled(c, s)) positive inner
                1,
                Gen.map2 (fun a s -> Translated(a, s)) (Gen.listOfLength 3 (eighths -16 16)) inner
                1, Gen.map2 (fun c s -> Precomposed(c, s)) factor inner
                1, Gen.map2 (fun a b -> Sum(a, b)) inner inner
                1, Gen.map2 (fun m s -> Envelope(m, s)) positive inner
                (if convex then 2 else 0), Gen.map Conjugate inner
            ]

    /// Convex penalties, calculus up to twice nested.
    let convex = grow convexAtom true 2

    /// All penalties.
    let any = Gen.frequency [ 2, convex; 1, grow otherAtom false 2 ]

    /// Simpler penalties: the parts of a calculus rule.
    let shrink spec =
        match spec with
        | Scaled(_, s)
        | Weighted(_, s)
        | Translated(_, s)
        | Precomposed(_, s)
        | Conjugate s
        | Envelope(_, s) -> Seq.singleton s
        | Sum(a, b) -> seq [ a; b ]
        | _ -> Seq.empty

/// A penalty, two points of one length and a step size.
type Case = {
    Spec: Spec
    X: float[]
    Y: float[]
    Step: float
}

/// The same with a convex penalty.
type ConvexCase = Convex of Case

/// Draws cases.
type Cases =

    static member private Draw spec =
        gen {
            let! spec = spec
            let! n = Gen.choose (1, 7)
            let! x = Gen.vectorOf n
            let! y = Gen.vectorOf n
            let! step = Gen.step

            return {
                Spec = spec
                X = x
                Y = y
                Step = step
            }
        }

    static member private Shrink case =
        seq {
            for s in Spec.shrink case.Spec do
                { case with Spec = s }

            if case.X.Length > 1 then
                {
                    case with
                        X = case.X[1..]
                        Y = case.Y[1..]
                }

            for x in Gen.shrinkVector case.X do
                if x.Length = case.X.Length then
                    { case with X = x }

            if case.Step <> 1.0 then
                { case with Step = 1.0 }
        }

    static member Case() : Arbitrary<Case> =
        Arb.fromGenShrink (Cases.Draw Spec.any, Cases.Shrink)

    static member ConvexCase() : Arbitrary<ConvexCase> =
        Arb.fromGenShrink (
            Cases.Draw Spec.convex |> Gen.map Convex,
            fun (Convex case) -> Cases.Shrink case |> Seq.map Convex
        )
