namespace Sss.Core.Select

open System.Collections.Generic
open Sss.Core

/// Rules for equal groups, and for round numbers of channels.
[<RequireQualifiedAccess>]
module internal ChannelCounts =

    /// Keeps `missing` more classes of those that a stretch of an axis holds, largest first.
    let private add
        (context: ChannelContext)
        (axis: int[])
        first
        count
        missing
        reason
        (norm: int -> float)
        =
        seq { first .. first + count - 1 }
        |> Seq.filter (fun i -> not (context.Classes.IsKept axis[i]))
        |> Seq.sortBy (fun i -> -(norm i))
        |> Seq.truncate missing
        // Two channels of one class are kept by one mark; the next round counts again.
        |> Seq.fold (fun changed i -> context.Classes.Keep(axis[i], reason) || changed) false

    let private keptIn (context: ChannelContext) (axis: int[]) first count =
        let mutable n = 0

        for i in first .. first + count - 1 do
            if context.Classes.IsKept axis[i] then
                n <- n + 1

        n

    /// Groups that stay have equally many channels in, and equally many out, and at least one of each.
    let private level (context: ChannelContext) (layer: Layer) groups input output =
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

    /// One pass over grouped layers: whether a channel was kept.
    let groups (context: ChannelContext) =
        let mutable changed = false

        for struct (part, step) in context.Graph.Steps do
            match step with
            | Step.Read(layer, { Groups = groups }, input, output) when
                groups > 1 && ChannelContext.isThere context part
                ->
                changed <- level context layer groups input output || changed
            | Step.Read _
            | Step.Through _
            | Step.Move _
            | Step.Mix _
            | Step.Part _
            | Step.Join _ -> ()

        changed

    /// Classes of channels that a layer with groups reads or writes, and what sums join to these: how many there are follows
    /// from the groups.
    let private ofGroups (context: ChannelContext) : HashSet<int> =
        let found = HashSet<int>()

        for struct (_, step) in context.Graph.Steps do
            match step with
            | Step.Read(_, { Groups = groups }, input, output) when groups > 1 ->
                for axis in [ context.Axes[input]; context.Axes[output] ] do
                    found.UnionWith(Seq.map context.Classes.Root axis)
            | Step.Read _
            | Step.Through _
            | Step.Move _
            | Step.Mix _
            | Step.Part _
            | Step.Join _ -> ()

        found

    /// Adds the largest channels again up to a multiple of `round`, or to all there were. Not where a layer has groups: a
    /// channel of a group that is gone would bring back the whole group, and a channel of each other one.
    let roundUp (context: ChannelContext) round =
        let mutable changed = false
        // Not for nothing: training asks for thousands of networks that are not rounded.
        let grouped = if round > 1 then ofGroups context else HashSet<int>()

        for struct (part, step) in context.Graph.Steps do
            match step with
            | Step.Read(layer, { Groups = 1 }, _, output) when
                round > 1
                && ChannelContext.isThere context part
                && not (
                    context.Axes[output] |> Array.exists (context.Classes.Root >> grouped.Contains)
                )
                ->
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
