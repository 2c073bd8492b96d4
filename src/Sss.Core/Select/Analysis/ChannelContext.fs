namespace Sss.Core.Select

open Sss.Core

/// What all rules for channels share.
type internal ChannelContext = {
    Graph: DataFlow
    Numbers: WeightReader
    States: Known[][]
    Sums: Sums
    /// By part. Starts with the sides of residuals that go and all branches of concatenations;
    /// a branch comes back as soon as one of its channels is kept after the concatenation.
    Gone: bool[]
    Classes: ChannelClasses
    /// By value: the class of every channel.
    Axes: int[][]
    /// The weight norm of an output channel, to choose between channels.
    Norm: Layer -> int -> float
}

/// The classes of channels that one network has.
[<RequireQualifiedAccess>]
module internal ChannelContext =

    /// Channels that stay or go together.
    let private together (classes: ChannelClasses) (channels: int[]) =
        for channel in channels do
            classes.Union(channels[0], channel, null)

    /// Numbers the classes and joins what sums join.
    let couple (graph: DataFlow) (gone: bool[]) (classes: ChannelClasses) : int[][] =
        let axes = Array.zeroCreate graph.Shapes.Length
        axes[DataFlow.Input] <- classes.Add graph.Shapes[DataFlow.Input].Channels

        for struct (_, step) in graph.Steps do
            let output = DataFlow.outputOf step

            axes[output] <-
                match step with
                | Step.Move(_, source, input, _) -> source |> Array.map (Array.get axes[input])
                | Step.Part(_, first, input, _) ->
                    Array.sub axes[input] first graph.Shapes[output].Channels
                | Step.Through(_, input, _) -> axes[input]
                | Step.Mix(_, groups, input, _) ->
                    Array.splitInto groups axes[input] |> Array.iter (together classes)
                    axes[input]
                | Step.Read(_, { Block = block }, _, _) ->
                    let own = classes.Add graph.Shapes[output].Channels

                    if block > 1 then
                        Array.chunkBySize block own |> Array.iter (together classes)

                    own
                | Step.Join(_, { Coupling = JoinCoupling.InOrder }, _, _) ->
                    classes.Add graph.Shapes[output].Channels
                | Step.Join(node, { Coupling = JoinCoupling.Together }, sides, _) ->
                    match sides |> Array.filter (fun side -> not gone[side.Part]) with
                    | [||] -> axes[sides[0].End]
                    | left ->
                        let own = axes[(Array.last left).End]

                        let sum: string | null =
                            match node with
                            | Node.Residual r -> r.Name
                            | Node.Gate _
                            | Node.Concat _
                            | Node.Output _
                            | Node.Layer _ -> null

                        for side in left do
                            Array.iter2 (fun a b -> classes.Union(a, b, sum)) axes[side.End] own

                        own

        axes

    /// Whether a part and all around it stay, as things stand.
    let isThere context part =
        DataFlow.exists context.Graph context.Gone part
