namespace Sss.Core

open Sss.Core.Select

/// A network whose layers are all narrower by one multiplier: the plainest way to a given size, and
/// so what a selected network has to be better than. Nothing of it is learnt.
type Narrowed = {
    /// Without scaling factors.
    Network: Network
    /// From 0 (one channel a layer, about) to 1: the part of its channels that every layer keeps, up to rounding.
    Multiplier: float
}

/// Uniform narrowing. Channel c of a layer of W channels stays from the multiplier (c + ½)/W on, so
/// that a layer keeps W·m channels, rounded, and at least one. Channels that a sum joins, or a group
/// of a convolution, stay together, at the multiplier of the narrowest layer among those that make
/// them. The input's channels and the output's stay whole; so does the depth.
[<RequireQualifiedAccess>]
module Uniform =

    /// The network without its scaling factors.
    let plain (network: Network) : Network =
        network
        |> Network.map (fun l -> { l with Scale = None }) (fun r -> { r with Scale = None })

    let private isKept (bundles: Bundles) multiplier bundle = bundles.From[bundle] <= multiplier

    /// A layer on the channels that are kept. `kept`: which are, by value of the graph.
    let private narrowLayer (graph: DataFlow) (kept: int -> bool[]) (l: Layer) : Layer =
        let struct (input, output) = graph.Ports[l.Name]

        let count value =
            kept value |> Array.sumBy (fun stays -> if stays then 1 else 0)

        let outs = count output
        let facts = Op.facts l.Op

        {
            l with
                Scale = None
                Op =
                    facts.Narrow {
                        Out = outs
                        Groups =
                            Array.splitInto (OpFacts.groups facts l.Input) (kept output)
                            |> Array.filter (Array.contains true)
                            |> Array.length
                        Kept = kept input
                        Bias = (facts.Bias = Some true)
                    }
                Input = { l.Input with Channels = count input }
                Output = { l.Output with Channels = outs }
        }

    let private cut (graph: DataFlow) (bundles: Bundles) multiplier (network: Network) : Network =
        let kept value =
            bundles.Of[value] |> Array.map (isKept bundles multiplier)

        let layer = narrowLayer graph kept

        let rec body input nodes =
            nodes
            |> List.mapFold
                (fun input node ->
                    let node = visit input node
                    node, Node.output node
                )
                input
            |> fst

        and visit input node =
            match node with
            | Node.Layer l -> Node.Layer(layer l)
            | Node.Residual r ->
                joined
                    input
                    (Node.Residual {
                        r with
                            Scale = None
                            Branch = body input r.Branch
                            Shortcut = body input r.Shortcut
                    })
            | Node.Gate g -> joined input (Node.Gate { g with Body = body input g.Body })
            | Node.Output o -> joined input (Node.Output { o with Body = body input o.Body })
            | Node.Concat c ->
                let branch (branch: Branch) (side: Side) =
                    let own = {
                        branch.Input with
                            Channels =
                                kept side.Start |> Array.sumBy (fun stays -> if stays then 1 else 0)
                    }

                    {
                        branch with
                            Input = own
                            Body = body own branch.Body
                    }

                joined
                    input
                    (Node.Concat {
                        c with
                            Branches =
                                List.map2 branch c.Branches (List.ofArray graph.Sides[c.Name])
                    })

        // Sides fit together: their channels stay at the same multipliers.
        and joined input node =
            Network.joined input node |> Option.defaultValue node

        {
            network with
                Body = body network.Input network.Body
        }

    /// The network with every layer at `multiplier` of its width, from 0 to 1. Its macs never fall as the multiplier rises.
    let narrow (multiplier: float) (network: Network) : Network =
        let graph = DataFlow.ofNetwork network
        cut graph (ChannelBundles.ofGraph graph) multiplier network

    /// The widest uniformly narrowed network of at most `macs`; None: even one channel a layer is
    /// more than that.
    let within (macs: int64) (network: Network) : Narrowed option =
        let graph = DataFlow.ofNetwork network
        let bundles = ChannelBundles.ofGraph graph

        // Widths change at these multipliers and nowhere else.
        let steps = Array.append [| 0.0 |] bundles.From |> Array.distinct |> Array.sort
        let at i = cut graph bundles steps[i] network
        let fits i = (Cost.ofNetwork (at i)).Macs <= macs

        // Fits at `low`, does not at `high`.
        let rec bisect low high =
            if high - low <= 1 then
                low
            else
                let middle = (low + high) / 2

                if fits middle then
                    bisect middle high
                else
                    bisect low middle

        if not (fits 0) then
            None
        else
            let best = bisect 0 steps.Length

            Some {
                Network = at best
                Multiplier = if best = steps.Length - 1 then 1.0 else steps[best]
            }
