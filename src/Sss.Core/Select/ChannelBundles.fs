namespace Sss.Core

open Sss.Core.Select

/// Channels that stay or go together, and from which multiplier on they stay.
type internal Bundles = {
    /// By value of the graph: the bundle of each channel.
    Of: int[][]
    /// By bundle; 0: stays at every multiplier.
    From: float[]
}

/// Which channels uniform narrowing keeps or removes together.
[<RequireQualifiedAccess>]
module internal ChannelBundles =

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

    /// The bundles of a graph.
    let ofGraph (graph: DataFlow) : Bundles =
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

        for channel in DataFlow.Input :: graph.Outputs |> Seq.collect (Array.get c.Values) do
            least[root channel] <- 0.0

        for channels in c.Firsts do
            least[channels |> Array.map root |> Array.minBy (fun i -> least[i])] <- 0.0

        {
            Of = c.Values |> Array.map (Array.map root)
            From = least
        }
