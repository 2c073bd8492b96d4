namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Whether two networks compute the same function, up to rounding.
type Verdict =
    | Exact
    | NotExact

/// How far one network is from another, as the selected from the full one.
type Exactness = {
    /// The largest |a − b| over all inputs and classes.
    MaxAbs: float
    /// The largest max|a − b| of an input over the input's scale (`Sensitivity.scales`).
    MaxRel: float
    /// The fraction of inputs whose largest score is of the same class. Two scores closer than twice
    /// the tolerance are a tie, since each of them may differ by the tolerance.
    ArgmaxAgree: float
    Inputs: int
    /// The largest `MaxRel` that counts as exact.
    Tolerance: float
    Verdict: Verdict
}

/// Checks that removal has changed nothing.
[<RequireQualifiedAccess>]
module Exactness =

    /// The tolerance for relative differences at single precision.
    let tolerance = 1e-4

    /// The word in `result.json`.
    let word verdict =
        match verdict with
        | Exact -> "exact"
        | NotExact -> "not exact"

    /// One input's differences: absolute, relative to its scale, same class.
    let private compare tolerance scale (a: ReadOnlySpan<float32>) (b: ReadOnlySpan<float32>) =
        let mutable apart = 0.0
        let mutable size = 0.0

        for i in 0 .. a.Length - 1 do
            // `max` hands on what is not a number.
            apart <- max apart (abs (float a[i] - float b[i]))
            size <- max size (abs (float a[i]))

        let lead = float a[Evaluate.arg a] - float a[Evaluate.arg b]
        let relative = if apart = 0.0 then 0.0 else apart / scale

        if Double.IsFinite apart && Double.IsFinite size && Double.IsFinite scale then
            struct (apart, relative, lead <= 2.0 * tolerance * scale)
        else
            struct (infinity, infinity, false)

    /// The verdict on two sets of scores, N×classes each; `scales`: one for each input.
    let within (scales: float[]) (classes: int) (reference: float32[]) (other: float32[]) =
        let inputs = reference.Length / classes
        let mutable maxAbs = 0.0
        let mutable maxRel = 0.0
        let mutable agree = 0

        for n in 0 .. inputs - 1 do
            let a = ReadOnlySpan(reference, n * classes, classes)
            let b = ReadOnlySpan(other, n * classes, classes)
            let struct (absolute, relative, same) = compare tolerance scales[n] a b
            maxAbs <- max maxAbs absolute
            maxRel <- max maxRel relative
            agree <- agree + (if same then 1 else 0)

        {
            MaxAbs = maxAbs
            MaxRel = maxRel
            ArgmaxAgree = float agree / float (max 1 inputs)
            Inputs = inputs
            Tolerance = tolerance
            Verdict =
                if inputs > 0 && maxRel <= tolerance && agree = inputs then
                    Exact
                else
                    NotExact
        }

    /// The verdict if only the scores are known: the scale of an input is its largest score.
    /// It mistakes rounding for a difference where all scores of an input are near 0.
    let ofScores (classes: int) (reference: float32[]) (other: float32[]) : Exactness =
        let scales =
            reference
            |> Array.chunkBySize classes
            |> Array.map (fun row -> row |> Array.fold (fun most x -> max most (abs (float x))) 0.0)

        within scales classes reference other

    /// Combines two checks on the same inputs.
    let worse (a: Exactness) (b: Exactness) : Exactness = {
        MaxAbs = max a.MaxAbs b.MaxAbs
        MaxRel = max a.MaxRel b.MaxRel
        ArgmaxAgree = min a.ArgmaxAgree b.ArgmaxAgree
        Inputs = a.Inputs
        Tolerance = a.Tolerance
        Verdict = if a.Verdict = Exact then b.Verdict else a.Verdict
    }

    /// The verdict on what two networks give for the same inputs, N × values each; `scales`: of each output, one for each input.
    /// Every output has to be the same.
    let ofValues
        (scales: float[] list)
        (network: Network)
        (reference: float32[])
        (other: float32[])
        =
        let inputs = reference.Length / Network.values network

        List.zip3 scales (Network.split network reference) (Network.split network other)
        |> List.map (fun (scales, reference, other) ->
            within scales (reference.Length / max 1 inputs) reference other
        )
        |> List.reduce worse

    /// Random images for a network, standard normal.
    let randomImages (seed: int) (count: int) (network: Network) : float32[] =
        let values = Checked.int (int64 count * Shape.count network.Input)
        let struct (draws, _) = Rng.many Rng.normal values (Rng.create seed)
        Array.map float32 draws

    /// Values that the inputs of a sort may have together: both sorts are one array.
    let private mostValues = 1L <<< 29

    /// How many inputs of a sort (random, real) are run: 256 where a network is small, fewer where
    /// 4·10¹⁰ multiply-adds would be passed, but not fewer than 8, as long as one array holds them.
    let inputsOf (network: Network) : int =
        let macs = max 1L (Cost.ofNetwork network).Macs
        let fit = max 1L (mostValues / Shape.count network.Input)
        int (min fit (min 256L (max 8L (40_000_000_000L / macs))))

    /// How many inputs of a set of scores have one that is not finite.
    let private notFinite (classes: int) (scores: float32[]) =
        scores
        |> Array.chunkBySize classes
        |> Array.filter (Array.exists (Single.IsFinite >> not))
        |> Array.length

    /// Whether a network's own scores are numbers, so that there is something to compare with.
    let finite (network: Network) (scores: float32[]) : Result<unit, ModelError> =
        let width = Network.values network

        match notFinite width scores with
        | 0 -> Ok()
        | count -> Error(ScoresNotFinite(count, scores.Length / width))

    /// Runs both networks in evaluation mode, on the CPU in float32, on the same images (N×C×H×W, row-major).
    let check
        (engine: LibTorch)
        (reference: Network * Weights<float32>)
        (other: Network * Weights<float32>)
        (images: float32[])
        : Result<Exactness, ModelError> =
        let scores (network, weights) =
            result {
                use! model = Model.create (LibTorch.onCpu engine) network weights
                return Evaluate.values model (ReadOnlyMemory images)
            }

        result {
            let! a = scores reference
            do! finite (fst reference) a
            let! b = scores other
            let! scales = Sensitivity.scales engine reference images a
            return ofValues scales (fst reference) a b
        }

    /// The same check with the same numbers, computed at double precision. What differs there beyond the
    /// tolerance is not rounding: the two networks compute different functions.
    let checkAtDouble
        (engine: LibTorch)
        (reference: Network * Weights<float32>)
        (other: Network * Weights<float32>)
        (images: float32[])
        : Result<Exactness, ModelError> =
        let scores (network, weights: Weights<float32>) =
            result {
                let doubles =
                    weights
                    |> Map.map (fun _ t -> {
                        Shape = t.Shape
                        Data = Array.map float t.Data
                    })

                use! model = Model.createDouble (LibTorch.onCpu engine) network doubles
                return ModelValues.double model (ReadOnlyMemory images)
            }

        result {
            let! a = scores reference
            do! finite (fst reference) a
            let! b = scores other
            let! scales = Sensitivity.scales engine reference images a
            return ofValues scales (fst reference) a b
        }
