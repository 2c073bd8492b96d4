namespace Sss.Files

open System
open System.Collections.Generic
open System.Runtime.InteropServices
open Sss.Core

/// Checks of a data set's images and labels before training. Only images in memory are
/// compared; each is read about twice.
[<RequireQualifiedAccess>]
module DataChecks =

    let private isInMemory (split: Split) =
        match split.Pixels with
        | Bytes _
        | Floats _
        | Pictures { Kept = Some _ } -> true
        | Pictures { Kept = None } -> false

    /// The bytes of one image; none where it is not in memory.
    let private image (split: Split) (index: int) : ReadOnlySpan<byte> =
        let size = int (Shape.count split.Shape)

        match split.Pixels with
        | Bytes data
        | Pictures { Kept = Some data } -> ReadOnlySpan(data, index * size, size)
        | Floats data -> MemoryMarshal.AsBytes(ReadOnlySpan(data, index * size, size))
        | Pictures { Kept = None } -> ReadOnlySpan()

    /// 64 bits of an image, eight bytes at a time.
    let private hash (image: ReadOnlySpan<byte>) : uint64 =
        let mutable h = uint64 image.Length
        let words = MemoryMarshal.Cast<byte, uint64> image

        for i in 0 .. words.Length - 1 do
            h <- (h ^^^ words[i]) * 0x9E3779B97F4A7C15UL
            h <- h ^^^ (h >>> 32)

        for i in 8 * words.Length .. image.Length - 1 do
            h <- (h ^^^ uint64 image[i]) * 0x9E3779B97F4A7C15UL

        h ^^^ (h >>> 29)

    /// The first image of `training` that equals each image of `other`, or −1. `known` holds the images
    /// of `training` seen so far, by their hash; with `add` those of `other` (the same images) join them.
    let private firsts (known: Dictionary<uint64, int>) add (training: Split) (other: Split) =
        Array.init
            other.Count
            (fun i ->
                let mine = image other i
                let key = hash mine

                match known.TryGetValue key with
                | true, first when (image training first).SequenceEqual mine -> first
                | true, _ -> -1
                | _ ->
                    if add then
                        known[key] <- i

                    -1
            )

    /// Copies are reported if they are a tenth of all images or more.
    let private isMany copies images = copies > 0 && 10 * copies >= images

    let private ofCopies (d: Dataset) : DataNote list =
        let known = Dictionary<uint64, int>()
        let first = firsts known true d.Train d.Train
        let copies = first |> Array.filter (fun i -> i >= 0) |> Array.length
        let own i = if first[i] < 0 then i else first[i]

        let names = Array.ofList d.Classes

        // Two images of a mask or of numbers are not compared by their targets.
        let labels = d.Train.Labels
        let labelled = Array.indexed labels

        let same =
            Array.map fst labelled
            |> Array.groupBy (fun i -> labels[i])
            |> Array.filter (fun (_, places) ->
                places.Length > 1 && places |> Array.forall (fun i -> own i = own places[0])
            )
            |> Array.sortBy fst
            |> Array.map (fun (label, places) -> names[label], places.Length)
            |> List.ofArray

        let twoLabels =
            labelled
            |> Array.filter (fun (i, label) -> first[i] >= 0 && label <> labels[first[i]])
            |> Array.length

        let tests =
            if isInMemory d.Test then
                firsts known false d.Train d.Test
                |> Array.filter (fun i -> i >= 0)
                |> Array.length
            else
                0

        [
            if d.Train.Count > 1 && copies = d.Train.Count - 1 then
                DataNote.AllSame d.Train.Count
            else
                if not same.IsEmpty then
                    DataNote.SameInClass same

                if isMany copies d.Train.Count then
                    DataNote.Copies(copies, d.Train.Count)

                if twoLabels > 0 then
                    DataNote.TwoLabels twoLabels

                if tests > 0 then
                    DataNote.TrainAndTest(tests, d.Test.Count)
        ]

    let private belowBatch (batch: int) (d: Dataset) : DataNote list = [
        if d.Train.Count < batch then
            DataNote.BelowBatch(d.Train.Count, batch)
    ]

    let private ofLabels (d: Dataset) : DataNote list =
        let counts (split: Split) =
            let counts = Array.zeroCreate<int> d.Classes.Length

            for label in split.Labels do
                if label >= 0 && label < counts.Length then
                    counts[label] <- counts[label] + 1

            counts

        let train, test = counts d.Train, counts d.Test

        let names = Array.ofList d.Classes

        let named isIt =
            [ 0 .. names.Length - 1 ] |> List.filter isIt |> List.map (fun i -> names[i])

        let unlearned =
            [ 0 .. train.Length - 1 ] |> List.filter (fun i -> train[i] = 0 && test[i] > 0)

        let present = [ 0 .. train.Length - 1 ] |> List.filter (fun i -> train[i] > 0)
        let absent = named (fun i -> train[i] = 0 && test[i] = 0)
        let single = named (fun i -> train[i] = 1)

        // A request for fewer images than classes has been reported already.
        let isLimited =
            d.Notes
            |> List.exists (
                function
                | DataNote.Limited _ -> true
                | _ -> false
            )

        [
            match present with
            | [ only ] -> DataNote.OneClass(names[only], train[only])
            | _ when not unlearned.IsEmpty && not (isLimited && d.Train.Count < d.Classes.Length) ->
                DataNote.Unlearned(
                    unlearned |> List.map (fun i -> names[i]),
                    unlearned |> List.sumBy (fun i -> test[i])
                )
            | _ -> ()
            if not absent.IsEmpty then
                DataNote.Absent absent
            if not single.IsEmpty then
                DataNote.OneImage single
        ]

    /// Remarks before training on a data set in batches of `batch` images, faults first:
    /// what its labels, its images and its `Notes` say.
    let notes (batch: int) (d: Dataset) : DataNote list =
        let ofImages = if isInMemory d.Train then ofCopies d else []

        let ofLabels =
            match Targets.ofScores d.Train.Targets with
            | Targets.Labels _ -> ofLabels d
            | Targets.Masks _
            | Targets.Numbers _
            | Targets.Several _ -> []

        ofLabels @ belowBatch batch d @ ofImages @ d.Notes
        |> List.sortBy (fun note -> if DataNote.isFault note then 0 else 1)

    /// The notes; an error where no training makes sense.
    let check (batch: int) (d: Dataset) : Result<DataNote list, FileError> =
        let notes = notes batch d

        if notes |> List.exists DataNote.isFault then
            Error(UnusableData(d.Name, notes))
        else
            Ok notes
