namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// Whether two networks are the same function, up to rounding.
type Verdict =
    | Exact
    | NotExact

/// How far one network is from another, as the selected from the full one.
type Exactness = {
    /// The largest |a − b| over all inputs and classes.
    MaxAbs: float
    /// The largest max|a − b| / max|a| of an input.
    MaxRel: float
    /// The fraction of inputs whose largest score is of the same class; ties within the tolerance
    /// count as the same.
    ArgmaxAgree: float
    Inputs: int
    /// What `MaxRel` may be.
    Tolerance: float
    Verdict: Verdict
}

/// The check that removal has changed nothing.
[<RequireQualifiedAccess>]
module Exactness =

    /// What a relative difference at single precision may be. Sums of a few thousand products
    /// differ by about 1e-6 when zeros are left out of them.
    let tolerance = 1e-4

    /// The word in `result.json`.
    let word verdict =
        match verdict with
        | Exact -> "exact"
        | NotExact -> "not exact"

    /// One input's differences: absolute, relative, same class.
    let private compare tolerance (a: ReadOnlySpan<float32>) (b: ReadOnlySpan<float32>) =
        let mutable apart = 0.0
        let mutable size = 0.0

        for i in 0 .. a.Length - 1 do
            // `max` hands on what is not a number.
            apart <- max apart (abs (float a[i] - float b[i]))
            size <- max size (abs (float a[i]))

        let lead = float a[Evaluate.arg a] - float a[Evaluate.arg b]
        let relative = if apart = 0.0 then 0.0 else apart / size

        if Double.IsFinite apart && Double.IsFinite size then
            struct (apart, relative, lead <= tolerance * size)
        else
            struct (infinity, infinity, false)

    /// The verdict on two sets of scores, N×classes each.
    let ofScores (classes: int) (reference: float32[]) (other: float32[]) : Exactness =
        let inputs = reference.Length / classes
        let mutable maxAbs = 0.0
        let mutable maxRel = 0.0
        let mutable agree = 0

        for n in 0 .. inputs - 1 do
            let a = ReadOnlySpan(reference, n * classes, classes)
            let b = ReadOnlySpan(other, n * classes, classes)
            let struct (absolute, relative, same) = compare tolerance a b
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

    /// Of two checks on the same inputs, what holds for both.
    let worse (a: Exactness) (b: Exactness) : Exactness = {
        MaxAbs = max a.MaxAbs b.MaxAbs
        MaxRel = max a.MaxRel b.MaxRel
        ArgmaxAgree = min a.ArgmaxAgree b.ArgmaxAgree
        Inputs = a.Inputs
        Tolerance = a.Tolerance
        Verdict = if a.Verdict = Exact then b.Verdict else a.Verdict
    }

    /// Random images for a network, standard normal.
    let randomImages (seed: int) (count: int) (network: Network) : float32[] =
        let values = count * int (Shape.count network.Input)
        let struct (draws, _) = Rng.many Rng.normal values (Rng.create seed)
        Array.map float32 draws

    /// How many inputs of a sort (random, real) are run: 256 where a network is small, fewer where
    /// 4·10¹⁰ multiply-adds would be passed, never fewer than 8.
    let inputsOf (network: Network) : int =
        let macs = max 1L (Cost.ofNetwork network).Macs
        int (min 256L (max 8L (40_000_000_000L / macs)))

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
                return Evaluate.scores model (ReadOnlyMemory images)
            }

        result {
            let! a = scores reference
            let! b = scores other
            return ofScores (fst reference).Classes a b
        }
