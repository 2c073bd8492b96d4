module Sss.Tests.Files.SafetensorsTests

open System
open System.IO
open System.Text
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Files

/// Files made of a header text and bytes after it.
let private made (header: string) (data: byte[]) =
    let text = Encoding.UTF8.GetBytes header
    Array.concat [ BitConverter.GetBytes(int64 text.Length); text; data ]

let private readMade header data =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")
        File.WriteAllBytes(path, made header data)
        Folders.messageIn folder (Safetensors.read path)
    )

let private tensors =
    let extent = Gen.choose (0, 4)

    gen {
        let! rank = Gen.choose (0, 4)
        let! shape = Gen.listOfLength rank extent
        let count = List.fold (*) 1 shape
        let! double = Gen.elements [ true; false ]

        if double then
            let! data = Gen.arrayOfLength count (ArbMap.defaults |> ArbMap.generate<float>)
            return StoredTensor.Double { Shape = shape; Data = data }
        else
            let! data = Gen.arrayOfLength count (ArbMap.defaults |> ArbMap.generate<float32>)
            return StoredTensor.Single { Shape = shape; Data = data }
    }

/// Any characters that UTF-8 has, JSON's special ones among them.
let private text =
    Gen.elements [ "a"; "Z"; "."; "\""; "\\"; "\n"; "\u0000"; "é"; "漢"; "🙂"; "{"; "," ]
    |> Gen.listOf
    |> Gen.map (String.concat "")

let private files =
    gen {
        let! names = Gen.listOf text |> Gen.map List.distinct
        let! values = Gen.listOfLength names.Length tensors
        let! metadata = Gen.listOf (Gen.zip text text)
        return List.zip names values |> Map.ofList, metadata |> List.distinctBy fst
    }
    |> Arb.fromGen

let private bits tensor =
    match tensor with
    | StoredTensor.Single t ->
        t.Shape, t.Data |> Array.map (BitConverter.SingleToInt32Bits >> int64)
    | StoredTensor.Double t -> t.Shape, t.Data |> Array.map BitConverter.DoubleToInt64Bits

[<Property(MaxTest = 200)>]
let ``what is written is read back bit for bit, and is aligned`` () =
    Prop.forAll
        files
        (fun (tensors, metadata) ->
            Folders.within (fun folder ->
                let path = Path.Combine(folder, "x.safetensors")
                Folders.ok (Safetensors.writeTensors path tensors metadata)
                let again = Folders.ok (Safetensors.read path)
                let header = BitConverter.ToInt64(File.ReadAllBytes path, 0)

                header % 8L = 0L
                && again.Metadata = Map.ofList metadata
                && Map.map (fun _ -> bits) again.Tensors |> (=) (Map.map (fun _ -> bits) tensors)
            )
        )

[<Fact>]
let ``half precisions are widened exactly`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")

        let header =
            """{"a.weight":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b.weight":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]}}"""

        let data = [|
            0x00uy
            0x3euy // 1.5
            0x00uy
            0xfcuy // -infinity
            0xc0uy
            0x3fuy // 1.5
            0x80uy
            0xffuy // -infinity
        |]

        File.WriteAllBytes(path, made header data)
        let weights = SafetensorsFile.weights (Folders.ok (Safetensors.read path))

        Assert.Equal<float32[]>(
            [| 1.5f; -infinityf |],
            weights[ArrayKey.make ArrayPart.Weight "a"].Data
        )

        Assert.Equal<float32[]>(
            [| 1.5f; -infinityf |],
            weights[ArrayKey.make ArrayPart.Weight "b"].Data
        )
    )

[<Fact>]
let ``counters are whole numbers, and a single one has no extents`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")
        let header = """{"n.weight":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}"""
        File.WriteAllBytes(path, made header (BitConverter.GetBytes 7L))
        let weights = SafetensorsFile.weights (Folders.ok (Safetensors.read path))

        Assert.Equal(
            { Shape = []; Data = [| 7.0f |] },
            weights[ArrayKey.make ArrayPart.Weight "n"]
        )
    )

[<Fact>]
let ``every way to lie in a header is told apart`` () =
    let entry name dtype shape (a: int64) (b: int64) =
        $"\"%s{name}\":{{\"dtype\":\"%s{dtype}\",\"shape\":%s{shape},\"data_offsets\":[{a},{b}]}}"

    let eight = Array.zeroCreate<byte> 8
    let one = entry "a" "F32" "[2]" 0L 8L

    let found = [
        readMade "" [||]
        readMade "[]" [||]
        readMade "{" [||]
        readMade "{}x" [||]
        readMade "{}" eight
        readMade $"{{{one}}}" [| 1uy; 2uy |]
        readMade $"{{{one},{one}}}" eight
        readMade $"""{{{entry "a" "F32" "[2]" 0L 8L},{entry "b" "F32" "[1]" 4L 8L}}}""" eight
        readMade $"""{{{entry "a" "F32" "[1]" 4L 8L}}}""" eight
        readMade $"""{{{entry "a" "F32" "[1]" 0L 4L}}}""" eight
        readMade $"""{{{entry "a" "F32" "[3]" 0L 8L}}}""" eight
        readMade $"""{{{entry "a" "F32" "[1]" 8L 4L}}}""" eight
        readMade $"""{{{entry "a" "Q8" "[2]" 0L 8L}}}""" eight
        readMade $"""{{{entry "a" "F32" "[-2]" 0L 8L}}}""" eight
        readMade $"""{{{entry "a" "F32" "[1e300]" 0L 8L}}}""" eight
        readMade
            $"""{{{entry "a" "F32" "[2147483647,2147483647,2147483647]" 0L 4611686018427387904L}}}"""
            eight
        readMade """{"a":{"dtype":"F32","shape":[2]}}""" eight
        readMade """{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""" eight
        readMade """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1}}""" eight
        readMade """{"a":7}""" eight
        readMade """{"__metadata__":{"k":1}}""" [||]
        readMade """{"__metadata__":{"k":"1","k":"2"}}""" [||]
    ]

    let expected =
        """x.safetensors: at byte 8: broken JSON: The input does not contain any JSON tokens. Expected the input to start with a valid JSON token, when isFinalBlock is true.
x.safetensors: at byte 8: the header: expected StartObject, found StartArray
x.safetensors: at byte 9: broken JSON: Expected depth to be zero at the end of the JSON payload. There is an open JSON object or array that should be closed.
x.safetensors: at byte 10: broken JSON: 'x' is invalid after a single JSON value. Expected end of data.
x.safetensors: at byte 10: 8 bytes that belong to no entry
x.safetensors: at byte 13: the end of `a` is 8; it must be 0 to 2 (the end of the file)
x.safetensors: at byte 62: entry `a` is there twice
x.safetensors: at byte 66: `a` and `b` use the same bytes
x.safetensors: at byte 62: 4 bytes that belong to no entry
x.safetensors: at byte 66: 4 bytes that belong to no entry
x.safetensors: at byte 13: bytes of `a`: expected 12 (for its shape), found 8
x.safetensors: at byte 13: the end of `a`: expected 8 (its start) or more, found 4
x.safetensors: at byte 22: the type of `a` is Q8; supported: F32, F64, F16, BF16, I64
x.safetensors: at byte 37: the shape of `a` is -2; it must be 0 to 2147483591
x.safetensors: at byte 37: the shape of `a` is 1e300; it must be 0 to 2147483591
x.safetensors: at byte 37: the shape of `a` is 2147483647; it must be 0 to 2147483591
x.safetensors: at byte 13: it has no data_offsets for `a`
x.safetensors: at byte 28: key `dtype` is there twice
x.safetensors: at byte 61: a key is more; supported: dtype, shape, data_offsets
x.safetensors: at byte 13: `a`: expected StartObject, found Number
x.safetensors: at byte 29: a value of the metadata: expected String, found Number
x.safetensors: at byte 33: metadata key `k` is there twice"""

    Assert.Equal(expected, String.Join("\n", found))

[<Fact>]
let ``a huge header is refused before it is read`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")

        for length in [ 100_000_001L; Int64.MaxValue; -1L ] do
            File.WriteAllBytes(
                path,
                Array.append (BitConverter.GetBytes length) (Array.zeroCreate 64)
            )

            let before = GC.GetAllocatedBytesForCurrentThread()
            let message = Folders.messageIn folder (Safetensors.read path)
            Assert.Contains("at byte 0: the length of the header is", message)
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0L, 200_000L)

        File.WriteAllBytes(
            path,
            Array.append (BitConverter.GetBytes 50_000_000L) (Array.zeroCreate 64)
        )

        Assert.Equal(
            "x.safetensors: at byte 8: the header needs 50000000 bytes, but the content ends after 64 bytes",
            Folders.messageIn folder (Safetensors.read path)
        )
    )

[<Fact>]
let ``a network file keeps text, classes and normalisation`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "selected.safetensors")

        let saved = {
            Text = "network N {\n  // \"quoted\" é\n}"
            Classes = [ "T-shirt/top"; "Ångström" ]
            Preparation =
                Some {
                    Pictures = PictureOptions.standard
                    Range = PixelRange.bytes
                    Scale = 1.0f / 255.0f
                    Mean = [| 0.1f; 0.2f |]
                    Deviation = [| 0.3f; 1e-7f |]
                    IsGiven = false
                }
            Probabilities = Probabilities.Sigmoid
            Weights =
                Map.ofList [
                    ArrayKey.make ArrayPart.Weight "conv1",
                    {
                        Shape = [ 1; 2 ]
                        Data = [| 1.0f; -0.0f |]
                    }
                ]
            Strangers = []
        }

        Folders.ok (NetworkFile.write path saved)
        Assert.Equal(saved, Folders.ok (NetworkFile.read path))

        Folders.ok (NetworkFile.write path { saved with Preparation = None })
        Assert.Equal(None, (Folders.ok (NetworkFile.read path)).Preparation)

        Folders.ok (Safetensors.write path saved.Weights [])

        Assert.Equal(
            "selected.safetensors: at byte 8 of the metadata: it has no metadata `sss.format`",
            Folders.messageIn folder (NetworkFile.read path)
        )
    )

[<Fact>]
let ``reading takes the result's memory and little more`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")
        let count = 4_000_000
        let data = Array.init count float32

        let weights =
            Map.ofList [
                for name in [ "a"; "b" ] do
                    ArrayKey.make ArrayPart.Weight name, { Shape = [ count ]; Data = data }
            ]

        Folders.ok (Safetensors.write path weights [])
        let before = GC.GetAllocatedBytesForCurrentThread()
        let again = Folders.ok (Safetensors.read path)
        let used = GC.GetAllocatedBytesForCurrentThread() - before
        Assert.InRange(used, 8L * int64 count, 8L * int64 count + 400_000L)
        Assert.True((weights = SafetensorsFile.weights again))
    )
