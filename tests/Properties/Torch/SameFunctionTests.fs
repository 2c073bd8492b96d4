/// The model against the plain interpreter, and verdicts on pairs of networks.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.SameFunctionTests

open System
open System.Threading
open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Torch
open Sss.Tests.Select
open Sss.Tests.Select.Cases
open Sss.Tests.Select.LawTests
open TorchSharp

let private computesItsDefinition cases count =
    holdsFor
        cases
        count
        4UL
        (fun case ->
            let t = trial case
            let run = VerifyRun.double (Engine.get ()) t.Network t.Weights

            let apart =
                t.Images
                |> List.map (fun image ->
                    Verify.difference (Interpreter.run t.Network t.Weights image) (run image)
                )
                |> List.max

            apart < 1e-10 |> Prop.label $"{apart}"
        )

[<Fact>]
let ``the model computes what the network's definition says`` () = computesItsDefinition cases 400

[<Fact>]
let ``the model computes shared factors as the network's definition says`` () =
    computesItsDefinition sharedCases 200

/// The slope of the loss along a direction, from the gradient and from two values.
let private slopes mode network weights (images: float[]) seed =
    use _ = Engine.scope ()
    use model = Engine.ok (Model.createDouble (Engine.get ()) network weights)
    let s = network.Input

    let x =
        torch.tensor(images).reshape([| -1L; int64 s.Channels; int64 s.Height; int64 s.Width |])

    let loss () =
        // The same masks of dropout each time.
        torch.manual_seed 1L |> ignore
        model.Run(mode, x).square().sum()

    loss().backward()
    let vectors = [ model.Weights; model.Factors ]
    let rng = Rng.create seed

    let directions =
        vectors
        |> List.mapi (fun k vector ->
            let count = int (vector.Values.numel ())
            let struct (d, _) = Rng.many Rng.normal count (Rng.fork k rng)
            d
        )

    let gradient =
        List.map2
            (fun (vector: FlatVector) d ->
                Array.map2 (*) ((Memory.span<float> vector.Gradient).ToArray()) d |> Array.sum
            )
            vectors
            directions
        |> List.sum

    let at h =
        List.iter2
            (fun (vector: FlatVector) (d: float[]) ->
                let values = Memory.span<float> vector.Values

                for i in 0 .. d.Length - 1 do
                    values[i] <- values[i] + h * d[i]
            )
            vectors
            directions

        use _ = torch.no_grad ()
        loss().item<float>()

    let h = 1e-7
    let ahead = at h
    let behind = at (-2.0 * h)
    gradient, (ahead - behind) / (2.0 * h), abs ahead

let private gradientsAgree mode cases count =
    holdsFor
        cases
        count
        5UL
        (fun case ->
            // A factor of 0 is at a kink of what follows it, where there is no slope.
            let t = trial { case with Zeros = [] }
            let images = Array.concat t.Images
            let gradient, slope, size = slopes mode t.Network t.Weights images case.Seed

            abs (gradient - slope) < 1e-4 * (abs slope + size + 1.0)
            |> Prop.label $"gradient {gradient}, numerically {slope}"
        )

[<Fact>]
let ``gradients of random networks agree with finite differences`` () =
    gradientsAgree Evaluation cases 500

[<Fact>]
let ``gradients of random networks in training mode agree with finite differences`` () =
    gradientsAgree Training cases 500

[<Fact>]
let ``gradients of shared factors agree with finite differences`` () =
    gradientsAgree Evaluation sharedCases 100

[<Fact>]
let ``verdicts`` () =
    let full = [| 1f; 2f; 3f; 0.5f; 0.5f; -4f |]

    let at i value =
        Array.mapi (fun k v -> if k = i then value else v) full

    let verdict scores = Exactness.ofScores 3 full scores
    let same = verdict full

    Assert.Equal(
        (0.0, 0.0, 1.0, 2, Exact),
        (same.MaxAbs, same.MaxRel, same.ArgmaxAgree, same.Inputs, same.Verdict)
    )

    // Within the tolerance: 1e-4 of the input's scale, the other class by a tie.
    let tie = verdict (at 4 0.50001f)
    Assert.Equal(Exact, tie.Verdict)
    Assert.Equal(1.0, tie.ArgmaxAgree)

    // Two scores that may each be off by the tolerance are a tie up to twice the tolerance.
    let near = [| 1f; 1.00015f; -1f |]
    let swapped = [| 1.00008f; 1.00007f; -1f |]
    Assert.Equal(Exact, (Exactness.within [| 1.0 |] 3 near swapped).Verdict)

    let off = verdict (at 0 1.001f)
    Assert.Equal(NotExact, off.Verdict)
    Assert.Equal(0.001, off.MaxAbs, 6)
    Assert.Equal(0.001 / 3.0, off.MaxRel, 6)
    Assert.Equal(1.0, off.ArgmaxAgree)

    let other = verdict (at 0 5f)
    Assert.Equal(0.5, other.ArgmaxAgree)

    for bad in [ Single.NaN; Single.PositiveInfinity ] do
        Assert.Equal(NotExact, (verdict (at 3 bad)).Verdict)

    Assert.Equal(NotExact, (Exactness.ofScores 3 [||] [||]).Verdict)

    // Of two comparisons the verdict is as bad as either, whichever comes first.
    for a, b in [ off, other; other, off; same, other; other, same ] do
        let both = Exactness.worse a b
        Assert.Equal(NotExact, both.Verdict)
        Assert.Equal(max a.MaxAbs b.MaxAbs, both.MaxAbs)
        Assert.Equal(max a.MaxRel b.MaxRel, both.MaxRel)
        Assert.Equal(0.5, both.ArgmaxAgree)

    Assert.Equal(tie, Exactness.worse same tie)

    let differs =
        "The selected network differs from the trained one by 0.000333 of the scale of its scores; 0.0001 \
         is allowed (2 inputs, 100.00 % with the same class). "

    // Whose fault it is, double precision tells.
    Assert.Equal(
        differs
        + "They differ at double precision too (by 0.000333), so this is not rounding but a bug in this program; \
           please report it. `sss verify` may find a small case.",
        PipelineError.message (Inexact(off, Some off))
    )

    Assert.Equal(
        differs
        + "At double precision they agree (up to 0), so this is rounding: the network's numbers differ too much \
           in size for single precision. Train with a smaller `lr` or a larger `decay`.",
        PipelineError.message (Inexact(off, Some same))
    )

let private settings trials : VerifySettings = {
    Trials = trials
    Seed = 11
    Select = Selection.defaults
}

[<Fact>]
let ``verify finds no fault in every kind of layer`` () =
    let report =
        VerifyRun.run (Engine.get ()) (settings 40) Nets.everything ignore CancellationToken.None

    Assert.Equal(None, report.Failure)
    Assert.Equal(40, report.Trials)
    Assert.Equal(40, report.Died + report.Plans.Length)
    Assert.InRange(report.MaxDouble, 0.0, VerifyRun.doubleTolerance)
    Assert.InRange(report.MaxSingle, 1e-9, VerifyRun.singleTolerance)

[<Fact>]
let ``a failing pattern is made as small as possible`` () =
    let fault = {
        Owner = "bn1"
        Kind = Neuron
        Index = 2
    }

    // A selection that goes wrong whenever this neuron and a block are off.
    let attempt _ _ (zeros: Set<Structure>) =
        if zeros.Contains fault && zeros |> Set.exists (fun s -> s.Kind = Block) then
            Error("float64", TrialOutcome.Differs 1.0)
        else
            Ok(TrialOutcome.Died "x", TrialOutcome.Died "x")

    let report =
        VerifyRun.search attempt (settings 500) Nets.everything ignore CancellationToken.None

    match report.Failure with
    | Some failure ->
        Assert.Equal(2, failure.Zeros.Length)
        Assert.Contains(fault, failure.Zeros)
        Assert.Equal(TrialOutcome.Differs 1.0, failure.Outcome)
        Assert.Equal(report.Trials, failure.Trial + 1)
        let text = VerifyRun.describe failure
        Assert.Contains("differ by 1, with these factors at 0:", text)
        Assert.Contains("\n  bn1: neuron 2", text)
    | None -> Assert.Fail "no trial had both off"
