namespace Sss.Core

open System.Numerics
open Sss.Core.Select

/// How to select.
type SelectOptions = {
    /// Layers keep a multiple of this many channels where they had as many; 1: no rounding.
    Round: int
    /// Kept factors stay factors instead of being folded into weights.
    KeepFactors: bool
}

/// A network with what was dead taken out, and its numbers.
type Selected<'T> = {
    Network: Network
    Weights: Weights<'T>
    /// What went, what stayed, and why.
    Plan: Plan
}

/// Removal of what zero factors have switched off. The selected network gives the same output as the
/// full one with its zeros, for every image, up to rounding. `docs/selection.md` has the rules.
[<RequireQualifiedAccess>]
module Selection =

    /// No rounding, factors folded.
    let defaults = { Round = 1; KeepFactors = false }

    /// Everything but the copying of numbers.
    type internal Analysis = {
        Graph: DataFlow
        Sums: Sums
        Channels: Channels
        Rewrite: NetworkRewrite
    }

    /// The layer after which nothing of the image is left: the first such node of the network's own
    /// body, and inside it the first such layer.
    let private died (numbers: WeightReader) (graph: DataFlow) states : string option =
        let carries = ForwardAnalysis.carries numbers graph states

        let isDead value =
            not (Array.contains true carries[value])

        graph.Trunk
        |> List.tryFind (fun (_, value) -> isDead value)
        |> Option.map (fun (node, _) ->
            Network.layersOf [ node ]
            |> Seq.tryFind (fun layer ->
                let struct (_, output) = graph.Ports[layer.Name]
                isDead output
            )
            |> Option.map _.Name
            |> Option.defaultValue (Node.name node)
        )

    let internal analyse
        options
        norm
        numbers
        (network: Network)
        : Result<Analysis, SelectionError> =
        let graph = DataFlow.ofNetwork network
        let states = ForwardAnalysis.states numbers graph

        match died numbers graph states with
        | Some layer -> Error(SelectionError.LayerDied layer)
        | None ->
            let sums = BackwardAnalysis.sums options.KeepFactors numbers graph states
            let channels = Channels.keep options.Round norm numbers graph states sums

            Ok {
                Graph = graph
                Sums = sums
                Channels = channels
                Rewrite =
                    NetworkRewrite.make
                        options.KeepFactors
                        numbers
                        graph
                        states
                        sums
                        channels
                        network
            }

    /// Euclidean norm of the weights of one output channel.
    let private normOf (numbers: WeightReader) (layer: Layer) =
        match numbers.At with
        | None -> fun _ -> 0.0
        | Some at ->
            let weight = at (ArrayKey.make ArrayPart.Weight layer.Name)

            let count =
                Op.arrays layer.Op layer.Input
                |> List.tryFind (fun spec -> spec.Role = ArrayRole.Weight)
                |> Option.map (fun spec -> int (Parameters.size spec.Shape) / List.head spec.Shape)
                |> Option.defaultValue 0

            fun o -> OpFacts.sumOf (fun i -> weight i * weight i) (o * count) count

    /// The first array that is missing or has a wrong size.
    let internal misfit (network: Network) (weights: Weights<'T>) =
        let expected =
            Seq.concat [
                Parameters.ofNetwork network
                |> Seq.map (fun p -> p.Key, Parameters.size p.Shape)
                Parameters.statistics network |> Seq.map (fun s -> s.Key, int64 s.Count)
                Parameters.factors network |> Seq.map (fun f -> f.Key, int64 f.Scale.Count)
            ]

        expected
        |> Seq.tryPick (fun (key, size) ->
            match Map.tryFind key weights with
            | None -> Some(SelectionError.ArrayMissing key)
            | Some array when array.Data.LongLength <> size ->
                Some(SelectionError.ArraySize(key, size, array.Data.LongLength))
            | Some _ -> None
        )

    let private prepare options (network: Network) (weights: Weights<'T>) =
        if options.Round < 1 then
            Error(SelectionError.RoundBelowOne options.Round)
        else
            match misfit network weights with
            | Some error -> Error error
            | None ->
                let numbers = WeightReader.ofWeights weights

                analyse options (normOf numbers) numbers network
                |> Result.map (fun analysis -> numbers, analysis)

    let internal planOf network numbers (a: Analysis) =
        PlanSummary.make network numbers a.Graph a.Sums a.Channels a.Rewrite

    /// What `select` would do, without copying any numbers.
    let plan<'T when 'T :> INumberBase<'T>>
        (options: SelectOptions)
        (network: Network)
        (weights: Weights<'T>)
        : Result<Plan, SelectionError> =
        prepare options network weights
        |> Result.map (fun (numbers, analysis) -> planOf network numbers analysis)

    /// Takes out all that factors of exactly 0 (`OWNER.factor` in the weights) have switched off.
    /// Errors: a layer died that nothing leads around; arrays that do not fit the network.
    /// Arrays that do not change are shared with the given ones.
    let select<'T when 'T :> INumberBase<'T>>
        (options: SelectOptions)
        (network: Network)
        (weights: Weights<'T>)
        : Result<Selected<'T>, SelectionError> =
        prepare options network weights
        |> Result.map (fun (numbers, a) -> {
            Network = a.Rewrite.Network
            Weights = SelectedWeights.weights weights numbers a.Graph a.Sums a.Channels a.Rewrite
            Plan = planOf network numbers a
        })

    /// The network that a pattern of zeros leaves, without numbers. `isZero`
    /// says whether a factor is 0, by owner and index. `numbers` gives an array's value by key and
    /// index (biases, statistics, and weights only where constants run through them or groups must be filled up); without it, a
    /// constant is taken to be other than 0 wherever it may be, and groups are filled up by index: the
    /// cost is then that of the worst weights with these channels in the groups. None: a layer died, and there is no such network. Copies nothing; its time goes with
    /// the number of channels.
    let wouldBeNetwork
        (options: SelectOptions)
        (network: Network)
        (isZero: string -> int -> bool)
        (numbers: (ArrayKey -> int -> float) option)
        : Network option =
        let numbers = {
            At = numbers
            IsZero = isZero
            InTraining = false
        }

        // Which channels are added for equal groups decides what stays before them, so the cost hangs on
        // the norms as well.
        match analyse options (normOf numbers) numbers network with
        | Ok analysis -> Some analysis.Rewrite.Network
        | Error _ -> None

    /// The cost of `wouldBeNetwork`, without rounding and with factors folded.
    let wouldBe
        (network: Network)
        (isZero: string -> int -> bool)
        (numbers: (ArrayKey -> int -> float) option)
        : Cost option =
        wouldBeNetwork defaults network isZero numbers |> Option.map Cost.ofNetwork

    /// `wouldBe` for a set of weights.
    let wouldBeOf<'T when 'T :> INumberBase<'T>>
        (network: Network)
        (weights: Weights<'T>)
        : Cost option =
        let numbers = WeightReader.ofWeights weights
        wouldBe network numbers.IsZero numbers.At
