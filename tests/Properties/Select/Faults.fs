/// Selection with faults seeded into it, each one that a published tool had. The laws must find them.
module Sss.Tests.Select.Faults

open Sss.Core
open Sss.Core.Select

type Fault =
    /// Columns after a concatenation are taken one place off.
    | ConcatOffByOne
    /// Filters of a depthwise convolution are cut from the end, as many as there are too many.
    | DepthwiseTakenForGrouped
    /// With a dead block its projection goes too.
    | ProjectionDroppedWithBlock
    /// Constants are folded over zero padding as well.
    | PaddingForgotten
    /// A dead channel is taken to be dead after a bn.
    | ShiftForgotten
    /// The gate's channels are taken from its start, as many as its input keeps.
    | GateForgotten
    /// A part of a split keeps the channels of the part after it.
    | WrongPart
    /// A shuffle is done over again on what is left, whatever order that gives.
    | ShuffledAnew
    /// The output projection of attention keeps the columns of other heads.
    | WrongHead
    /// Shared factors multiply all layers but the last of them.
    | MemberForgotten
    /// Shared factors do not multiply the layers of a projection.
    | ProjectionLeftOut

/// Those that show in networks with shared factors.
let ofShared = [ MemberForgotten; ProjectionLeftOut ]

let all = [
    ConcatOffByOne
    DepthwiseTakenForGrouped
    ProjectionDroppedWithBlock
    PaddingForgotten
    ShiftForgotten
    GateForgotten
    WrongPart
    ShuffledAnew
    WrongHead
]

/// The masks of what comes out of concatenations, up to the layers that read it, turned by one place.
let private turn (graph: DataFlow) (channels: Channels) : Channels =
    let turned = Array.zeroCreate<bool> graph.Shapes.Length

    for struct (_, step) in graph.Steps do
        match step with
        | Step.Join(Node.Concat _, _, _, output) -> turned[output] <- true
        | Step.Through(_, input, output) -> turned[output] <- turned[input]
        | Step.Move _
        | Step.Part _
        | Step.Read _
        | Step.Mix _
        | Step.Join _ -> ()

    {
        channels with
            Kept =
                channels.Kept
                |> Array.mapi (fun value kept ->
                    if turned[value] && kept.Length > 0 then
                        Array.append [| Array.last kept |] kept[.. kept.Length - 2]
                    else
                        kept
                )
    }

/// The network with all padding out of sight of the analysis.
let private unpadded (network: Network) : Network =
    let none = Padding.none

    let op op =
        match op with
        | Op.Conv c -> Op.Conv { c with Pad = none }
        | Op.DepthwiseConv c -> Op.DepthwiseConv { c with Pad = none }
        | op -> op

    Network.map (fun l -> { l with Op = op l.Op }) id network

/// Numbers as they look when every bn maps 0 to 0.
let private shiftless (network: Network) (numbers: WeightReader) : WeightReader =
    let norms =
        Network.layers network
        |> Seq.collect (fun l ->
            match l.Op with
            | Op.BatchNorm _ -> [
                ArrayKey.make ArrayPart.Bias l.Name
                ArrayKey.make ArrayPart.Mean l.Name
              ]
            | _ -> []
        )
        |> Set.ofSeq

    {
        numbers with
            At =
                numbers.At
                |> Option.map (fun at key -> if norms.Contains key then (fun _ -> 0.0) else at key)
    }

/// First rows instead of kept ones.
let private firstRows (network: Network) (whole: Weights<float>) (selected: Selected<float>) =
    let wholeOf = Network.layers network |> Seq.map (fun l -> l.Name, l) |> Map.ofSeq

    (selected.Weights, Network.layers selected.Network)
    ||> Seq.fold (fun weights layer ->
        match layer.Op with
        | Op.DepthwiseConv _ when layer.Output <> wholeOf[layer.Name].Output ->
            let key = ArrayKey.make ArrayPart.Weight layer.Name
            let n = weights[key].Data.Length

            Map.add
                key
                {
                    weights[key] with
                        Data = whole[key].Data[.. n - 1]
                }
                weights
        | _ -> weights
    )

let private withoutProjections (network: Network) (selected: Selected<float>) : Network =
    let dropped =
        selected.Plan.Removals
        |> List.choose (
            function
            | Removal.DeadBranch residual -> Some residual
            | _ -> None
        )
        |> Set.ofList

    let projections =
        Network.nodes network
        |> Seq.collect (
            function
            | Node.Residual r when dropped.Contains r.Name ->
                Network.layersOf r.Shortcut |> Seq.map _.Name
            | _ -> Seq.empty
        )
        |> Set.ofSeq

    let rec body nodes =
        nodes
        |> List.choose (
            function
            | Node.Layer l when projections.Contains l.Name -> None
            | Node.Layer l -> Some(Node.Layer l)
            | node -> Some(Node.withBodies (Node.bodies node |> List.map body) node)
        )

    {
        selected.Network with
            Body = body selected.Network.Body
    }

/// The mask with as many channels, the first ones.
let private fromStart (kept: bool[]) : bool[] =
    let count = kept |> Array.filter id |> Array.length
    Array.init kept.Length (fun i -> i < count)

/// The masks of what gates multiply with, up to the layers that compute it.
let private gates (graph: DataFlow) (channels: Channels) : Channels =
    let forgotten = Array.zeroCreate<bool> graph.Shapes.Length

    for struct (_, step) in Array.rev graph.Steps do
        match step with
        | Step.Join(Node.Gate _, _, sides, _) -> forgotten[sides[1].End] <- true
        | Step.Through(_, input, output) ->
            forgotten[input] <- forgotten[input] || forgotten[output]
        | _ -> ()

    {
        channels with
            Kept =
                channels.Kept
                |> Array.mapi (fun value kept -> if forgotten[value] then fromStart kept else kept)
    }

/// The masks of what splits read, each part's channels where the next part's are.
let private parts (graph: DataFlow) (channels: Channels) : Channels =
    let read =
        set [
            for struct (_, step) in graph.Steps do
                match step with
                | Step.Part(_, _, input, _) -> input
                | _ -> ()
        ]

    let turned value (kept: bool[]) =
        if read.Contains value && kept.Length > 0 then
            Array.append [| Array.last kept |] (Array.truncate (kept.Length - 1) kept)
        else
            kept

    {
        channels with
            Kept = Array.mapi turned channels.Kept
    }

/// The masks of what heads give, one place off.
let private heads (graph: DataFlow) (channels: Channels) : Channels =
    let given =
        set [
            for struct (_, step) in graph.Steps do
                match step with
                | Step.Read({ Op = Op.Attention _ }, _, _, output) -> output
                | _ -> ()
        ]

    let turned value (kept: bool[]) =
        if given.Contains value && kept.Length > 0 then
            Array.append
                (Array.rev (Array.truncate 2 (Array.rev kept)))
                (Array.truncate (kept.Length - 2) kept)
        else
            kept

    {
        channels with
            Kept = Array.mapi turned channels.Kept
    }

let private shuffledAnew (network: Network) (selected: Selected<float>) : Network =
    let groups =
        Network.layers network
        |> Seq.choose (fun l ->
            match l.Op with
            | Op.Reorder(Reorder.Shuffle g) -> Some(l.Name, g)
            | _ -> None
        )
        |> Map.ofSeq

    let again (l: Layer) =
        match Map.tryFind l.Name groups with
        | Some g when l.Input.Channels % g = 0 -> {
            l with
                Op = Op.Reorder(Reorder.Shuffle g)
          }
        | _ -> l

    Network.map again id selected.Network

/// The network in which these layers do not share their factors.
let private forgotten (isForgotten: Layer -> bool) (network: Network) : Network =
    Network.map
        (fun l ->
            match l.Scale with
            | Some { Owner = Some _ } when isForgotten l -> { l with Scale = None }
            | _ -> l
        )
        id
        network

let private lastMembers (network: Network) : Set<string> =
    Network.carriers network
    |> Map.values
    |> Seq.map (fun all -> (List.last all).Name)
    |> Set.ofSeq

let private projections (network: Network) : Set<string> =
    Network.residuals network
    |> Seq.collect (fun r -> Network.layersOf r.Shortcut)
    |> Seq.map _.Name
    |> Set.ofSeq

/// `Selection.select` with a fault in it.
let select
    (fault: Fault)
    (network: Network)
    (weights: Weights<float>)
    : Result<Selected<float>, SelectionError> =
    let honest = Selection.select Selection.defaults network weights

    let pieces seen numbers change =
        honest
        |> Result.map (fun selected ->
            let graph = DataFlow.ofNetwork seen
            let states = ForwardAnalysis.states numbers graph
            let sums = BackwardAnalysis.sums false numbers graph states

            let channels =
                Channels.keep 1 (fun _ _ -> 0.0) numbers graph states sums |> change graph

            let rewrite = NetworkRewrite.make false numbers graph states sums channels network
            let proper = WeightReader.ofWeights weights

            {
                selected with
                    Network = rewrite.Network
                    Weights = SelectedWeights.weights weights proper graph sums channels rewrite
            }
        )

    let numbers = WeightReader.ofWeights weights

    match fault with
    | ConcatOffByOne -> pieces network numbers turn
    | PaddingForgotten -> pieces (unpadded network) numbers (fun _ channels -> channels)
    | ShiftForgotten -> pieces network (shiftless network numbers) (fun _ channels -> channels)
    | DepthwiseTakenForGrouped ->
        honest
        |> Result.map (fun s -> {
            s with
                Weights = firstRows network weights s
        })
    | GateForgotten -> pieces network numbers gates
    | MemberForgotten ->
        let last = lastMembers network

        Selection.select
            Selection.defaults
            (forgotten (fun l -> last.Contains l.Name) network)
            weights
    | ProjectionLeftOut ->
        let left = projections network

        Selection.select
            Selection.defaults
            (forgotten (fun l -> left.Contains l.Name) network)
            weights
    | WrongPart -> pieces network numbers parts
    | WrongHead -> pieces network numbers heads
    | ShuffledAnew ->
        honest
        |> Result.map (fun s -> {
            s with
                Network = shuffledAnew network s
        })
    | ProjectionDroppedWithBlock ->
        honest
        |> Result.map (fun s -> {
            s with
                Network = withoutProjections network s
        })
