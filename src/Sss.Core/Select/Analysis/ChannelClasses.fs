namespace Sss.Core.Select

open Sss.Core

/// Sets of channels that stay or go together, by union and find. A class holds the channels that
/// one index runs through: after `bn`, activations and pools, on both sides of a sum, in and out
/// of a concatenation. Only ever grows: unions and marks are not taken back.
type internal ChannelClasses() =
    let parent = ResizeArray<int>()
    let kept = ResizeArray<bool>()
    let reasons = ResizeArray<StayRule voption>()
    let sums = ResizeArray<string | null>()

    let rec find i =
        let up = parent[i]

        if up = i then
            i
        else
            // Halving the path keeps later finds short.
            parent[i] <- parent[up]
            find parent[i]

    /// `count` new classes; the first one's number.
    member _.Add(count: int) =
        let first = parent.Count

        for i in first .. first + count - 1 do
            parent.Add i
            kept.Add false
            reasons.Add ValueNone
            sums.Add null

        [| first .. first + count - 1 |]

    /// Joins two classes; `sum` names the residual that does so.
    member _.Union(a: int, b: int, sum: string | null) =
        let a, b = find a, find b

        if a <> b then
            let low, high = min a b, max a b
            parent[high] <- low
            kept[low] <- kept[low] || kept[high]

            if reasons[low].IsNone then
                reasons[low] <- reasons[high]

            if isNull sums[low] then
                sums[low] <- if isNull sums[high] then sum else sums[high]
        elif isNull sums[a] then
            sums[a] <- sum

    /// The number that all of a class have in common.
    member _.Root(i: int) = find i

    /// Keeps a class; true when it was not kept before.
    member _.Keep(i: int, reason: StayRule) =
        let i = find i

        if kept[i] then
            false
        else
            kept[i] <- true
            reasons[i] <- ValueSome reason
            true

    member _.IsKept(i: int) = kept[find i]

    /// Why a kept class is kept, as the rule for a structure in it whose factor is 0.
    member _.Reason(i: int) : StayRule voption =
        let i = find i

        match reasons[i], sums[i] with
        | ValueSome(StayRule.SharedChannel reader), sum when not (isNull sum) ->
            ValueSome(StayRule.SumNeeded(string sum, reader))
        | reason, _ -> reason
