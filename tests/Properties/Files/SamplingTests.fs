/// Limits and divisions keep the proportions of classes.
module Sss.Tests.Files.SamplingTests

open System
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files

/// Labels of a few classes: in blocks, in turns, or in any order; some classes are rare.
let private labelsOf (seed: int) (sizes: PositiveInt list) : int[] =
    let random = Random seed

    let sizes =
        sizes
        |> List.truncate 12
        |> List.map (fun (PositiveInt n) -> 1 + n % 60 * (if random.Next 4 = 0 then 5 else 1))

    let sorted =
        sizes |> List.mapi (fun label n -> Array.create n label) |> Array.concat

    match seed % 3 with
    | 0 -> sorted
    | 1 ->
        random.Shuffle sorted
        sorted
    | _ -> Array.rev sorted

let private countsOf (labels: int[]) (places: int[]) label =
    places |> Array.filter (fun i -> labels[i] = label) |> Array.length

[<Property(MaxTest = 400)>]
let ``quotas are the proportions up to one image, and no class goes without where there are enough``
    (sizes: PositiveInt list)
    (count: PositiveInt)
    (seed: int)
    =
    let sizes =
        sizes |> List.truncate 40 |> List.map (fun (PositiveInt n) -> n) |> Array.ofList

    let total = Array.sum sizes

    (total = 0)
    || (let count = min total count.Get
        let quotas = Sampling.quotas seed count sizes

        let share i =
            float count * float sizes[i] / float total

        // What the small classes get for being there at all, the others lose.
        let given =
            if count < sizes.Length then
                0
            else
                [ 0 .. sizes.Length - 1 ] |> List.filter (fun i -> share i < 1.0) |> List.length

        Array.sum quotas = count
        && Array.forall2 (fun q n -> q >= 0 && q <= n) quotas sizes
        && (count < sizes.Length || Array.forall (fun q -> q >= 1) quotas)
        && quotas
           |> Array.indexed
           |> Array.forall (fun (i, q) ->
               float q < share i + 1.0 && float q > share i - 1.0 - float given
           )
        && (given > 0
            || Array.forall2 (fun q i -> abs (float q - share i) < 1.0) quotas [|
                0 .. sizes.Length - 1
            |])
        && quotas = Sampling.quotas seed count sizes)

[<Property(MaxTest = 300)>]
let ``a limit is a part of the images, without repeats, the same for the same seed, and fair to every class``
    (sizes: PositiveInt list)
    (count: PositiveInt)
    (seed: PositiveInt)
    =
    let labels = labelsOf seed.Get sizes

    (labels.Length = 0)
    || (let count = 1 + count.Get % labels.Length
        let places, taken = Sampling.places seed.Get count labels
        let classes = Array.distinct labels

        let wanted label =
            float count * float (countsOf labels [| 0 .. labels.Length - 1 |] label)
            / float labels.Length

        places.Length = count
        && places = Array.sort (Array.distinct places)
        && Array.forall (fun i -> i >= 0 && i < labels.Length) places
        && (places, taken) = Sampling.places seed.Get count labels
        && (count < classes.Length
            || classes |> Array.forall (fun label -> countsOf labels places label >= 1))
        && (
            match taken with
            | Taken.All -> count = labels.Length
            | Taken.First ->
                places = [| 0 .. count - 1 |]
                && classes
                   |> Array.forall (fun label ->
                       let here = float (countsOf labels places label)
                       abs (here - wanted label) <= max 1.0 (0.5 * wanted label)
                   )
            | Taken.Drawn(all, had) ->
                all = classes.Length
                && had = (labels |> Array.truncate count |> Array.distinct |> Array.length)
        ))

[<Fact>]
let ``a limit on classes in blocks takes of each in proportion, and another seed takes others`` () =
    let labels = Array.init 300 (fun i -> i / 100)
    let places, taken = Sampling.places 1 60 labels
    Assert.Equal(Taken.Drawn(3, 1), taken)
    Assert.Equal<int list>([ 20; 20; 20 ], [ 0..2 ] |> List.map (countsOf labels places))
    Assert.NotEqual<int[]>(places, fst (Sampling.places 2 60 labels))

    Assert.Equal<string list>(
        [
            "60 training images drawn at random from each class in proportion, seed 1: the first 60 have 1 of 3 classes"
        ],
        Sampling.note "training" 1 60 taken |> List.map DataNote.message
    )

/// `--limit` of the studies, and of most others: what was taken before.
[<Fact>]
let ``digits keep their first images`` () =
    let digits = Digits.load ()

    for count in [ 96; 160; 256; 300; 320; 356; 500; 1000 ] do
        let limited = Dataset.limitBy 7 count digits
        Assert.Equal<DataNote list>([], limited.Notes)
        Assert.Equal(Split.take count digits.Train, limited.Train)

[<DataTests.FashionFact>]
let ``Fashion-MNIST keeps its first images from 200 on`` () =
    let d = Folders.ok (Dataset.load FashionMnist)

    for count in [ 200; 256; 500; 1000; 2000; 5000; 10_000; 20_000; 50_000; 60_000 ] do
        let places, taken = Sampling.places 3 count d.Train.Labels
        Assert.True((taken <> Taken.Drawn(10, 10)), $"{count}")
        Assert.Equal<int[]>([| 0 .. count - 1 |], places)

[<Property(MaxTest = 300)>]
let ``a division is disjoint, complete and of every class in proportion``
    (sizes: PositiveInt list)
    (seed: PositiveInt)
    =
    let labels = labelsOf seed.Get sizes
    let train, test = Sampling.divide seed.Get 5 labels

    Array.sort (Array.append train test) = [| 0 .. labels.Length - 1 |]
    && train = Array.sort train
    && test = Array.sort test
    && (train, test) = Sampling.divide seed.Get 5 labels
    && (Array.distinct labels
        |> Array.forall (fun label ->
            let trained, tested = countsOf labels train label, countsOf labels test label
            let all = trained + tested

            trained >= 1
            && (if all = 1 then tested = 0 else tested >= 1)
            && abs (float tested - float all / 5.0) < 1.0
        ))
