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

    /// What all steps below share.
    type private Context = {
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

    /// Channels that stay or go together.
    let private together (classes: ChannelClasses) (channels: int[]) =
        for channel in channels do
            classes.Union(channels[0], channel, null)

    /// Numbers the classes and joins what sums join.
    let private couple (graph: DataFlow) (gone: bool[]) (classes: ChannelClasses) : int[][] =
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
                            | Node.Layer _ -> null

                        for side in left do
                            Array.iter2 (fun a b -> classes.Union(a, b, sum)) axes[side.End] own

                        own

        axes

    let private isThere context part =
        DataFlow.exists context.Graph context.Gone part

    /// Keeps what a `conv` or `dense` reads and cannot do without.
    let private need context (layer: Layer) (reading: Reading) input output =
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
    let private comeBack context (concat: Concat) (branches: Side[]) output =
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
    let private needs context =
        let mutable changed = false

        for struct (part, step) in Array.rev context.Graph.Steps do
            if isThere context part then
                changed <-
                    match step with
                    | Step.Read(layer, reading, input, output) ->
                        need context layer reading input output
                    | Step.Join(Node.Concat concat, _, sides, output) ->
                        comeBack context concat sides output
                    | Step.Join((Node.Layer _ | Node.Residual _ | Node.Gate _), _, _, _)
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
    let private fill context =
        let mutable changed = false

        for struct (part, step) in context.Graph.Steps do
            let axis = context.Axes[DataFlow.outputOf step]

            if isThere context part && not (Array.exists context.Classes.IsKept axis) then
                changed <-
                    context.Classes.Keep(axis[0], StayRule.LastChannel(nameOf step)) || changed

        changed

    /// Keeps `missing` more classes of those that a stretch of an axis holds, largest first.
    let private add context (axis: int[]) first count missing reason (norm: int -> float) =
        seq { first .. first + count - 1 }
        |> Seq.filter (fun i -> not (context.Classes.IsKept axis[i]))
        |> Seq.sortBy (fun i -> -(norm i))
        |> Seq.truncate missing
        // Two channels of one class are kept by one mark; the next round counts again.
        |> Seq.fold (fun changed i -> context.Classes.Keep(axis[i], reason) || changed) false

    let private keptIn context (axis: int[]) first count =
        let mutable n = 0

        for i in first .. first + count - 1 do
            if context.Classes.IsKept axis[i] then
                n <- n + 1

        n

    /// Groups that stay have equally many channels in, and equally many out, and at least one of each.
    let private level context (layer: Layer) groups input output =
        let each = layer.Input.Channels / groups
        let eachOut = layer.Output.Channels / groups

        let ins =
            Array.init groups (fun g -> keptIn context context.Axes[input] (g * each) each)

        let outs =
            Array.init groups (fun g -> keptIn context context.Axes[output] (g * eachOut) eachOut)

        let wantIn = max 1 (Array.max ins)
        let wantOut = max 1 (Array.max outs)
        let reason = StayRule.EqualGroups layer.Name
        let mutable changed = false

        for g in 0 .. groups - 1 do
            if ins[g] > 0 || outs[g] > 0 then
                let missing = wantIn - ins[g]

                changed <-
                    add context context.Axes[input] (g * each) each missing reason (fun _ -> 0.0)
                    || changed

                let missing = wantOut - outs[g]

                changed <-
                    add
                        context
                        context.Axes[output]
                        (g * eachOut)
                        eachOut
                        missing
                        reason
                        (context.Norm layer)
                    || changed

        changed

    let private groups context =
        let mutable changed = false

        for struct (part, step) in context.Graph.Steps do
            match step with
            | Step.Read(layer, { Groups = groups }, input, output) when
                groups > 1 && isThere context part
                ->
                changed <- level context layer groups input output || changed
            | Step.Read _
            | Step.Through _
            | Step.Move _
            | Step.Mix _
            | Step.Part _
            | Step.Join _ -> ()

        changed

    /// Adds the largest channels again up to a multiple of `round`, or to all there were.
    let private roundUp context round =
        let mutable changed = false

        for struct (part, step) in context.Graph.Steps do
            match step with
            | Step.Read(layer, { Groups = 1 }, _, output) when round > 1 && isThere context part ->
                let axis = context.Axes[output]
                let count = keptIn context axis 0 axis.Length
                let whole = (int64 count + int64 round - 1L) / int64 round * int64 round
                let want = int (min (int64 axis.Length) whole)
                let reason = StayRule.Rounded layer.Name

                changed <-
                    add context axis 0 axis.Length (want - count) reason (context.Norm layer)
                    || changed
            | Step.Read _
            | Step.Through _
            | Step.Move _
            | Step.Mix _
            | Step.Part _
            | Step.Join _ -> ()

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
            Axes = couple graph sums.Gone classes
            Norm = norm
        }

        for i in context.Axes[graph.Output] do
            classes.Keep(i, StayRule.NetworkOutput) |> ignore

        for i in context.Axes[DataFlow.Input] do
            classes.Keep(i, StayRule.NetworkInput) |> ignore

        // The cheaper rules run until nothing changes before the next one is asked.
        while needs context || fill context || groups context || roundUp context round do
            ()

        {
            Kept = context.Axes |> Array.map (fun axis -> axis |> Array.map classes.IsKept)
            Reason = fun value channel -> classes.Reason(context.Axes[value][channel])
            Gone = gone
        }
