namespace Sss.Core

/// A network that was measured on the way to a limit on latency.
[<Struct>]
type LatencyTry = {
    /// Predictions were multiplied by this when the network was chosen.
    Factor: float
    /// Its time, measured, as a part of the limit.
    Share: float
}

/// Finds the factor for predictions with which the chosen network is just within a limit when it is measured. A
/// larger factor makes the controller remove more. Measurements are noisy, and networks come in steps.
[<RequireQualifiedAccess>]
module LatencySearch =

    /// The parts of the limit between which a time is good enough. The rest up to 1 is for noise: what the same network
    /// may take in another measurement.
    let private least, private most = 0.95, 0.975

    /// What a next try aims at.
    let private aim = 0.9625

    /// Factors beyond these come from a machine that was disturbed.
    let private smallest, private largest = 0.2, 5.0

    let private isWithin (t: LatencyTry) = t.Share <= most

    /// The best of some tries: of those within the limit the slowest; if there is none, the fastest.
    let best (tries: LatencyTry list) : LatencyTry option =
        match tries |> List.filter isWithin, tries with
        | [], [] -> None
        | [], tries -> Some(tries |> List.minBy _.Share)
        | within, _ -> Some(within |> List.maxBy _.Share)

    /// A factor between bounds that are known: `low` is too small, `high` is large enough.
    let private between low high guess =
        match low, high with
        | Some low, Some high when high / low < 1.004 -> None
        | Some low, Some high when guess <= 1.001 * low || guess >= high / 1.001 ->
            Some(sqrt (low * high))
        | Some low, None -> Some(max guess (1.01 * low))
        | None, Some high -> Some(min guess (high / 1.01))
        | _ -> Some guess

    /// The factor to try next; `tries`: those so far, the last one first. None: the best of them is good enough, or
    /// another factor finds nothing better.
    let next (start: float) (tries: LatencyTry list) : float option =
        match tries, best tries with
        | [], _
        | _, None -> Some start
        | _, Some best when best.Share >= least && isWithin best -> None
        // The same network again: there is none between.
        | last :: before :: _, _ when last.Share = before.Share -> None
        | last :: _, _ ->
            let high =
                tries
                |> List.filter isWithin
                |> List.map _.Factor
                |> function
                    | [] -> None
                    | factors -> Some(List.min factors)

            let low =
                tries
                |> List.filter (fun t ->
                    not (isWithin t) && Option.forall (fun high -> t.Factor < high) high
                )
                |> List.map _.Factor
                |> function
                    | [] -> None
                    | factors -> Some(List.max factors)

            between low high (last.Factor * last.Share / aim)
            |> Option.map (fun factor -> System.Math.Clamp(factor, smallest, largest))
