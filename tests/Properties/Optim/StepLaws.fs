namespace Sss.Tests.Optim

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Prox

/// The laws of one step, as functions of the step, so that planted mutations can be held to them
/// too.
module StepLaw =

    /// The shape of `Apg.step`: step size, momentum, penalty, gradient, state.
    type Step = float -> float -> Penalty -> float[] -> ApgState -> ApgState

    /// The shape of `Published.step` in float64: step size, momentum, γ, gradient, state.
    type PublishedStep =
        float -> float -> float -> float[] -> PublishedState<float> -> PublishedState<float>

    let private l1 gamma =
        match L1.create gamma with
        | Ok penalty -> penalty
        | Error error -> invalidOp (PenaltyError.message error)

    /// A smooth convex G with curvature between 1/2 and 2 + ‖d‖² and the gradient −s at x*: ∇G(x) =
    /// (D + ddᵀ)(x − x*) − s.
    let private smoothGradient (d: float[]) (solution: float[]) (s: float[]) x =
        let away = Laws.subtract x solution
        let along = Laws.dot d away

        Array.mapi (fun i a -> (0.5 + 1.5 * float (i % 3) / 2.0) * a + along * d[i] - s[i]) away

    /// With x* = prox_{ηf}(z) the residual s = (z − x*)/η is a subgradient, so x* minimises G + f.
    /// A step at rest from x* stays there for any step size and momentum; from any other point y it
    /// moves by at least ‖y − x*‖·ηm/(1 + ηL) (the error bound of proximal gradient under strong
    /// convexity).
    let fixedPointsAreMinimisers (step: Step) (case: Case) =
        let penalty = Spec.build case.X.Length case.Spec
        let solution, _ = Penalty.prox penalty case.Step case.X
        let s = Array.map2 (fun x p -> (x - p) / case.Step) case.X solution
        let d = Array.map (fun v -> v / 4.0) case.Y
        let gradient = smoothGradient d solution s

        let at x eta =
            step eta 0.7 penalty (gradient x) (Apg.start x)

        let stays eta =
            Laws.nearAll (at solution eta).Iterate solution
            && Laws.nearAll (at solution eta).Probe solution

        let lipschitz = 2.0 + Laws.dot d d
        let distance = sqrt (Laws.distance2 case.Y solution)
        let moved = sqrt (Laws.distance2 (at case.Y case.Step).Iterate case.Y)
        let least = distance * 0.5 * case.Step / (1.0 + case.Step * lipschitz)
        stays case.Step && stays 0.3 && Laws.notAbove least moved

    /// The probe is the published recursion's stored array, whatever the gradients, step sizes and
    /// momenta.
    let probeIsPublished (step: Step) (run: Run) =
        let gamma = run.Gammas[0]

        let mine, published =
            ((Apg.start run.Start, Published.start run.Start), run.Steps)
            ||> List.fold (fun (mine, published) (g, eta, mu) ->
                step eta mu (l1 gamma) g mine, Published.step Clamp.Never eta mu gamma g published
            )

        Laws.nearAll mine.Probe published.Stored

    /// probe_t − λ_t = μ_t(λ_t − λ_{t−1}): the momentum given to a step builds the probe of the
    /// next one.
    let momentumBuildsNextProbe (step: Step) (run: Run) =
        let _, holds =
            ((Apg.start run.Start, true), run.Steps)
            ||> List.fold (fun (state, holds) (g, eta, mu) ->
                let next = step eta mu (l1 run.Gammas[0]) g state

                let expected =
                    Array.map2
                        (fun now before -> now + mu * (now - before))
                        next.Iterate
                        state.Iterate

                next, holds && Laws.nearAll next.Probe expected
            )

        holds

    /// The step at which the stored array is first exactly 0, from 1 with η = 0.1, γ = 0.01, μ =
    /// 0.9, no gradient.
    let firstZero (step: PublishedStep) =
        Seq.unfold
            (fun state ->
                let next = step 0.1 0.9 0.01 [| 0.0 |] state
                Some(next.Stored[0], next)
            )
            (Published.start [| 1.0 |])
        |> Seq.truncate 1000
        |> Seq.tryFindIndex ((=) 0.0)
        |> Option.map ((+) 1)

[<Properties(Arbitrary = [| typeof<Cases>; typeof<Runs> |], MaxTest = 1000)>]
module StepLaws =

    [<Property>]
    let ``the fixed points of a step are exactly the minimisers`` (Convex case) =
        StepLaw.fixedPointsAreMinimisers Apg.step case

    [<Property>]
    let ``the probe is the stored array of the published recursion without its clamp`` (run: Run) =
        StepLaw.probeIsPublished Apg.step run

    [<Property>]
    let ``the momentum of a step builds the next probe`` (run: Run) =
        StepLaw.momentumBuildsNextProbe Apg.step run

    [<Property>]
    let ``a step writes to none of its arguments`` (run: Run) =
        let copies (arrays: float[] list) = List.map Array.copy arrays

        let untouched arrays action =
            let before = copies arrays
            action () |> ignore
            before = arrays

        let penalty =
            NonNegativeL1.create run.Gammas[0] |> Result.defaultValue NonNegative.penalty

        let state = Apg.start run.Start
        let published = Published.start run.Start
        let textbook = Textbook.method 0.1 penalty
        let atStart = textbook.Init run.Start

        let startIsCopied =
            untouched
                [ run.Start ]
                (fun () ->
                    state.Iterate[0] <- state.Iterate[0] + 0.0
                    atStart
                )
            && not (obj.ReferenceEquals(state.Iterate, run.Start))
            && not (obj.ReferenceEquals(state.Probe, run.Start))
            && not (obj.ReferenceEquals(published.Stored, run.Start))
            && not (obj.ReferenceEquals(atStart.Current, run.Start))

        startIsCopied
        && run.Steps
           |> List.forall (fun (g, eta, mu) ->
               untouched
                   [ g; state.Iterate; state.Probe ]
                   (fun () -> Apg.step eta mu penalty g state)
               && untouched
                   [ g; published.Stored; published.Velocity ]
                   (fun () -> Published.step Clamp.AfterMomentum eta mu 0.01 g published)
               && untouched
                   [ g; atStart.Current; atStart.Previous ]
                   (fun () -> textbook.Step g atStart)
           )

    [<Property>]
    let ``the published recursion is its three formulas`` (run: Run) =
        let soft a x =
            if x > a then x - a
            elif x < -a then x + a
            else 0.0

        let formulas clamp (stored: float[], velocity: float[], before) (g: float[], eta, mu) =
            let z = Array.map2 (fun p g -> soft (eta * run.Gammas[0]) (p - eta * g)) stored g
            let v = Array.init z.Length (fun i -> z[i] - stored[i] + before * velocity[i])
            let next = Array.map2 (fun z v -> z + mu * v) z v
            (if clamp then Array.map (max 0.0) next else next), v, mu

        let agree clamp flag =
            let stored, _, _ =
                ((run.Start, Array.map (fun _ -> 0.0) run.Start, 0.0), run.Steps)
                ||> List.fold (formulas flag)

            let state =
                (Published.start run.Start, run.Steps)
                ||> List.fold (fun s (g, eta, mu) -> Published.step clamp eta mu run.Gammas[0] g s)

            state.Stored = stored

        agree Clamp.Never false && agree Clamp.AfterMomentum true

    [<Fact>]
    let ``a useless factor is first stored as zero at step 109, and at 134 without the clamp`` () =
        let single clamp =
            Seq.unfold
                (fun state ->
                    let next = Published.step clamp 0.1f 0.9f 0.01f [| 0.0f |] state
                    Some(next.Stored[0], next)
                )
                (Published.start [| 1.0f |])
            |> Seq.findIndex ((=) 0.0f)
            |> (+) 1

        let probe =
            Iteration.states
                (Apg.method 0.1 0.9 (L1.create 0.01 |> Result.defaultValue NonNegative.penalty))
                (Array.map (fun _ -> 0.0))
                [| 1.0 |]
            |> Seq.findIndex (fun state -> state.Probe[0] = 0.0)

        Assert.Equal(Some 109, StepLaw.firstZero (Published.step Clamp.AfterMomentum))
        Assert.Equal(Some 134, StepLaw.firstZero (Published.step Clamp.Never))
        Assert.Equal(109, single Clamp.AfterMomentum)
        Assert.Equal(134, single Clamp.Never)
        Assert.Equal(134, probe)
