namespace Sss.Core

/// Times of networks, as a profile predicts them.
[<NoEquality; NoComparison>]
type LatencyMeasure = {
    /// Milliseconds of a prediction, with the profile's error on top: what is within a limit so is so when
    /// it is measured.
    Predict: Network -> float
    /// Milliseconds of the dense network.
    Dense: float
}

/// What a network costs besides macs and parameters, which its text alone says.
[<NoEquality; NoComparison>]
type CostMeasures = {
    /// Bytes of the dense network's ONNX file that are not numbers: names, shapes, the text. The
    /// selected network's file has no more of them.
    FileOverhead: int64
    /// None: there is no profile.
    Latency: LatencyMeasure option
}

/// All limits of a target as one: a cost, and the largest one allowed. The cost must not grow when structures are removed.
[<NoEquality; NoComparison>]
type CostLimit = { Of: Network -> int64; Most: int64 }

/// Limits for the controller of γ (`Budget`).
[<RequireQualifiedAccess>]
module CostLimit =

    /// Measures of a target without limits on size and latency.
    let noMeasures: CostMeasures = { FileOverhead = 0L; Latency = None }

    /// Bytes of a network's ONNX file: its numbers in float32, and the rest.
    let fileSize (overhead: int64) (network: Network) : int64 =
        let statistics = Parameters.statistics network |> Seq.sumBy (fun s -> int64 s.Count)

        4L * ((Cost.ofNetwork network).Params + statistics) + overhead

    /// Milliseconds that a limit on latency allows. `dense`: the dense network's.
    let milliseconds (dense: float) (limit: LatencyLimit) : float =
        match limit with
        | LatencyLimit.Milliseconds most -> most
        | LatencyLimit.OfDense fraction -> fraction * dense

    let private macs network = (Cost.ofNetwork network).Macs

    let private macsLimit (dense: Network) fraction : CostLimit = {
        Of = macs
        Most = int64 (fraction * float (macs dense))
    }

    /// What counts as the whole of a limit where several limits are one number.
    let private whole = float (1L <<< 40)

    /// The limits of all but macs, each as a cost and the most that it may be.
    let private others (measures: CostMeasures) (dense: Network) (target: Target) = [
        match target.Params with
        | Some fraction ->
            let cost network = float (Cost.ofNetwork network).Params

            cost, floor (fraction * cost dense)
        | None -> ()
        match target.Size with
        | Some bytes -> (fileSize measures.FileOverhead >> float), float bytes
        | None -> ()
        match target.Latency, measures.Latency with
        | Some limit, Some latency -> latency.Predict, milliseconds latency.Dense limit
        | Some _, None
        | None, _ -> ()
    ]

    /// The target as one limit; None: it has none. Macs alone are counted as they are. Several limits
    /// become the largest of cost / limit, which is within its bound exactly where each of them is.
    let ofTarget (measures: CostMeasures) (dense: Network) (target: Target) : CostLimit option =
        match target.Macs, others measures dense target with
        | None, [] -> None
        | Some fraction, [] -> Some(macsLimit dense fraction)
        | fraction, limits ->
            let limits = [
                match fraction with
                | Some fraction ->
                    let limit = macsLimit dense fraction
                    (limit.Of >> float), float limit.Most
                | None -> ()
                yield! limits
            ]

            let share network =
                limits
                |> List.map (fun (cost, most) -> cost network / max most 1e-9)
                |> List.max

            Some {
                Of = fun network -> int64 (min 1e18 (ceil (whole * share network)))
                Most = int64 whole
            }
