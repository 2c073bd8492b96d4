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

let all = [
    ConcatOffByOne
    DepthwiseTakenForGrouped
    ProjectionDroppedWithBlock
    PaddingForgotten
    ShiftForgotten
]

/// The masks of what comes out of concatenations, up to the layers that read it, turned by one place.
let private turn (graph: DataFlow) (channels: Channels) : Channels =
    let turned = Array.zeroCreate<bool> graph.Shapes.Length

    for struct (_, step) in graph.Steps do
        match step with
        | Step.Join(_, _, output) -> turned[output] <- true
        | Step.Through(_, input, output) -> turned[output] <- turned[input]
        | Step.Spread _
        | Step.Read _
        | Step.Mix _
        | Step.Sum _ -> ()

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
            | Op.BatchNorm _ -> [ $"{l.Name}.bias"; $"{l.Name}.mean" ]
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
            let key = $"{layer.Name}.weight"
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
            | Node.Residual r ->
                Some(
                    Node.Residual {
                        r with
                            Branch = body r.Branch
                            Shortcut = body r.Shortcut
                    }
                )
            | Node.Concat c ->
                Some(
                    Node.Concat {
                        c with
                            Branches =
                                c.Branches |> List.map (fun b -> { b with Body = body b.Body })
                    }
                )
        )

    {
        selected.Network with
            Body = body selected.Network.Body
    }

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
    | ProjectionDroppedWithBlock ->
        honest
        |> Result.map (fun s -> {
            s with
                Network = withoutProjections network s
        })
