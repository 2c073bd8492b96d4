namespace Sss.Core

/// Times of networks, as a profile predicts them.
[<NoEquality; NoComparison>]
type LatencyMeasure = {
    /// Milliseconds of a prediction.
    Predict: Network -> float
    /// By which predictions are multiplied as long as nothing is measured: with the profile's error added, what is within a
    /// limit is within it when it is measured.
    FirstFactor: float
    /// Milliseconds of the dense network.
    Dense: float
    /// Channels that the engine computes together.
    Multiple: int
    /// Measures what selection makes of a network with these weights, in milliseconds of the machine that `Dense` was measured
    /// on. None: it could not be measured. No function: nothing is measured while a network trains.
    Measure: (Network -> Weights<float32> -> float option) option
}

/// What a network costs besides macs and parameters, which its text alone says.
[<NoEquality; NoComparison>]
type CostMeasures = {
    /// Bytes of a network's ONNX file.
    FileSize: Network -> int64
    /// None: there is no profile.
    Latency: LatencyMeasure option
    /// How the trained network will be selected: what its rounding leaves counts, and so do factors that it keeps.
    Select: SelectOptions
}

/// What a limit of a target is of.
[<RequireQualifiedAccess>]
type LimitKind =
    | Macs
    | Params
    /// Of the ONNX file.
    | Size
    | Latency

/// One limit of a target. Units are macs, parameters, bytes and milliseconds.
[<NoEquality; NoComparison>]
type TargetLimit = {
    Kind: LimitKind
    Cost: Network -> float
    Most: float
}

/// All limits of a target as one: a cost, and the largest one allowed. The cost must not grow when structures are removed.
[<NoEquality; NoComparison>]
type CostLimit = { Of: Network -> int64; Most: int64 }

/// A target as training needs it.
[<NoEquality; NoComparison>]
type CostTarget = {
    /// The limit, with a factor for predictions of times.
    Limit: float -> CostLimit
    /// As in `LatencyMeasure`.
    FirstFactor: float
    /// Measures a network (`LatencyMeasure.Measure`): its time as a part of the limit.
    Share: (Network -> Weights<float32> -> float option) option
    /// As in `CostMeasures`.
    Select: SelectOptions
    /// So many channels of a layer go together.
    Lane: int
    /// Whether fewer channels than a lane save nothing.
    WholeLanes: bool
}

/// Limits for the controller of γ (`Budget`).
[<RequireQualifiedAccess>]
module CostLimit =

    /// Bytes of a network's numbers in float32.
    let numbersSize (network: Network) : int64 =
        let statistics = Parameters.statistics network |> Seq.sumBy (fun s -> int64 s.Count)

        4L * ((Cost.ofNetwork network).Params + statistics)

    /// Measures of a target without limits on size and latency.
    let noMeasures: CostMeasures = {
        FileSize = numbersSize
        Latency = None
        Select = Selection.defaults
    }

    /// Milliseconds that a limit on latency allows. `dense`: the dense network's.
    let milliseconds (dense: float) (limit: LatencyLimit) : float =
        match limit with
        | LatencyLimit.Milliseconds most -> most
        | LatencyLimit.OfDense fraction -> fraction * dense

    /// What counts as the whole of a limit where several limits are one number.
    let private whole = float (1L <<< 40)

    /// The limits of a target, each for itself. `factor`: by which predictions of times are multiplied. A limit on latency is
    /// left out where there is no profile.
    let each
        (measures: CostMeasures)
        (dense: Network)
        (target: Target)
        (factor: float)
        : TargetLimit list =
        let part kind (count: Cost -> int64) fraction =
            let cost network = float (count (Cost.ofNetwork network))

            {
                Kind = kind
                Cost = cost
                Most = floor (fraction * cost dense)
            }

        [
            yield! target.Macs |> Option.map (part LimitKind.Macs _.Macs) |> Option.toList
            yield! target.Params |> Option.map (part LimitKind.Params _.Params) |> Option.toList
            match target.Size with
            | Some bytes -> {
                Kind = LimitKind.Size
                Cost = measures.FileSize >> float
                Most = float bytes
              }
            | None -> ()
            match target.Latency, measures.Latency with
            | Some limit, Some latency -> {
                Kind = LimitKind.Latency
                Cost = latency.Predict >> (*) factor
                Most = milliseconds latency.Dense limit
              }
            | Some _, None
            | None, _ -> ()
        ]

    /// The target as one limit; None: it has none. Macs alone are counted as they are. Several limits
    /// become the largest of cost / limit, which is within its bound exactly where each of them is.
    let private limit (measures: CostMeasures) dense (target: Target) factor : CostLimit option =
        match each measures dense target factor with
        | [] -> None
        | [ { Kind = LimitKind.Macs; Most = most } ] ->
            Some {
                Of = fun network -> (Cost.ofNetwork network).Macs
                Most = int64 most
            }
        | limits ->
            let share network =
                limits
                |> List.map (fun limit -> limit.Cost network / max limit.Most 1e-9)
                |> List.max

            Some {
                Of = fun network -> int64 (min 1e18 (ceil (whole * share network)))
                Most = int64 whole
            }

    /// The target for training; None: it has no limit.
    let ofTarget (measures: CostMeasures) (dense: Network) (target: Target) : CostTarget option =
        let latency =
            Option.map2 (fun limit measure -> limit, measure) target.Latency measures.Latency

        let start =
            latency
            |> Option.map (fun (_, latency) -> latency.FirstFactor)
            |> Option.defaultValue 1.0

        // Fewer channels than these save nothing: the engine computes them together, or selection rounds up to them.
        let whole =
            latency
            |> Option.map (fun (_, latency) -> latency.Multiple)
            |> Option.fold max measures.Select.Round

        limit measures dense target start
        |> Option.map (fun first -> {
            Limit = fun factor -> limit measures dense target factor |> Option.defaultValue first
            FirstFactor = start
            Share =
                latency
                |> Option.bind (fun (limit, latency) ->
                    let most = milliseconds latency.Dense limit

                    latency.Measure
                    |> Option.map (fun measure network weights ->
                        measure network weights |> Option.map (fun time -> time / most)
                    )
                )
            Select = measures.Select
            Lane = if whole > 1 then whole else ChannelMultiple.count
            WholeLanes = whole > 1
        })
