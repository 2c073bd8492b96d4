/// What images and labels say before training.
module Sss.Tests.Files.DataChecksTests

open System
open System.Diagnostics
open Xunit
open Sss.Core
open Sss.Files

let private shape = Shape.create 1 2 2

/// A split of images by their first byte (the others follow from it), with labels.
let private split (images: (int * int) list) : Split = {
    Shape = shape
    Pixels =
        images
        |> List.collect (fun (image, _) -> [ byte image; byte (3 * image); 7uy; 9uy ])
        |> Array.ofList
        |> Bytes
    Targets = images |> List.map snd |> Array.ofList |> Targets.Labels
}

let private dataset names train test =
    Dataset.create "made" names 1.0f (split train) (split test)

let private said batch (d: Dataset) =
    DataChecks.notes batch d |> List.map DataNote.message

/// Two classes in turns, every image another.
let private plain first count =
    List.init count (fun i -> first + i, i % 2)

[<Fact>]
let ``nothing is said of good data`` () =
    Assert.Equal<string list>([], said 8 (dataset [ "a"; "b" ] (plain 0 20) (plain 100 6)))
    Assert.Equal<string list>([], said 128 (Digits.load ()))

[<Fact>]
let ``constant and thin data is reported, a line each`` () =
    let train =
        List.replicate 10 (1, 0)
        @ [ for i in 0..9 -> 50 + i, 1 ]
        @ [ 60, 2; 55, 2; 70, 3 ]

    let d =
        dataset [ "a"; "b"; "c"; "d"; "e" ] train [ 52, 1; 90, 0; 91, 2; 92, 3; 93, 2 ]

    Assert.Equal<string list>(
        [
            "no images at all of `e`"
            "only one training image of `d`"
            "23 training images, fewer than a batch of 32: each step takes all of them"
            "all training images of a class are the same image: `a` (10 images)"
            "10 of 23 training images are copies of another one; were they decoded correctly?"
            "1 training image also present with another label: no network can classify both correctly"
            "1 of 5 test images are training images too: the accuracy will be too high"
        ],
        said 32 d
    )

[<Fact>]
let ``data that nothing can be learned from is refused`` () =
    let refusal names train test =
        Folders.message (DataChecks.check 4 (dataset names train test))

    Assert.Equal(
        "made cannot be trained on:\n  all 6 training images are of one class, `b`: there is nothing to classify\n  no images at all of `a`",
        refusal [ "a"; "b" ] (List.init 6 (fun i -> i, 1)) [ 90, 1 ]
    )

    Assert.Equal(
        "made cannot be trained on:\n  all 6 training images are the same image: there is nothing to learn\n"
        + "  only one training image of `b`",
        refusal [ "a"; "b" ] (List.init 6 (fun i -> 5, (if i = 3 then 1 else 0))) [ 90, 1 ]
    )

    Assert.Equal(
        "made cannot be trained on:\n  2 test images of classes that have no training images: `c`",
        refusal [ "a"; "b"; "c" ] (plain 0 8) [ 90, 2; 91, 2; 92, 0 ]
    )

[<Fact>]
let ``whoever asks for fewer images than classes gets them`` () =
    let d = Dataset.limitBy 3 6 (Digits.load ())
    Assert.Equal(6, d.Train.Count)
    Assert.True(Result.isOk (DataChecks.check 2 d))

    Assert.Contains(
        "6 training images drawn at random from each class in proportion, seed 3: the first 6 have 6 of 10 classes",
        said 2 d
    )

[<Fact>]
let ``floats and kept pictures are compared too, bit by bit`` () =
    let floats first count : Split = {
        Shape = shape
        Pixels = Floats(Array.init (4 * count) (fun i -> float32 (first + i / 4) + 0.5f))
        Targets = Targets.Labels(Array.init count (fun i -> i % 2))
    }

    let d = Dataset.create "made" [ "a"; "b" ] 1.0f (floats 0 10) (floats 8 4)

    Assert.Equal<string list>(
        [ "2 of 4 test images are training images too: the accuracy will be too high" ],
        said 4 d
    )

[<DataTests.FashionFact>]
let ``Fashion-MNIST has nothing to say, and says so quickly`` () =
    let d = Folders.ok (Dataset.load FashionMnist)
    said 128 d |> ignore
    let clock = Stopwatch.StartNew()
    Assert.Equal<string list>([], said 128 d)
    // Some 0.1 s on a free core; this machine may have many at once.
    Assert.InRange(clock.Elapsed.TotalSeconds, 0.0, 3.0)
