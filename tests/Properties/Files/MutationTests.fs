/// Broken and hostile inputs: every reader gives an error that names the file, or a valid result;
/// never an exception, and never more memory than the file and its result are worth.
module Sss.Tests.Files.MutationTests

open System
open System.IO
open Xunit
open SkiaSharp
open Sss.Core
open Sss.Files
open Sss.Tests.Files.Attacks

let private tensorFile folder =
    let random = Random 7
    let path = Path.Combine(folder, "valid")

    let tensor shape =
        let count = List.fold (*) 1 shape

        {
            Shape = shape
            Data = Array.init count (fun _ -> random.NextSingle())
        }

    let weights =
        Map.ofList [
            ArrayKey.make ArrayPart.Weight "conv1", tensor [ 4; 3; 3; 3 ]
            ArrayKey.make ArrayPart.Weight "bn1", tensor [ 4 ]
            ArrayKey.make ArrayPart.Mean "bn1", tensor [ 4 ]
            ArrayKey.make ArrayPart.Weight "dense1", tensor [ 2; 16 ]
        ]

    Folders.ok (
        NetworkFile.write path {
            Text = "network N {\n  input 3x8x8\n}\n"
            Classes = [ "a"; "b" ]
            Preparation =
                Some {
                    Pictures = PictureOptions.standard
                    Range = PixelRange.bytes
                    Scale = 0.25f
                    Mean = [| 0.5f |]
                    Deviation = [| 1.0f |]
                    IsGiven = false
                }
            Probabilities = Probabilities.Sigmoid
            Weights = weights
            Strangers = []
        }
    )

    File.ReadAllBytes path

[<Fact>]
let ``6,000 mutations of a safetensors file are errors or valid reads`` () =
    Folders.within (fun folder ->
        let valid = tensorFile folder

        let reads =
            attack 1 4000 folder "x.safetensors" valid 0 (fun path -> unit (Safetensors.read path))
        // Changed values make other valid files; a header that is changed is nearly always refused.
        Assert.InRange(reads, 400, 2400)

        // The header alone, where every byte has a meaning.
        let header = 8 + int (BitConverter.ToInt64(valid, 0))
        let random = Random 2

        for i in 0..1999 do
            let mutated = Array.append (mutate random valid[.. header - 1]) valid[header..]
            let path = Path.Combine(folder, "x.safetensors")
            File.WriteAllBytes(path, mutated)

            match NetworkFile.read path with
            | Ok saved ->
                for KeyValue(_, t) in saved.Weights do
                    Assert.Equal(List.fold (*) 1 t.Shape, t.Data.Length)
            | Error error -> Assert.Contains($"x.safetensors: at byte", FileError.message error)
    )

[<Fact>]
let ``6,600 mutations over all readers of data are errors or valid reads`` () =
    Folders.within (fun folder ->
        let random = Random 3
        let pixels = Array.zeroCreate<byte> 600
        random.NextBytes pixels
        let idx = Folders.idx [ 10; 6; 10 ] pixels
        let images path = unit (Idx.readImages path)
        attack 4 1500 folder "images" idx 0 images |> ignore
        attack 5 800 folder "images.gz" (Folders.gzip idx) idx.Length images |> ignore
        let labels = Folders.idx [ 300 ] (Array.init 300 (fun i -> byte (i % 10)))

        attack 6 500 folder "labels" labels 0 (fun path -> unit (Idx.readLabels path))
        |> ignore

        let archive =
            FormatTests.npz [
                "x_train", FormatTests.npy 1 "|u1" "10, 6, 10" pixels
                "y_train", FormatTests.npy 2 "|u1" "10," (Array.init 10 byte)
                "x_test", FormatTests.npy 1 "|u1" "10, 6, 10" pixels
                "y_test", FormatTests.npy 1 "|u1" "10," (Array.init 10 byte)
            ]

        attack 7 1500 folder "x.npz" archive 4000 (fun path -> unit (Npz.load path))
        |> ignore

        let picture format =
            PictureTests.picture
                format
                40
                30
                (SKColor(200uy, 30uy, 90uy))
                (SKColor(0uy, 99uy, 1uy))

        let shape = Shape.create 3 16 16
        let image path = unit (ImageFile.read shape path)

        attack 8 600 folder "x.png" (picture SKEncodedImageFormat.Png) 4800 image
        |> ignore

        attack 9 600 folder "x.jpg" (picture SKEncodedImageFormat.Jpeg) 4800 image
        |> ignore

        // A folder of CIFAR-10 whose first file is under attack.
        let record label =
            Array.append [| byte label |] (Array.zeroCreate 3072)

        for name in
            [ "data_batch_2"; "data_batch_3"; "data_batch_4"; "data_batch_5"; "test_batch" ] do
            Folders.put folder $"{name}.bin" (record 1)

        let cifar _ = unit (Cifar.loadTen folder)

        attack 10 600 folder "data_batch_1.bin" (Array.append (record 0) (record 9)) 40000 cifar
        |> ignore

        let names =
            String.Join("\n", [ for i in 0..9 -> $"class {i}" ])
            |> Text.Encoding.UTF8.GetBytes

        attack 11 500 folder "batches.meta.txt" names 60000 cifar |> ignore
    )
