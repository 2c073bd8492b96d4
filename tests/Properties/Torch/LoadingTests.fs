/// Batches that threads of their own prepare: nothing depends on how many.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.LoadingTests

open System
open System.Collections.Generic
open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Torch.Small

let private tiny =
    Nets.network (Shape.create 3 12 12) [
        Nets.plain "conv1" (Nets.conv 4 3 2 false)
        Nets.withFactors Neuron 4 "bn1" Nets.bn
        Nets.plain "relu1" (Op.Activation Relu)
        Nets.plain "pool" (Op.GlobalPool Average)
        Nets.plain "dense" (Nets.dense 10)
    ]

let private all = {
    recipe with
        Epochs = 3
        Batch = 7
        Augment = {
            Augment.none with
                Resize = 14
                Area = 0.1
                Crop = 1
                Flip = true
                Jitter = 0.4
                Pca = 0.1
        }
}

let private pictures (d: Dataset) =
    match d.Train.Pixels with
    | Pictures { Paths = paths } -> paths
    | other -> failwith $"%A{other}"

let private halve (path: string) =
    let bytes = File.ReadAllBytes path
    File.WriteAllBytes(path, Array.truncate (bytes.Length / 2) bytes)

/// Trains on a folder; the events of broken pictures with the outcome.
let private run loaders network (d: Dataset) recipe =
    let reported = List<FileError>()

    let listen event =
        match event with
        | LeftOut error -> reported.Add error
        | _ -> ()

    let settings = {
        settings None with
            Loaders = Some loaders
    }

    let outcome = Train.run settings network d recipe listen CancellationToken.None
    outcome |> Result.map (fun trained -> timeless trained.State), List.ofSeq reported

[<Fact>]
let ``same seed, same bits: twice, and with 1, 2 and 4 loaders`` () =
    Folders.within (fun root ->
        StoredPicturesTests.folder root 30

        let d =
            Engine.ok (
                ImageFolder.loadWithin
                    0L
                    (PictureOptions.ofAugment all.Augment)
                    (Some tiny.Input)
                    root
            )

        let paths = pictures d

        for i in [ 3; 20; 21 ] do
            halve paths[i]

        let outcomes = [ for loaders in [ 1; 1; 2; 4 ] -> run loaders tiny d all ]
        let state, reported = outcomes.Head
        Assert.Equal(3, reported.Length)
        Assert.Equal(3 * (48 / 7), int (Engine.ok state).Step)

        for other, otherTold in outcomes.Tail do
            Assert.Equal<TrainState>(Engine.ok state, Engine.ok other)
            Assert.Equal<FileError list>(reported, otherTold)

        // What is in memory takes the same road.
        let short = { recipe with Epochs = 1 }

        let digits = [ for loaders in [ 1; 4 ] -> fst (run loaders network dataset.Value short) ]

        Assert.Equal<TrainState>(Engine.ok digits.Head, Engine.ok digits[1])
    )

[<Fact>]
let ``a file that vanishes and too many broken ones end training with an error`` () =
    Folders.within (fun root ->
        StoredPicturesTests.folder root 30

        let d =
            Engine.ok (
                ImageFolder.loadWithin
                    0L
                    (PictureOptions.ofAugment all.Augment)
                    (Some tiny.Input)
                    root
            )

        let paths = pictures d
        let content = File.ReadAllBytes paths[9]
        File.Delete paths[9]

        for loaders in [ 1; 3 ] do
            match run loaders tiny d all with
            | Error(BadData(NotFound path)), _ -> Assert.Equal(paths[9], path)
            | other -> Assert.Fail $"%A{other}"

        File.WriteAllBytes(paths[9], content)

        // Ten of 48 are put up with, eleven are not; which one is the eleventh is the order's to say.
        for i in 0..10 do
            halve paths[3 * i]

        let failures = [
            for loaders in [ 1; 3 ] do
                match run loaders tiny d { all with Epochs = 9 } with
                | Error(BadData(ManyBroken(_, 11, 48, _) as error)), reported ->
                    FileError.message error, reported
                | other -> failwith $"%A{other}"
        ]

        Assert.Equal(failures[0], failures[1])
    )

[<Fact>]
let ``a feed gives batches in order, bounded ahead, and ends whenever it is closed`` () =
    Engine.get () |> ignore
    let d = dataset.Value
    let plan = Batch.training d Augment.none 1

    let rows (feed: Feed) count = [
        for _ in 1..count do
            let loaded = Engine.ok (feed.Take())

            (Memory.span<float32> loaded.Images).ToArray(),
            (Memory.span<int64> loaded.Targets).ToArray()
    ]

    let some loaders first count =
        use feed = new Feed(d.Name, plan, 100, 1, first, loaders)
        Assert.Equal(14, feed.StepsPerEpoch)
        let taken = rows feed count
        Assert.True(feed.Waited >= 0.0)
        taken

    let whole = some 1 0L 30
    Assert.Equal<(float32[] * int64[]) list>(whole, some 4 0L 30)
    // From the middle, over the border of an epoch.
    Assert.Equal<(float32[] * int64[]) list>(List.skip 13 whole, some 2 13L 17)

    // Closed before the first batch, and with all batches ready and nobody taking them.
    for pause in [ 0; 30 ] do
        let feed = new Feed(d.Name, plan, 100, 1, 0L, 3)
        Thread.Sleep pause
        (feed :> IDisposable).Dispose()

[<Fact>]
let ``settings of augmentation outside of their bounds are refused`` () =
    let refused augment expected =
        match run 1 network dataset.Value { recipe with Augment = augment } with
        | Error error, _ -> Assert.Equal(expected, TrainError.message error)
        | other -> Assert.Fail $"%A{other}"

    let none = Augment.none

    refused
        { none with Resize = 7 }
        "`augment resize` is 7; it must be 0, or at least the input's 8 pixels."

    refused { none with Area = 1.5 } "`augment area` is 1.5; it must be 0 to 1."
    refused { none with Jitter = -0.1 } "`augment jitter` is -0.1; it must be 0 to 1."
    refused { none with Crop = -1 } "`augment crop` is -1; it must be 0 or more."

    refused
        { none with Pca = 0.1 }
        "`augment pca` is 0.1; it must be 0 where images do not have three channels."

    match run 0 network dataset.Value recipe with
    | Error error, _ ->
        Assert.Equal("The number of loaders is 0; it must be 1 to 64.", TrainError.message error)
    | other -> Assert.Fail $"%A{other}"
