namespace Sss.Core.Select

open Sss.Core

/// Which channels stay.
type internal Channels = {
    /// By value; empty for values of parts that go.
    Kept: bool[][]
    /// By value and channel: why it stays (see `ChannelClasses.Reason`).
    Reason: int -> int -> StayRule voption
    /// By part: it goes, a side of a residual or a branch of a concatenation.
    Gone: bool[]
}

/// Turns what is known of channels into those that stay: the least set that holds all that is
/// needed and is closed under the coupling of channels and the rules for groups and empty parts.
/// Every rule only ever adds, so that the order does not matter and an end is reached.
[<RequireQualifiedAccess>]
module internal Channels =

    /// Keeps what a `conv` or `dense` reads and cannot do without.
    let private need (context: ChannelContext) (layer: Layer) (reading: Reading) input output =
        let groups = reading.Groups
        let each = layer.Input.Channels / groups
        let eachOut = layer.Output.Channels / groups
        let zero = WeightReader.zeroChannels context.Numbers layer
        let needed = context.Sums.Needed[output]
        let mutable changed = false

        for g in 0 .. groups - 1 do
            let matters =
                Seq.exists
                    (fun o -> needed[o] && not zero[o])
                    (seq { g * eachOut .. (g + 1) * eachOut - 1 })

            if matters then
                for j in g * each .. (g + 1) * each - 1 do
                    let state = context.States[input][j]

                    if Known.isLive state then
                        changed <-
                            context.Classes.Keep(
                                context.Axes[input][j],
                                StayRule.SharedChannel layer.Name
                            )
                            || changed
                    elif reading.IsPadded && Known.isOther state then
                        changed <-
                            context.Classes.Keep(
                                context.Axes[input][j],
                                StayRule.BeforePadding layer.Name
                            )
                            || changed

        changed

    /// Brings back the branches of a concatenation that are needed after it, and those of a split whose
    /// part is kept: the channels of its input are those of its branches.
    let private comeBack (context: ChannelContext) (concat: Concat) (branches: Side[]) output =
        let mutable changed = false

        for struct (first, side) in DataFlow.stretches context.Graph branches do
            let width = context.Axes[side.End].Length
            let axis = System.ArraySegment(context.Axes[output], first, width)

            let isKept =
                Seq.exists context.Classes.IsKept axis
                || (
                    match concat.Reads with
                    | Reads.All -> false
                    | Reads.Parts -> Array.exists context.Classes.IsKept context.Axes[side.Start]
                )

            if context.Gone[side.Part] && isKept then
                context.Gone[side.Part] <- false
                Seq.iter2 (fun a b -> context.Classes.Union(a, b, null)) axis context.Axes[side.End]
                changed <- true

        changed

    /// One pass over all steps, last ones first: needs arise at the end and travel towards the input.
    let private needs (context: ChannelContext) =
        let mutable changed = false

        for struct (part, step) in Array.rev context.Graph.Steps do
            if ChannelContext.isThere context part then
                changed <-
                    match step with
                    | Step.Read(layer, reading, input, output) ->
                        need context layer reading input output
                    | Step.Join(Node.Concat concat, _, sides, output) ->
                        comeBack context concat sides output
                    | Step.Join((Node.Layer _ | Node.Residual _ | Node.Gate _ | Node.Output _),
                                _,
                                _,
                                _)
                    | Step.Part _
                    | Step.Through _
                    | Step.Move _
                    | Step.Mix _ -> false
                    || changed

        changed

    let private nameOf step =
        match step with
        | Step.Through(layer, _, _)
        | Step.Move(layer, _, _, _)
        | Step.Read(layer, _, _, _)
        | Step.Mix(layer, _, _, _) -> layer.Name
        | Step.Part(branch, _, _, _) -> branch
        | Step.Join(node, _, _, _) -> Node.name node

    /// A value that is there has a channel.
    let private fill (context: ChannelContext) =
        let mutable changed = false

        for struct (part, step) in context.Graph.Steps do
            let axis = context.Axes[DataFlow.outputOf step]

            if
                ChannelContext.isThere context part
                && not (Array.exists context.Classes.IsKept axis)
            then
                changed <-
                    context.Classes.Keep(axis[0], StayRule.LastChannel(nameOf step)) || changed

        changed

    /// The channels that stay. `norm` gives the size of an output channel's weights.
    let keep round norm (numbers: WeightReader) (graph: DataFlow) (states: Known[][]) (sums: Sums) =
        let gone = Array.copy sums.Gone

        for struct (_, step) in graph.Steps do
            match DataFlow.concatOf step with
            | ValueSome(struct (_, branches, _)) ->
                for side in branches do
                    gone[side.Part] <- true
            | ValueNone -> ()

        let classes = ChannelClasses()

        let context = {
            Graph = graph
            Numbers = numbers
            States = states
            Sums = sums
            Gone = gone
            Classes = classes
            Axes = ChannelContext.couple graph sums.Gone classes
            Norm = norm
        }

        for i in graph.Outputs |> Seq.collect (Array.get context.Axes) do
            classes.Keep(i, StayRule.NetworkOutput) |> ignore

        for i in context.Axes[DataFlow.Input] do
            classes.Keep(i, StayRule.NetworkInput) |> ignore

        // The cheaper rules run until nothing changes before the next one is asked.
        while needs context
              || fill context
              || ChannelCounts.groups context
              || ChannelCounts.roundUp context round do
            ()

        {
            Kept = context.Axes |> Array.map (fun axis -> axis |> Array.map classes.IsKept)
            Reason = fun value channel -> classes.Reason(context.Axes[value][channel])
            Gone = gone
        }
