namespace Sss.Tests.Optim

open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Prox

/// Planted mistakes, the ones that ports of the method made; each must break the law that is named
/// for it.
module Mutations =

    let private stepWith z prox velocity sign : StepLaw.Step =
        fun eta mu penalty gradient state ->
            let z = Array.map2 (z eta) state.Probe gradient
            let next: float[] = prox eta penalty z
            let v = velocity state next

            {
                Iterate = next
                Probe = Array.map2 (fun n v -> n + sign * mu * v) next v
            }

    let private descend eta p g = p - eta * g
    let private proper eta penalty z = fst (Penalty.prox penalty eta z)
    let private fromIterate (state: ApgState) next = Array.map2 (-) next state.Iterate

    let private faithful = stepWith descend proper fromIterate 1.0

    let private unscaledThreshold =
        stepWith descend (fun _ penalty z -> fst (Penalty.prox penalty 1.0 z)) fromIterate 1.0

    let private velocityFromProbe =
        stepWith descend proper (fun state next -> Array.map2 (-) next state.Probe) 1.0

    let private ascending = stepWith (fun eta p g -> p + eta * g) proper fromIterate 1.0
    let private brake = stepWith descend proper fromIterate -1.0

    /// λ' = max(0, S(z)) + μv instead of max(0, S(z) + μv).
    let private clampBeforeMomentum: StepLaw.PublishedStep =
        fun eta mu gamma gradient state ->
            let soft a x = max (x - a) 0.0 + min (x + a) 0.0

            let s =
                Array.map2
                    (fun p g -> max 0.0 (soft (eta * gamma) (p - eta * g)))
                    state.Stored
                    gradient

            let v =
                Array.init
                    s.Length
                    (fun i -> s[i] - state.Stored[i] + state.Momentum * state.Velocity[i])

            {
                Stored = Array.map2 (fun s v -> s + mu * v) s v
                Velocity = v
                Momentum = mu
            }

    let private holds (arb: Arbitrary<'a>) law =
        Gen.sampleWithSeed (Rnd 1UL) 50 300 arb.Generator |> Array.forall law

    let private fixedPoints step =
        holds (Cases.ConvexCase()) (fun (Convex case) -> StepLaw.fixedPointsAreMinimisers step case)

    let private published step =
        holds (Runs.Run()) (StepLaw.probeIsPublished step)

    let private nextProbe step =
        holds (Runs.Run()) (StepLaw.momentumBuildsNextProbe step)

    [<Fact>]
    let ``the step written out here keeps all the laws`` () =
        Assert.True(fixedPoints faithful)
        Assert.True(published faithful)
        Assert.True(nextProbe faithful)

    [<Fact>]
    let ``a threshold that is not scaled by the step size is caught by the fixed points`` () =
        Assert.False(fixedPoints unscaledThreshold)

    [<Fact>]
    let ``a velocity against the probe is caught by the published recursion and the next probe``
        ()
        =
        Assert.False(published velocityFromProbe)
        Assert.False(nextProbe velocityFromProbe)

    [<Fact>]
    let ``a gradient of the wrong sign is caught by the fixed points`` () =
        Assert.False(fixedPoints ascending)

    [<Fact>]
    let ``a momentum of the wrong sign is caught by the published recursion`` () =
        Assert.False(published brake)

    [<Fact>]
    let ``a clamp before the momentum is caught by the step of the first zero`` () =
        Assert.NotEqual(Some 109, StepLaw.firstZero clampBeforeMomentum)
