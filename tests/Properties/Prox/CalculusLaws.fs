namespace Sss.Tests.Prox

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core

/// Oracles by other means: bisection instead of sorting, formulas of the dual written down by hand.
module Oracle =

    /// max(x − τ, 0) with Σ = r, τ by bisection.
    let simplex radius (x: float[]) =
        let above tau =
            Array.sumBy (fun v -> max (v - tau) 0.0) x

        let rec search low high k =
            let mid = 0.5 * (low + high)

            if k = 0 then mid
            elif above mid > radius then search mid high (k - 1)
            else search low mid (k - 1)

        let tau = search (Array.min x - radius) (Array.max x) 200
        Array.map (fun v -> max (v - tau) 0.0) x

    /// The ℓ1 ball through the simplex of magnitudes.
    let l1Ball radius (x: float[]) =
        if Array.sumBy abs x <= radius then
            x
        elif radius = 0.0 then
            Array.map (fun _ -> 0.0) x
        else
            Array.map2 (fun v m -> if v < 0.0 then -m else m) x (simplex radius (Array.map abs x))

    /// Penalties with a conjugate that is built from other parts of the library.
    let dualPairs w r n = [
        Spec.build n (L1 w), Spec.build n (LInfinityBall w)
        Spec.build n (WeightedL1 [ w; r ]), Spec.build n (BoxEach [ -w, w; -r, r ])
        Spec.build n (NonNegativeL1 w), Spec.build n (Box(-infinity, w))
        Spec.build n (WeightedNonNegativeL1 [ w; r ]),
        Spec.build n (BoxEach [ -infinity, w; -infinity, r ])
        Spec.build n NonNegative, Spec.build n (Box(-infinity, 0.0))
        Spec.build n (Box(-w, r)),
        Spec.build
            n
            (Translated(
                [ 0.0 ],
                Conjugate(Translated([ 0.5 * (r - w) ], LInfinityBall(0.5 * (r + w))))
            ))
        // The elastic net's conjugate is the squared distance to a box: an envelope.
        Spec.build n (ElasticNet(w, r)), Spec.build n (Envelope(r, Box(-w, w)))
    ]

/// Weights, radii and a point for the laws below.
type Numbers = {
    W: float
    R: float
    Point: float[]
    Eta: float
}

type NumbersArb =
    static member Numbers() : Arbitrary<Numbers> =
        let gen =
            gen {
                let! w = Gen.choose (0, 24)
                let! r = Gen.choose (1, 24)
                let! n = Gen.choose (1, 19)
                let! x = Gen.vectorOf n
                let! eta = Gen.step

                return {
                    W = float w / 8.0
                    R = float r / 8.0
                    Point = x
                    Eta = eta
                }
            }

        Arb.fromGenShrink (
            gen,
            fun c -> Gen.shrinkVector c.Point |> Seq.map (fun x -> { c with Point = x })
        )

[<Properties(Arbitrary = [| typeof<Cases>; typeof<NumbersArb> |], MaxTest = 1000)>]
module CalculusLaws =

    open Laws

    let private prox penalty step x = fst (Penalty.prox penalty step x)

    [<Property>]
    let ``Moreau's identity holds with conjugates written by hand`` (c: Numbers) =
        Oracle.dualPairs c.W c.R c.Point.Length
        |> List.forall (fun (f, dual) ->
            let inner = Array.map (fun v -> v / c.Eta) c.Point
            let conjugatePart = prox dual (1.0 / c.Eta) inner

            let sum = Array.map2 (fun p q -> p + c.Eta * q) (prox f c.Eta c.Point) conjugatePart

            nearAll sum c.Point
        )

    [<Property>]
    let ``Moreau's identity ties the group norm to the Euclidean ball`` (c: Numbers) =
        let n = c.Point.Length

        let group = {
            Weight = c.W
            Coordinates = [| 0 .. n - 1 |]
        }

        match Sss.Core.GroupL2.create n [ group ], Sss.Core.L2Ball.create c.W with
        | Ok norm, Ok ball ->
            let inner = Array.map (fun v -> v / c.Eta) c.Point

            nearAll
                c.Point
                (Array.map2
                    (fun p q -> p + c.Eta * q)
                    (prox norm c.Eta c.Point)
                    (prox ball 1.0 inner))
        | _ -> false

    [<Property>]
    let ``projections by sorting are those by bisection`` (c: Numbers) =
        let n = c.Point.Length

        nearAll (prox (Spec.build n (Simplex c.R)) 1.0 c.Point) (Oracle.simplex c.R c.Point)
        && nearAll (prox (Spec.build n (L1Ball c.W)) 1.0 c.Point) (Oracle.l1Ball c.W c.Point)

    [<Property>]
    let ``element-wise kernels are the scalar formulas at any length`` (c: Numbers) =
        let n = c.Point.Length
        let weights = Array.init n (fun i -> if i % 2 = 0 then c.W else c.R)

        let soft a x =
            if x > a then x - a
            elif x < -a then x + a
            else 0.0

        let each f = Array.mapi f c.Point

        prox (Spec.build n (L1 c.W)) c.Eta c.Point = each (fun _ x -> soft (c.Eta * c.W) x)
        && prox (Spec.build n (WeightedL1 [ c.W; c.R ])) c.Eta c.Point =
            each (fun i x -> soft (c.Eta * weights[i]) x)
        && prox (Spec.build n (NonNegativeL1 c.W)) c.Eta c.Point =
            each (fun _ x -> max (x - c.Eta * c.W) 0.0)
        && prox (Spec.build n (WeightedNonNegativeL1 [ c.W; c.R ])) c.Eta c.Point =
            each (fun i x -> max (x - c.Eta * weights[i]) 0.0)
        && prox (Spec.build n (Box(-c.W, c.R))) c.Eta c.Point =
            each (fun _ x -> min (max x -c.W) c.R)

    [<Property>]
    let ``scaling a penalty is scaling the step`` (case: Case) =
        let n = case.X.Length

        nearAll
            (prox (Spec.build n (Scaled(2.5, case.Spec))) case.Step case.X)
            (prox (Spec.build n case.Spec) (2.5 * case.Step) case.X)

    [<Property>]
    let ``translating a penalty translates its prox`` (case: Case) =
        let n = case.X.Length
        let origin = Array.truncate n case.Y
        let moved = Spec.build n (Translated(List.ofArray origin, case.Spec))

        nearAll
            (prox moved case.Step case.X)
            (Array.map2
                (+)
                origin
                (prox (Spec.build n case.Spec) case.Step (subtract case.X origin)))

    [<Property>]
    let ``scaling the argument scales the prox and squares into the step`` (case: Case) =
        let n = case.X.Length
        let c = -1.5

        nearAll
            (prox (Spec.build n (Precomposed(c, case.Spec))) case.Step case.X)
            (prox (Spec.build n case.Spec) (c * c * case.Step) (Array.map (fun v -> c * v) case.X)
             |> Array.map (fun v -> v / c))

    [<Property>]
    let ``an envelope lies below its penalty and has its minimum`` (case: Case) =
        let n = case.X.Length
        let penalty = Spec.build n case.Spec
        let envelope = Spec.build n (Envelope(case.Step, case.Spec))
        let point, value = Penalty.prox penalty case.Step case.X

        notAbove (Penalty.value envelope case.X) (Penalty.value penalty case.X)
        && near (Penalty.value envelope case.X) (value + distance2 point case.X / (2.0 * case.Step))
