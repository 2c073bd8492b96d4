namespace Sss.Core

open System

/// The metrics of whole sets of answers, on plain arrays.
[<RequireQualifiedAccess>]
module Averages =

    /// Average precision of one class: the mean, over the images that have it, of the precision among the images whose score
    /// is at least theirs. Equal scores count together. (scikit-learn's `average_precision_score`.) None: no image has it.
    let precision (scores: float32[]) (isThere: bool[]) : float option =
        let total = isThere |> Array.sumBy (fun x -> if x then 1 else 0)

        if total = 0 then
            None
        else
            let order = Array.init scores.Length id |> Array.sortBy (fun i -> -scores[i])
            let mutable found = 0
            let mutable sum = 0.0
            let mutable at = 0

            while at < order.Length do
                let score = scores[order[at]]
                let mutable here = 0

                while at < order.Length && scores[order[at]] = score do
                    if isThere[order[at]] then
                        here <- here + 1

                    at <- at + 1

                found <- found + here
                sum <- sum + float here * float found / float at

            Some(sum / float total)

    /// Mean intersection over union from the counts of (right class, predicted class) pairs, row by row. Classes that are neither
    /// right nor predicted anywhere are left out; not a number where there are none at all.
    let iou (classes: int) (counts: int64[]) : float =
        let at right predicted = counts[right * classes + predicted]

        [ 0 .. classes - 1 ]
        |> List.choose (fun c ->
            let right = Seq.sumBy (at c) (seq { 0 .. classes - 1 })
            let predicted = Seq.sumBy (fun r -> at r c) (seq { 0 .. classes - 1 })
            let union = right + predicted - at c c

            if union = 0L then
                None
            else
                Some(float (at c c) / float union)
        )
        |> function
            | [] -> nan
            | values -> List.average values

    /// 1 − `residual` / `deviation`. Where all targets are the same: 1 if they are met exactly, otherwise 0.
    /// (scikit-learn's `r2_score`.)
    let r2 (residual: float) (deviation: float) : float =
        if deviation > 0.0 then 1.0 - residual / deviation
        elif residual = 0.0 then 1.0
        else 0.0
