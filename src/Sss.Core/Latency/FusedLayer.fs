namespace Sss.Core

/// A layer with the element-wise layers right after it: what engines compute in one pass.
type FusedLayer = { First: Layer; Rest: Layer list }

/// Fused layers of networks, and the same ones at other widths.
[<RequireQualifiedAccess>]
module FusedLayer =

    let private isPointwise (layer: Layer) =
        match (Op.facts layer.Op).Family with
        | Family.Pointwise -> true
        | Family.Weights
        | Family.Norm
        | Family.Pooling
        | Family.Other -> false

    let rec private ofBody (nodes: Node list) : FusedLayer list =
        match nodes with
        | [] -> []
        | Node.Layer first :: following ->
            let rest =
                following
                |> List.takeWhile (
                    function
                    | Node.Layer layer -> isPointwise layer
                    | Node.Residual _
                    | Node.Gate _
                    | Node.Concat _
                    | Node.Output _ -> false
                )
                |> Network.layersOf
                |> List.ofSeq

            { First = first; Rest = rest } :: ofBody (List.skip rest.Length following)
        | (Node.Residual _ | Node.Gate _ | Node.Concat _ | Node.Output _ as node) :: following ->
            List.collect ofBody (Node.bodies node) @ ofBody following

    /// All layers of a network, in the order of the text.
    let ofNetwork (network: Network) : FusedLayer list = ofBody network.Body

    /// The values that joins write: sums, products and concatenations are passes over memory of their own.
    let joined (network: Network) : int64 =
        Network.nodes network
        |> Seq.sumBy (fun node ->
            match node with
            | Node.Layer _
            | Node.Output _ -> 0L
            | Node.Residual _
            | Node.Gate _
            | Node.Concat _ -> Shape.count (Node.output node)
        )

    /// The next multiple of a number of channels, but not more than all.
    let roundUp (multiple: int) (all: int) (channels: int) : int =
        min all ((channels + multiple - 1) / multiple * multiple)

    /// Channels from few to all, by quarters, in multiples of `step`.
    let private quarters step count =
        [| 1; count / 4; count / 2; 3 * count / 4; count |]
        |> Array.map (roundUp step count)
        |> Array.filter (fun n -> n > 0)
        |> Array.distinct

    /// The numbers of input and of output channels at which times are measured; one number where the width
    /// follows the other side's. `multiple`: of which channels stay, where groups do not say otherwise.
    let widths (multiple: int) (fused: FusedLayer) : int[] * int[] =
        let layer = fused.First
        let ins, outs = layer.Input.Channels, layer.Output.Channels

        match (Op.facts layer.Op).Coupling with
        | Coupling.Apart -> quarters multiple ins, [| outs |]
        | Coupling.Moves _ -> [| ins |], [| outs |]
        | Coupling.Mixes groups -> quarters (ins / groups) ins, [| outs |]
        | Coupling.Reads reading ->
            let reading = reading layer.Input

            if reading.Groups = 1 then
                quarters multiple ins, quarters (max multiple reading.Block) outs
            else
                [| ins |], quarters (outs / reading.Groups) outs

    /// The layer on fewer channels. None: it cannot have so many.
    let private narrowed (layer: Layer) (ins: int) (outs: int) : Layer option =
        let facts = Op.facts layer.Op
        let groups = OpFacts.groups facts layer.Input

        let op =
            facts.Narrow {
                Out = outs
                Groups = max 1 (groups * outs / layer.Output.Channels)
                Kept = Array.init layer.Input.Channels (fun i -> i < ins)
                Bias = Op.hasBias layer.Op
            }

        let input = { layer.Input with Channels = ins }

        match Op.output op input with
        | Ok output when output.Channels = outs ->
            Some {
                layer with
                    Op = op
                    Input = input
                    Output = output
                    Scale = None
            }
        | Ok _
        | Error _ -> None

    /// The layer as a network of its own with so many channels. None: it cannot have so many.
    let atWidths (fused: FusedLayer) (ins: int) (outs: int) : Network option =
        let first = fused.First

        let ins, outs =
            match (Op.facts first.Op).Coupling with
            | Coupling.Apart
            | Coupling.Mixes _ -> ins, ins * first.Output.Channels / first.Input.Channels
            | Coupling.Moves _ -> ins, outs
            | Coupling.Reads reading when (reading first.Input).Groups > 1 ->
                first.Input.Channels * outs / first.Output.Channels, outs
            | Coupling.Reads _ -> ins, outs

        (narrowed first ins outs |> Option.map List.singleton, fused.Rest)
        ||> List.fold (fun made layer ->
            made
            |> Option.bind (fun made ->
                narrowed layer outs outs |> Option.map (fun layer -> layer :: made)
            )
        )
        |> Option.map (fun made -> {
            Name = first.Name
            Input = { first.Input with Channels = ins }
            Classes = int (Shape.count made.Head.Output)
            OutputKind = OutputKind.Classes
            Body = made |> List.rev |> List.map Node.Layer
        })
