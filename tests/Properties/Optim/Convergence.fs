namespace Sss.Tests.Optim

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Prox

[<Properties(Arbitrary = [| typeof<Problems> |], MaxTest = 1000)>]
module Convergence =

    /// F(x_t) − F* ≤ 2L‖x₀ − x*‖²/(t + 1)², t = 1 … 100: Beck and Teboulle (2009), thm. 4.4.
    let private meetsBound (method: float -> Penalty -> Method<'state>) p =
        let lipschitz = Problem.lipschitz p
        let method = method (1.0 / lipschitz) (Problem.penalty p)
        let initial = Laws.distance2 p.Start p.Solution

        Iteration.states method (Problem.gradient p) p.Start
        |> Seq.truncate 101
        |> Seq.indexed
        |> Seq.skip 1
        |> Seq.forall (fun (t, state) ->
            let bound = 2.0 * lipschitz * initial / float ((t + 1) * (t + 1))

            Problem.gap p (method.Iterate state)
            <= bound + 1e-9 * (1.0 + abs (Problem.objective p p.Solution))
        )

    [<Property>]
    let ``the textbook's form meets the bound of Beck and Teboulle`` (p: Lasso) =
        meetsBound Textbook.method p

    [<Property>]
    let ``FISTA meets the bound of Beck and Teboulle`` (p: Lasso) = meetsBound Fista.method p

    [<Property>]
    let ``two arrays with the textbook's momenta are the textbook's form`` (p: Lasso) =
        let eta = 1.0 / Problem.lipschitz p
        let penalty = Problem.penalty p

        let two =
            (Apg.start p.Start, [ 1..30 ])
            ||> List.scan (fun state t ->
                Apg.step eta (Momentum.textbook t) penalty (Problem.gradient p state.Probe) state
            )

        let three =
            Iteration.states (Textbook.method eta penalty) (Problem.gradient p) p.Start
            |> Seq.truncate 31

        Seq.forall2
            (fun (a: ApgState) (b: TextbookState) ->
                Laws.nearAll a.Iterate b.Current && Laws.nearAll a.Probe (Textbook.probe b)
            )
            two
            three

    [<Property>]
    let ``FISTA's momenta as a sequence are those of its states`` (p: Lasso) =
        let eta = 1.0 / Problem.lipschitz p
        let penalty = Problem.penalty p

        let lazily =
            (Apg.start p.Start, Seq.truncate 20 Momentum.fista)
            ||> Seq.scan (fun state mu ->
                Apg.step eta mu penalty (Problem.gradient p state.Probe) state
            )
            |> Seq.last

        let states =
            Iteration.states (Fista.method eta penalty) (Problem.gradient p) p.Start
            |> Seq.item 20

        lazily = states.Apg

    /// AᵀA ≥ I, so a condition number is at most L; a decade in each 6√L + 10 steps is linear
    /// convergence at the accelerated rate.
    let private isLinear scheme p =
        let lipschitz = Problem.lipschitz p
        let method = Restart.method (scheme p) (1.0 / lipschitz) (Problem.penalty p)
        let decade = int (ceil (6.0 * sqrt lipschitz)) + 10
        let initial = Problem.gap p p.Start + lipschitz * Laws.distance2 p.Start p.Solution

        Iteration.states method (Problem.gradient p) p.Start
        |> Iteration.sample decade
        |> Seq.truncate 9
        |> Seq.indexed
        |> Seq.forall (fun (k, state) ->
            Problem.gap p state.Apg.Iterate
            <= initial * 10.0 ** float -k + 1e-11 * (1.0 + abs (Problem.objective p p.Start))
        )

    [<Property>]
    let ``with restart by objective convergence is linear`` (p: Lasso) =
        isLinear (fun p -> RestartScheme.Objective(Problem.smooth p)) p

    [<Property>]
    let ``with restart by gradient convergence is linear`` (p: Lasso) =
        isLinear (fun _ -> RestartScheme.Gradient) p

    [<Property>]
    let ``at convergence the support is the solution's, zeros exact`` (p: Lasso) =
        let method =
            Restart.method RestartScheme.Gradient (1.0 / Problem.lipschitz p) (Problem.penalty p)

        let last =
            Iteration.states method (Problem.gradient p) p.Start
            |> Iteration.halt (fun state -> Laws.distance2 state.Apg.Iterate p.Solution < 1e-18)
            |> Seq.truncate 3000
            |> Seq.last

        Array.forall2
            (fun found wanted -> (found = 0.0) = (wanted = 0.0) && Laws.near found wanted)
            last.Apg.Iterate
            p.Solution

    [<Property>]
    let ``with constant momentum the minimiser is reached too`` (p: Lasso) =
        let method = Apg.method (1.0 / Problem.lipschitz p) 0.5 (Problem.penalty p)
        let steps = 100 + int (40.0 * Problem.lipschitz p)

        let last =
            Iteration.states method (Problem.gradient p) p.Start
            |> Seq.item (min steps 4000)

        Laws.distance2 last.Iterate p.Solution <= 1e-6

    [<Property>]
    let ``sequences of states are functions: repeatable, lazy, and only looked at`` (p: Lasso) =
        let method = Apg.method (1.0 / Problem.lipschitz p) 0.5 (Problem.penalty p)
        let asked = ref 0

        let states =
            Iteration.states
                method
                (fun x ->
                    asked.Value <- asked.Value + 1
                    Problem.gradient p x
                )
                p.Start

        let first = states |> Seq.truncate 10 |> List.ofSeq
        let gradients = asked.Value
        let again = states |> Seq.truncate 10 |> List.ofSeq
        let seen = ResizeArray()
        let watched = states |> Iteration.tee seen.Add |> Seq.truncate 10 |> List.ofSeq
        let stop = first[4]
        let halted = states |> Iteration.halt ((=) stop) |> List.ofSeq
        let at = List.findIndex ((=) stop) first

        gradients = 9
        && again = first
        && watched = first
        && List.ofSeq seen = first
        && halted = List.take (at + 1) first
        && (states |> Iteration.sample 3 |> Seq.truncate 4 |> List.ofSeq) = [
            first[0]
            first[3]
            first[6]
            first[9]
        ]
