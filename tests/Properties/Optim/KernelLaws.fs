namespace Sss.Tests.Optim

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Prox

/// A run of several steps: start, then gradient, step size and momentum of each.
type Run = {
    Start: float[]
    Gammas: float[]
    Steps: (float[] * float * float) list
}

/// Draws runs.
type Runs =

    static member Run() : Arbitrary<Run> =
        let gen =
            gen {
                let! length = Gen.choose (1, 19)
                let! start = Gen.vectorOf length
                let! gammas = Gen.vectorOf length |> Gen.map (Array.map abs)

                let! steps =
                    Gen.map3
                        (fun g eta mu -> g, eta / 16.0, float mu / 16.0)
                        (Gen.vectorOf length)
                        Gen.step
                        (Gen.choose (0, 16))
                    |> Gen.listOfLength 8

                return {
                    Start = start
                    Gammas = gammas
                    Steps = steps
                }
            }

        Arb.fromGenShrink (
            gen,
            fun run ->
                seq {
                    for i in 0 .. run.Steps.Length - 1 do
                        {
                            run with
                                Steps = List.removeAt i run.Steps
                        }

                    if run.Start.Length > 1 then
                        {
                            Start = run.Start[1..]
                            Gammas = run.Gammas[1..]
                            Steps = run.Steps |> List.map (fun (g, eta, mu) -> g[1..], eta, mu)
                        }
                }
        )

[<Properties(Arbitrary = [| typeof<Runs> |], MaxTest = 1000)>]
module KernelLaws =

    let private penalty gammas =
        match NonNegativeL1.weighted gammas with
        | Ok penalty -> penalty
        | Error error -> invalidOp (PenaltyError.message error)

    let private pure' penalty run =
        (Apg.start run.Start, run.Steps)
        ||> List.fold (fun state (g, eta, mu) -> Apg.step eta mu penalty g state)

    /// Iterate and probe after all steps of the kernel in float64.
    let private kernel (floors: float[]) run =
        let iterate = Array.copy run.Start
        let probe = Array.copy run.Start

        for g, eta, mu in run.Steps do
            ApgKernel.step
                eta
                mu
                (ReadOnlySpan run.Gammas)
                (ReadOnlySpan floors)
                (ReadOnlySpan g)
                (Span iterate)
                (Span probe)

        iterate, probe

    [<Property>]
    let ``in float64 the kernel is the pure step, bit for bit`` (run: Run) =
        let iterate, probe = kernel (Array.zeroCreate run.Start.Length) run
        let expected = pure' (penalty run.Gammas) run
        iterate = expected.Iterate && probe = expected.Probe

    [<Property>]
    let ``in float32 the kernel is the pure step within rounding`` (run: Run) =
        let single = Array.map float32
        let iterate = single run.Start
        let probe = single run.Start
        let gammas = single run.Gammas

        for g, eta, mu in run.Steps do
            ApgKernel.step
                (float32 eta)
                (float32 mu)
                (ReadOnlySpan gammas)
                (ReadOnlySpan(Array.zeroCreate gammas.Length))
                (ReadOnlySpan(single g))
                (Span iterate)
                (Span probe)

        let expected = pure' (penalty run.Gammas) run
        // Values stay below 2⁶, a step rounds by a few 2⁻²⁴ of that, and errors of eight steps add
        // up.
        let allowed = 1e-4

        Array.forall2 (fun a b -> abs (float a - b) <= allowed) iterate expected.Iterate
        && Array.forall2 (fun a b -> abs (float a - b) <= allowed) probe expected.Probe

    [<Property>]
    let ``with floors it is the pure step of a penalty that begins there`` (run: Run) =
        let floors = run.Gammas |> Array.map (fun gamma -> gamma / 4.0)
        let iterate, probe = kernel floors run

        let penalty =
            match Translated.create floors (penalty run.Gammas) with
            | Ok penalty -> penalty
            | Error error -> invalidOp (PenaltyError.message error)

        let expected = pure' penalty run

        // Moving the origin there and back rounds.
        let close = Array.forall2 (fun a b -> abs (a - b) <= 1e-9)

        close iterate expected.Iterate
        && close probe expected.Probe
        && (run.Steps.IsEmpty || Array.forall2 (fun x floor -> x >= floor) iterate floors)
