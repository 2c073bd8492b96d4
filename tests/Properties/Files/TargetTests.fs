/// Masks and numbers: how archives have them, and how they follow their images.
module Sss.Tests.Files.TargetTests

open System
open System.IO
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Tests.Files.FormatTests

let private int32s (values: int list) =
    values |> List.map (fun v -> BitConverter.GetBytes v) |> Array.concat

let private float32s (values: float32 list) =
    values |> List.map (fun v -> BitConverter.GetBytes v) |> Array.concat

/// Two training images and one test image of 2 × 3 pixels, with these targets.
let private reading yTrain yTest : Result<Dataset, string> =
    Folders.within (fun folder ->
        npz [
            "x_train", npy 1 "|u1" "2, 2, 3" [| 0uy .. 11uy |]
            "y_train", yTrain
            "x_test", npy 1 "|u1" "1, 2, 3" [| 20uy .. 25uy |]
            "y_test", yTest
        ]
        |> Folders.put folder "data.npz"

        match Dataset.load (Npz(Path.Combine(folder, "data.npz"))) with
        | Ok dataset -> Ok dataset
        | Error error -> Error((FileError.message error).Replace(folder + "/", ""))
    )

let private read yTrain yTest =
    match reading yTrain yTest with
    | Ok dataset -> dataset
    | Error message -> failwith message

[<Fact>]
let ``masks are whole numbers in the shape of pictures`` () =
    for shape in [ "2, 2, 3"; "2, 1, 2, 3" ] do
        let d =
            read
                (npy 1 "<i4" shape (int32s [ 0; 1; 2; 3; 4; 5; 0; 0; 0; 0; 0; 300 ]))
                (npy 1 "<i4" "1, 2, 3" (int32s [ 1; 1; 1; 1; 1; 1 ]))

        Assert.Equal(
            Targets.Masks(2, 3, [| 0us; 1us; 2us; 3us; 4us; 5us; 0us; 0us; 0us; 0us; 0us; 300us |]),
            d.Train.Targets
        )

        Assert.Equal((2, 1, 301), (d.Train.Count, d.Test.Count, d.Classes.Length))
        Assert.Empty d.Train.Labels

[<Fact>]
let ``numbers are floats, or yes and no for each class`` () =
    let shapes = [ "2,", 1, "1,", "1x1x1"; "2, 3", 3, "1, 3", "3x1x1" ]

    for train, count, test, shape in shapes do
        let values = [ for i in 1 .. 2 * count -> float32 i / 2.0f ]

        let d =
            read
                (npy 1 "<f4" train (float32s values))
                (npy 1 "<f4" test (float32s (List.replicate count 7.0f)))

        match d.Train.Targets with
        | Targets.Numbers(found, numbers) ->
            Assert.Equal(shape, string found)
            Assert.Equal<float32[]>(Array.ofList values, numbers)
        | other -> Assert.Fail $"%A{other}"

        Assert.Empty d.Classes

    for kind in [ "|b1"; "|u1" ] do
        let d =
            read
                (npy 1 kind "2, 3" [| 0uy; 1uy; 1uy; 0uy; 0uy; 1uy |])
                (npy 1 kind "1, 3" [| 1uy; 1uy; 1uy |])

        Assert.Equal(
            Targets.Numbers(Shape.create 3 1 1, [| 0.0f; 1.0f; 1.0f; 0.0f; 0.0f; 1.0f |]),
            d.Train.Targets
        )

[<Fact>]
let ``mistakes in targets are told with array, offset and facts`` () =
    let said yTrain yTest =
        match reading yTrain yTest with
        | Ok _ -> "read"
        | Error message -> message

    let labels = npy 1 "|u1" "1," [| 1uy |]

    Assert.Equal(
        "data.npz: at byte 10 of `y_train`: a label of 2x2 is 7; supported: 0 and 1, for each image and class; store other numbers as float32",
        said (npy 1 "|u1" "2, 2" [| 0uy; 1uy; 7uy; 0uy |]) labels
    )

    Assert.Equal(
        "data.npz: at byte 132 of `y_train`: a target of image 1 is NaN; supported: finite numbers",
        said (npy 1 "<f4" "2," (float32s [ 1.0f; nanf ])) labels
    )

    Assert.Equal(
        "data.npz: at byte 10 of `y_train`: the shape of the labels is 2x2x2x3; supported: N or Nx1 (classes), NxHxW (masks), NxK of 0 and 1 (several classes), floats of N, NxK, NxHxW or NxCxHxW (numbers)",
        said (npy 1 "|u1" "2, 2, 2, 3" (Array.zeroCreate 24)) labels
    )

    Assert.Equal(
        "data.npz: at byte 10 of `y_train`: the type of the labels is <c8; supported: bool, uint8, int32, int64, float16, float32, float64",
        said (npy 1 "<c8" "2," (Array.zeroCreate 16)) labels
    )

    Assert.Equal(
        "data.npz: at byte 0 of `y_test`: targets: expected 1 number for each image, found one class for each image",
        said (npy 1 "<f4" "2," (float32s [ 1.0f; 2.0f ])) labels
    )

/// Images whose bytes are 60 times the class of each pixel.
let private marked (seed: int) count height width : Dataset =
    let random = Random seed
    let classes = Array.init (count * height * width) (fun _ -> uint16 (random.Next 4))

    let split = {
        Shape = Shape.create 1 height width
        Pixels = Bytes(classes |> Array.map (fun c -> byte (60us * c)))
        Targets = Targets.Masks(height, width, classes)
    }

    Dataset.create "made" [ "0"; "1"; "2"; "3" ] (1.0f / 255.0f) split split

[<Property(MaxTest = 50)>]
let ``a mask is shifted and mirrored as its image`` (seed: int) =
    let d = marked seed 6 5 7

    let plan =
        Batch.training
            d
            {
                Augment.none with
                    Crop = 2
                    Flip = true
            }
            seed

    let indices = [| 3; 0; 5; 5; 2 |]
    let images = Array.zeroCreate<float32>(5 * 35)
    let masks = Array.zeroCreate<int64>(5 * 35)

    Batch.fill plan 2L (ReadOnlySpan indices) (images.AsSpan()) (masks.AsSpan())
    |> Folders.ok
    |> Assert.Empty

    let expected =
        masks
        |> Array.map (fun c -> Preparation.value plan.Preparation 0 (float32 (60L * c)))

    Array.iter2 (fun (a: float32) b -> Assert.Equal(a, b, 1e-5f)) expected images

[<Fact>]
let ``numbers are those of the images that are taken`` () =
    let numbers = [| for i in 0..11 -> float32 i |]
    let made = marked 1 6 2 2

    let split = {
        made.Train with
            Targets = Targets.Numbers(Shape.create 2 1 1, numbers)
    }

    let plan = Batch.plain made split
    let found = Array.zeroCreate<float32> 6

    Batch.fillNumbers
        plan
        0L
        (ReadOnlySpan [| 4; 0; 4 |])
        (Array.zeroCreate<float32>(3 * 4).AsSpan())
        (found.AsSpan())
    |> Folders.ok
    |> Assert.Empty

    Assert.Equal<float32[]>([| 8.0f; 9.0f; 0.0f; 1.0f; 8.0f; 9.0f |], found)
    let picked = Split.pick [| 5; 1 |] split

    Assert.Equal(
        Targets.Numbers(Shape.create 2 1 1, [| 10.0f; 11.0f; 2.0f; 3.0f |]),
        picked.Targets
    )

[<Fact>]
let ``limiting and holding out keep targets with their images`` () =
    let made = marked 1 20 2 2
    let few = Dataset.limit 5 made
    Assert.Equal(5, few.Train.Count)
    let rest, held = Dataset.holdOut 0.25 1 made
    Assert.Equal((15, 5), (rest.Train.Count, held.Count))

    for split in [ few.Train; rest.Train; held ] do
        match split.Pixels, split.Targets with
        | Bytes pixels, Targets.Masks(2, 2, classes) ->
            Assert.Equal<byte[]>(pixels, classes |> Array.map (fun c -> byte (60us * c)))
        | other -> Assert.Fail $"%A{other}"

    Assert.False(DataChecks.notes 1 made |> List.exists DataNote.isFault)
