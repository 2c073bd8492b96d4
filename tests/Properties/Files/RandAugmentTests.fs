/// RandAugment: each change against torchvision's, and what becomes of an image.
module Sss.Tests.Files.RandAugmentTests

open System
open System.Text.Json
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Files

let private ofName (name: string) =
    RandAugment.ops |> Array.find (fun op -> string op = name)

let private bytesOf (list: JsonElement) = [|
    for value in list.EnumerateArray() do
        byte (value.GetInt32())
|]

[<Python.PythonFact "torchvision">]
let ``every change is torchvision's`` () =
    let code, said = Python.script "randaugment.py" []
    Assert.True((code = 0), said)
    use document = JsonDocument.Parse said
    let mutable seen = Set.empty

    for case in document.RootElement.EnumerateArray() do
        let item (name: string) = case.GetProperty name
        let extents = [ for e in (item "shape").EnumerateArray() -> e.GetInt32() ]
        let shape = Shape.create extents[0] extents[1] extents[2]
        let name = (item "op").GetString() |> string
        let value = (item "value").GetDouble()
        let op = ofName name
        seen <- seen.Add name

        // The ranges: what a strength means.
        let struct (size, _) = RandAugment.value shape op ((item "strength").GetInt32())
        Assert.Equal(abs value, size, 1e-4)

        let found = RandAugment.apply shape op value (bytesOf (item "image"))
        let expected = bytesOf (item "result")

        let apart =
            Array.map2 (fun (a: byte) (b: byte) -> abs (int a - int b)) found expected

        let isMove =
            match op with
            | RandOp.ShearX
            | RandOp.ShearY
            | RandOp.Rotate -> true
            | _ -> false

        if isMove then
            // Where two pixels are equally near, rounding decides.
            let other = apart |> Array.filter (fun d -> d > 0) |> Array.length
            Assert.True(50 * other <= apart.Length, $"{name} {value}: {other} of {apart.Length}")
        else
            // In single precision, in another order.
            Assert.True(Array.max apart <= 1, $"{name} {value}: {Array.max apart}")

            let off = Array.sum apart
            Assert.True(50 * off <= apart.Length, $"{name} {value}: {off} of {apart.Length}")

    Assert.Equal<Set<string>>(RandAugment.ops |> Array.map string |> Set.ofArray, seen)

[<Property(MaxTest = 60)>]
let ``an image keeps its range, and is the same for the same draws`` (seed: int) =
    let random = Random seed

    let shape =
        Shape.create (1 + 2 * random.Next 2) (1 + random.Next 12) (2 + random.Next 12)

    let image = Array.init (int (Shape.count shape)) (fun _ -> random.NextSingle())

    let settings = {
        Count = 1 + random.Next 3
        Magnitude = random.Next 31
    }

    let run seed =
        let changed = Array.copy image
        RandAugment.run shape settings (Rng.create seed) (changed.AsSpan())
        changed

    let changed = run seed
    Assert.All(changed, fun v -> Assert.InRange(v, 0.0f, 1.0f))
    Assert.Equal<float32[]>(changed, run seed)

[<Fact>]
let ``all changes are drawn, as often, with either sign`` () =
    let shape = Shape.create 1 9 9
    let image = Array.init 81 (fun i -> float32 i / 80.0f)
    let settings = { Count = 1; Magnitude = 30 }

    let results =
        [ 0..699 ]
        |> List.map (fun seed ->
            let changed = Array.copy image
            RandAugment.run shape settings (Rng.create seed) (changed.AsSpan())
            List.ofArray changed
        )
        |> List.countBy id

    // Nine changes with a sign, five without. Color leaves an image of one channel as Identity does; so does AutoContrast where
    // there are black and white, and Equalize where there are fewer pixels than steps.
    Assert.Equal(2 * 8 + 3, results.Length)
    Assert.True(results |> List.forall (fun (_, count) -> count >= 10))
