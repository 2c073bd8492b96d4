/// The plain form of AdamW, and the metrics of sets of answers.
module Sss.Tests.Optim.AdamWLaws

open Xunit
open FsCheck.Xunit
open Sss.Core

let private rule = {
    Beta1 = 0.9
    Beta2 = 0.99
    Eps = 1e-8
    Decay = 0.1
}

let private draws seed count =
    let struct (values, _) = Rng.many Rng.normal count (Rng.create seed)
    values

[<Property>]
let ``the first step moves every weight by the step size against its gradient`` (seed: int) =
    let weights, gradient = draws seed 8, draws (seed + 1) 8

    let moved, state =
        AdamW.step rule 0.01 (fun _ -> false) gradient weights (AdamW.start 8)

    Assert.Equal(1L, state.Step)

    for i in 0..7 do
        Assert.Equal(-0.01 * float (sign gradient[i]), moved[i] - weights[i], 1e-4)

[<Property>]
let ``steps do not depend on the scale of the gradients`` (seed: int) =
    let run scale =
        ((draws seed 6, AdamW.start 6), [ 1..5 ])
        ||> List.fold (fun (weights, state) t ->
            let gradient = draws (seed + t) 6 |> Array.map ((*) scale)
            AdamW.step { rule with Eps = 1e-30 } 0.01 (fun i -> i < 3) gradient weights state
        )
        |> fst

    Array.iter2 (fun (a: float) b -> Assert.Equal(a, b, 1e-9)) (run 1.0) (run 1000.0)

[<Property>]
let ``without a gradient only decay moves weights, by the same part each step`` (seed: int) =
    let weights = draws seed 6
    let nothing = Array.zeroCreate 6
    let moved, _ = AdamW.step rule 0.5 (fun i -> i < 2) nothing weights (AdamW.start 6)

    for i in 0..5 do
        let expected = if i < 2 then weights[i] * 0.95 else weights[i]
        Assert.Equal(expected, moved[i], 1e-12)

/// Average precision by its definition: for each image that has the class, the precision among all with at least its score.
let private byDefinition (scores: float32[]) (isThere: bool[]) =
    let positives = [ 0 .. scores.Length - 1 ] |> List.filter (fun i -> isThere[i])

    positives
    |> List.averageBy (fun i ->
        let above =
            [ 0 .. scores.Length - 1 ] |> List.filter (fun j -> scores[j] >= scores[i])

        let right = above |> List.filter (fun j -> isThere[j])
        float right.Length / float above.Length
    )

[<Property>]
let ``average precision is the mean of the precisions at each image that has the class``
    (answers: (int * bool) list)
    =
    // Few different scores: many are equal.
    let scores = answers |> List.map (fun (s, _) -> float32 (s % 5)) |> Array.ofList
    let isThere = answers |> List.map snd |> Array.ofList

    match Averages.precision scores isThere with
    | None -> Assert.DoesNotContain(true, isThere)
    | Some found -> Assert.Equal(byDefinition scores isThere, found, 1e-12)

[<Fact>]
let ``mean intersection over union leaves out classes that are nowhere`` () =
    // Right: 3 × class 0, 2 × class 1. Predicted: 0, 0, 1 and 1, 0. Class 2 is nowhere.
    let counts = [| 2L; 1L; 0L; 1L; 1L; 0L; 0L; 0L; 0L |]
    Assert.Equal((2.0 / 4.0 + 1.0 / 3.0) / 2.0, Averages.iou 3 counts, 1e-12)
    Assert.True(System.Double.IsNaN(Averages.iou 2 (Array.zeroCreate 4)))

[<Fact>]
let ``R² of a constant is 1 or 0`` () =
    Assert.Equal(0.75, Averages.r2 1.0 4.0)
    Assert.Equal(1.0, Averages.r2 0.0 0.0)
    Assert.Equal(0.0, Averages.r2 1.0 0.0)

[<Fact>]
let ``a quality is read back from its metrics`` () =
    for quality in
        [
            Quality.Classification 0.5
            Quality.Segmentation(0.25, 0.75)
            Quality.MultiLabel(0.5, 0.25)
            Quality.Regression(-1.5, 3.0)
        ] do
        let metrics = Quality.metrics quality

        let find key =
            metrics |> List.tryFind (fun m -> m.Key = key) |> Option.map _.Value

        Assert.Equal(Some quality, Quality.tryFind find)
        Assert.Equal(metrics.Head.Value, Quality.score quality)
