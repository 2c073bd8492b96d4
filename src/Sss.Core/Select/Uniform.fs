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

/// Channels that stay or go together, and from which multiplier on they stay.
type private Bundles = {
    /// By value of the graph: the bundle of each channel.
    Of: int[][]
    /// By bundle; 0: stays at every multiplier.
    From: float[]
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

    /// By class: the mean multiplier of its channels in the narrowest layer among those that make them.
    let private leastMultipliers
        (classes: ChannelClasses)
        (width: int[])
        (from: float[])
        : float[] =
        let least = Array.copy from

        for root, members in Seq.groupBy classes.Root (seq { 0 .. from.Length - 1 }) do
            let narrowest = members |> Seq.map (fun i -> width[i]) |> Seq.min

            least[root] <-
                members
                |> Seq.filter (fun i -> width[i] = narrowest)
                |> Seq.averageBy (fun i -> from[i])

        least

    /// The channels of all values while bundles are made.
    type private Channels = {
        Classes: ChannelClasses
        /// By channel: how many its layer makes, and its multiplier.
        Width: ResizeArray<int>
        From: ResizeArray<float>
        /// What must not become empty: the output of a layer, the part that a branch of a split reads.
        Firsts: ResizeArray<int[]>
        /// By value: its channels.
        Values: int[][]
    }

    let private fresh c count =
        for i in 0 .. count - 1 do
            c.Width.Add count
            c.From.Add((float i + 0.5) / float count)

        let made = c.Classes.Add count
        c.Firsts.Add made
        made

    let private unite c a b = c.Classes.Union(a, b, null)

    /// A layer that reads channels and makes new ones.
    let private read c (reading: Reading) (input: int[]) count : int[] =
        let output = fresh c count

        if reading.Block > 1 then
            for channels in Array.chunkBySize reading.Block output do
                Array.iter (unite c channels[0]) channels

        if reading.Groups > 1 then
            let ins = Array.splitInto reading.Groups input
            let outs = Array.splitInto reading.Groups output

            for channels in Array.map2 Array.append outs ins do
                Array.iter (unite c channels[0]) channels

        output

    let private follow (graph: DataFlow) c step =
        let values = c.Values

        match step with
        | Step.Through(_, input, output) -> values[output] <- values[input]
        // As many channels of each group, so that the groups stay equally large.
        | Step.Mix(_, groups, input, output) ->
            let parts = Array.splitInto groups values[input]

            for part in parts do
                Array.iter2 (unite c) parts[0] part

            values[output] <- values[input]
        | Step.Move(_, source, input, output) ->
            values[output] <- source |> Array.map (Array.get values[input])
        | Step.Part(_, first, input, output) ->
            values[output] <- Array.sub values[input] first graph.Shapes[output].Channels
            c.Firsts.Add values[output]
        | Step.Read(_, reading, input, output) ->
            values[output] <- read c reading values[input] graph.Shapes[output].Channels
        | Step.Join(_, { Coupling = JoinCoupling.Together }, sides, output) ->
            for side in Array.tail sides do
                Array.iter2 (unite c) values[sides[0].End] values[side.End]

            values[output] <- values[sides[0].End]
        | Step.Join(_, { Coupling = JoinCoupling.InOrder }, sides, output) ->
            values[output] <- sides |> Array.collect (fun side -> values[side.End])

    let private bundles (graph: DataFlow) : Bundles =
        let c = {
            Classes = ChannelClasses()
            Width = ResizeArray()
            From = ResizeArray()
            Firsts = ResizeArray()
            Values = Array.create graph.Shapes.Length [||]
        }

        c.Values[DataFlow.Input] <- fresh c graph.Shapes[DataFlow.Input].Channels

        for struct (_, step) in graph.Steps do
            follow graph c step

        let root = c.Classes.Root
        let least = leastMultipliers c.Classes (c.Width.ToArray()) (c.From.ToArray())

        for channel in Array.append c.Values[DataFlow.Input] c.Values[graph.Output] do
            least[root channel] <- 0.0

        for channels in c.Firsts do
            least[channels |> Array.map root |> Array.minBy (fun i -> least[i])] <- 0.0

        {
            Of = c.Values |> Array.map (Array.map root)
            From = least
        }

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
        cut graph (bundles graph) multiplier network

    /// The widest uniformly narrowed network of at most `macs`; None: even one channel a layer is
    /// more than that.
    let within (macs: int64) (network: Network) : Narrowed option =
        let graph = DataFlow.ofNetwork network
        let bundles = bundles graph

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
