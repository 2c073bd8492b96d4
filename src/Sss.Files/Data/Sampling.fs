namespace Sss.Files

open System
open System.Collections.Generic
open Sss.Core

/// How a part of a split was taken.
[<RequireQualifiedAccess>]
type Taken =
    /// There are no more images than were requested.
    | All
    /// The first ones, which have every class in about its proportion.
    | First
    /// Drawn class by class: the first ones have only `had` of the `classes` that the split has, or
    /// other proportions.
    | Drawn of classes: int * had: int

/// Parts of a set of images that keep the proportions of its classes. Images are given and taken by
/// their places; places come in rising order. Equal seeds give equal parts.
[<RequireQualifiedAccess>]
module Sampling =

    // 1 to 4 are other streams of a run: `Streams`, `Dataset.holdOut`.
    let private stream seed purpose = Rng.create seed |> Rng.fork purpose

    /// The places of each class, in the order of the labels.
    let private byClass (labels: int[]) : (int * int[])[] =
        labels
        |> Array.indexed
        |> Array.groupBy snd
        |> Array.map (fun (label, places) -> label, Array.map fst places)
        |> Array.sortBy fst

    let private shuffled seed purpose (label: int) (places: int[]) : int[] =
        let struct (order, _) =
            stream seed purpose |> Rng.fork label |> Rng.permutation places.Length

        order |> Array.map (fun i -> places[i])

    /// How many of `count` each class gets, of classes of these sizes (none of them 0); `count` is at
    /// most their sum. Each gets its proportion up to one image (the largest remainders get one more,
    /// equal ones in random order), and at least one image where there are enough for that: the
    /// largest classes give it.
    let quotas (seed: int) (count: int) (sizes: int[]) : int[] =
        let total = sizes |> Array.sumBy int64
        let least = if count >= sizes.Length then 1 else 0
        let share (size: int) = int64 count * int64 size

        let given =
            sizes |> Array.map (fun size -> max least (int (share size / max 1L total)))

        let struct (ties, _) = stream seed 5 |> Rng.permutation sizes.Length

        // In units of 1 / total: how much of its proportion a class has not got yet.
        let owed i = share sizes[i] - int64 given[i] * total

        // Where small classes got more than their proportion, those that have got most give it.
        let givers = PriorityQueue<int, struct (int64 * int)>()

        for i in 0 .. sizes.Length - 1 do
            if given[i] > least then
                givers.Enqueue(i, struct (owed i, ties[i]))

        for _ in 1 .. Array.sum given - count do
            let i = givers.Dequeue()
            given[i] <- given[i] - 1

            if given[i] > least then
                givers.Enqueue(i, struct (owed i, ties[i]))

        let left = count - Array.sum given

        if left > 0 then
            [| 0 .. sizes.Length - 1 |]
            |> Array.sortBy (fun i -> -(owed i), ties[i])
            |> Array.truncate left
            |> Array.iter (fun i -> given[i] <- given[i] + 1)

        given

    /// Whether the first `count` labels hold every class, with at least half and at most one and a half
    /// times its proportion, or one image less or more.
    let private isFair (count: int) (labels: int[]) (classes: (int * int[])[]) =
        classes
        |> Array.forall (fun (_, places) ->
            let here = places |> Array.filter (fun place -> place < count) |> Array.length
            let wanted = float count * float places.Length / float labels.Length
            here > 0 && abs (float here - wanted) <= max 1.0 (0.5 * wanted)
        )

    /// The places of `count` images (all, where there are no more). The first ones where they are fair
    /// to every class: each is there, with at least half and at most one and a half times its
    /// proportion, or one image less or more. So it is with sets that were shuffled or whose classes
    /// take turns. Else each class's proportion, drawn at random.
    let places (seed: int) (count: int) (labels: int[]) : int[] * Taken =
        let count = max 0 count

        if count >= labels.Length then
            [| 0 .. labels.Length - 1 |], Taken.All
        else
            let classes = byClass labels

            if isFair count labels classes then
                [| 0 .. count - 1 |], Taken.First
            else
                let quotas = classes |> Array.map (snd >> Array.length) |> quotas seed count

                let drawn =
                    Array.map2
                        (fun (label, places) quota ->
                            shuffled seed 6 label places |> Array.truncate quota
                        )
                        classes
                        quotas
                    |> Array.concat
                    |> Array.sort

                let had = labels |> Array.truncate count |> Array.distinct |> Array.length
                drawn, Taken.Drawn(classes.Length, had)

    /// `places` of a split's images.
    let limit (seed: int) (count: int) (split: Split) : Split * Taken =
        // Without classes there are no proportions to keep: the first ones are taken.
        let labels =
            Targets.tryLabels split.Targets
            |> Option.defaultWith (fun () -> Array.zeroCreate split.Count)

        match places seed count labels with
        | _, Taken.All -> split, Taken.All
        | chosen, taken -> Split.pick chosen split, taken

    /// Places to train on and places to test with: of each class one image in `every` is tested with,
    /// to the nearest number, at least one where it has two, and none where it has one.
    let divide (seed: int) (every: int) (labels: int[]) : int[] * int[] =
        let parts =
            byClass labels
            |> Array.map (fun (label, places) ->
                let count = places.Length

                let tests =
                    if count < 2 then
                        0
                    else
                        int (Math.Round(float count / float every)) |> max 1 |> min (count - 1)

                shuffled seed 7 label places |> Array.splitAt tests
            )

        parts |> Array.collect snd |> Array.sort, parts |> Array.collect fst |> Array.sort

    /// What is worth telling of how a part was taken. `what`: training or test.
    let note (what: string) (seed: int) (count: int) (taken: Taken) : DataNote list =
        match taken with
        | Taken.All
        | Taken.First -> []
        | Taken.Drawn(classes, had) -> [ DataNote.Limited(what, count, classes, had, seed) ]
