namespace Sss.Core

open System.Numerics

/// What one trial came to.
[<RequireQualifiedAccess>]
type TrialOutcome =
    /// The selected network gives the same; `difference` as in `Verify.difference`.
    | Same of plan: Plan * difference: float
    /// A layer died, and an output of the full network indeed is the same for different images.
    | Died of layer: string
    /// The two networks differ beyond the tolerance.
    | Differs of difference: float
    /// A layer was said to have died, but the full network's output still depends on the image.
    | WronglyDied of layer: string * difference: float
    /// Selection refused for another reason.
    | Refused of SelectionError

/// The wording of outcomes.
[<RequireQualifiedAccess>]
module TrialOutcome =

    /// What happened, as a clause.
    let describe (outcome: TrialOutcome) =
        match outcome with
        | TrialOutcome.Same(_, difference) -> $"the networks agree up to {difference:g2}"
        | TrialOutcome.Died layer -> $"layer `{layer}` died, correctly"
        | TrialOutcome.Differs difference ->
            $"the selected network differs from the full one by {difference:g3}"
        | TrialOutcome.WronglyDied(layer, difference) ->
            $"layer `{layer}` was taken for dead, but the scores of two images differ by "
            + $"{difference:g3}"
        | TrialOutcome.Refused error -> SelectionError.message error

/// The law of selection, checked on a given network: with random weights and any factors at 0, the
/// full network and the selected one give the same. The arithmetic comes from outside.
[<RequireQualifiedAccess>]
module Verify =

    /// The largest difference, relative to the largest value of `a` where that is above 1, else
    /// absolute; infinite where lengths differ or a value is not a number.
    let difference<'T when 'T :> INumberBase<'T>> (a: 'T[]) (b: 'T[]) : float =
        let number (x: 'T) = System.Double.CreateTruncating<'T> x

        if a.Length <> b.Length then
            infinity
        else
            let largest = Array.fold (fun most x -> max most (abs (number x))) 1.0 a

            let apart =
                Array.fold2 (fun most x y -> max most (abs (number x - number y))) 0.0 a b

            // `max` hands NaN on, whichever side it is on.
            if System.Double.IsNaN apart then
                infinity
            else
                apart / largest

    /// Whether an outcome breaks the law.
    let isFailure (outcome: TrialOutcome) =
        match outcome with
        | TrialOutcome.Same _
        | TrialOutcome.Died _ -> false
        | TrialOutcome.Differs _
        | TrialOutcome.WronglyDied _
        | TrialOutcome.Refused _ -> true

    /// One trial of any way to select. `run` evaluates a network (evaluation mode) on one image;
    /// `images` are at least two.
    let checkWith<'T when 'T :> INumberBase<'T>>
        (select: Network -> Weights<'T> -> Result<Selected<'T>, SelectionError>)
        (run: Network -> Weights<'T> -> 'T[] -> 'T[])
        (tolerance: float)
        (network: Network)
        (weights: Weights<'T>)
        (images: 'T[] list)
        : TrialOutcome =
        let full = images |> List.map (run network weights)

        match select network weights with
        | Ok small ->
            let apart =
                images
                |> List.map (run small.Network small.Weights)
                |> List.map2 difference full
                |> List.max

            if apart <= tolerance then
                TrialOutcome.Same(small.Plan, apart)
            else
                TrialOutcome.Differs apart
        | Error(SelectionError.LayerDied layer) ->
            // By output: of several, one that does not depend on the image is enough.
            let apart =
                full
                |> List.map (Network.split network)
                |> List.transpose
                |> List.map (fun output -> output |> List.map (difference output.Head) |> List.max)
                |> List.min

            if apart <= tolerance then
                TrialOutcome.Died layer
            else
                TrialOutcome.WronglyDied(layer, apart)
        | Error error -> TrialOutcome.Refused error

    /// One trial of `Selection.select`.
    let check<'T when 'T :> INumberBase<'T>>
        (run: Network -> Weights<'T> -> 'T[] -> 'T[])
        (options: SelectOptions)
        (tolerance: float)
        (network: Network)
        (weights: Weights<'T>)
        (images: 'T[] list)
        : TrialOutcome =
        checkWith (Selection.select options) run tolerance network weights images

    /// The smallest set that still fails which taking members out can reach: first large parts, then
    /// smaller ones, until no single member can go (delta debugging: A. Zeller, R. Hildebrandt,
    /// "Simplifying and isolating failure-inducing input", IEEE TSE 28(2), 2002). `fails` must hold
    /// for `zeros`; it is asked O(n²) times at worst, O(n) as a rule.
    let shrink<'item when 'item: comparison>
        (fails: Set<'item> -> bool)
        (zeros: Set<'item>)
        : Set<'item> =
        let rec go parts (zeros: Set<'item>) =
            if zeros.IsEmpty then
                zeros
            else
                let chunks = zeros |> Set.toList |> List.splitInto parts

                let less =
                    chunks
                    |> Seq.map (fun chunk -> Set.difference zeros (Set.ofList chunk))
                    |> Seq.tryFind fails

                match less with
                | Some less -> go (max 2 (parts - 1)) less
                | None when parts >= zeros.Count -> zeros
                | None -> go (min zeros.Count (2 * parts)) zeros

        if fails Set.empty then Set.empty else go 2 zeros
