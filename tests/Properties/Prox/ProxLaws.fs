namespace Sss.Tests.Prox

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core

/// Vector arithmetic and comparisons that the laws are written with.
module Laws =

    let dot (x: float[]) (y: float[]) =
        Array.fold2 (fun s a b -> s + a * b) 0.0 x y

    let subtract (x: float[]) (y: float[]) = Array.map2 (-) x y
    let distance2 x y = let d = subtract x y in dot d d

    /// Equal up to rounding of values of their size, infinities exactly.
    let near (a: float) (b: float) =
        a = b || abs (a - b) <= 1e-8 * (1.0 + abs a + abs b)

    /// a ≤ b up to rounding.
    let notAbove (a: float) (b: float) = a <= b || near a b

    let nearAll x y = Array.forall2 near x y

    /// What the prox minimises: f(u) + ‖u − x‖²/(2η).
    let objective penalty step x u =
        Penalty.value penalty u + distance2 u x / (2.0 * step)

    /// Points to beat: a grid along each axis through p, refined; p scaled; a path to other points
    /// of the domain.
    let rivals penalty step (x: float[]) (y: float[]) (p: float[]) =
        seq {
            x
            y
            let other, _ = Penalty.prox penalty (2.0 * step) y
            other

            for t in [ 0.01; 0.5 ] do
                Array.map2 (fun a b -> a + t * (b - a)) p other

            for scale in [ 0.0; 0.5; 0.99; 1.01; 2.0 ] do
                Array.map (fun v -> scale * v) p

            for i in 0 .. p.Length - 1 do
                for k in -40 .. 40 do
                    Array.updateAt i (float k / 8.0) p

                for scale in [ 1e-1; 1e-2; 1e-3 ] do
                    Array.updateAt i (p[i] + scale) p
                    Array.updateAt i (p[i] - scale) p
        }

[<Properties(Arbitrary = [| typeof<Cases> |], MaxTest = 1000)>]
module ProxLaws =

    open Laws

    [<Property>]
    let ``the value that comes with the point is the penalty there`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let point, value = Penalty.prox penalty case.Step case.X
        near value (Penalty.value penalty point)

    [<Property>]
    let ``no point that a numeric search finds beats the prox`` (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let point, _ = Penalty.prox penalty case.Step case.X
        let best = objective penalty case.Step case.X point

        rivals penalty case.Step case.X case.Y point
        |> Seq.forall (fun u -> notAbove best (objective penalty case.Step case.X u))

    /// The objective of a convex penalty is (1/η)-strongly convex, so it grows at least so fast
    /// away from its minimiser.
    [<Property>]
    let ``away from the prox of a convex penalty the objective grows quadratically`` (Convex case) =
        let penalty = Spec.build case.X.Length case.Spec
        let point, _ = Penalty.prox penalty case.Step case.X
        let best = objective penalty case.Step case.X point

        rivals penalty case.Step case.X case.Y point
        |> Seq.forall (fun u ->
            notAbove
                (best + distance2 u point / (2.0 * case.Step))
                (objective penalty case.Step case.X u)
        )

    /// (x − p)/η ∈ ∂f(p), as equality in Fenchel's inequality: f(p) + f*(s) = ⟨p, s⟩.
    [<Property>]
    let ``the residual is a subgradient at the prox`` (Convex case) =
        let penalty = Spec.build case.X.Length case.Spec

        match Sss.Core.Conjugate.create penalty with
        | Error _ -> false
        | Ok conjugate ->
            let point, value = Penalty.prox penalty case.Step case.X
            let slope = Array.map2 (fun x p -> (x - p) / case.Step) case.X point
            near (value + Penalty.value conjugate slope) (dot point slope)

    [<Property>]
    let ``Fenchel's inequality holds at any two points`` (Convex case) =
        let penalty = Spec.build case.X.Length case.Spec

        match Sss.Core.Conjugate.create penalty with
        | Error _ -> false
        | Ok conjugate ->
            let inDomain, _ = Penalty.prox penalty case.Step case.X
            let inDual, _ = Penalty.prox conjugate case.Step case.Y

            notAbove
                (dot inDomain inDual)
                (Penalty.value penalty inDomain + Penalty.value conjugate inDual)
            && notAbove
                (dot case.X case.Y)
                (Penalty.value penalty case.X + Penalty.value conjugate case.Y)

    [<Property>]
    let ``the prox of a convex penalty is firmly non-expansive`` (Convex case) =
        let penalty = Spec.build case.X.Length case.Spec
        let p, _ = Penalty.prox penalty case.Step case.X
        let q, _ = Penalty.prox penalty case.Step case.Y
        notAbove (distance2 p q) (dot (subtract p q) (subtract case.X case.Y))

    [<Property>]
    let ``the point is written to the buffer, in place too, and the argument is left alone``
        (case: Case)
        =
        let penalty = Spec.build case.X.Length case.Spec
        let before = Array.copy case.X
        let point, value = Penalty.prox penalty case.Step case.X
        let untouched = case.X = before
        let inPlace = Array.copy case.X
        let again = Penalty.proxInto penalty case.Step inPlace inPlace
        untouched && inPlace = point && again.Equals value
