/// Broken and hostile inputs where the file is most of the memory that reading may take, and networks.
module Sss.Tests.Files.LargeAttackTests

open System
open System.IO
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Tests.Files.Attacks

/// Mutations of the first bytes alone, where sizes stand.
let private mutateHead length random (data: byte[]) =
    Array.append (mutate random (Array.truncate length data)) (Array.skip length data)

/// On large files twice the file is most of what is allowed: reading may hold the file and what
/// comes out of it, and nothing more. (The streams' own buffers are the rest.)
[<Fact>]
let ``240 mutations of large files take no more than twice the file in memory`` () =
    Folders.within (fun folder ->
        let random = Random 12
        let pixels = Array.zeroCreate<byte>(1200 * 28 * 28)
        random.NextBytes pixels
        let bounds = { Unpacked = 0; Slack = 200_000L }
        let idx = Folders.idx [ 1200; 28; 28 ] pixels

        attackWith
            bounds
            (mutateHead 16)
            id
            21
            60
            folder
            "images"
            idx
            (fun path -> unit (Idx.readImages path))
        |> ignore

        let tensors =
            let path = Path.Combine(folder, "valid")

            let tensor = {
                Shape = [ 500; 500 ]
                Data = Array.init 250_000 (fun _ -> random.NextSingle())
            }

            Folders.ok (
                Safetensors.write path (Map.ofList [ ArrayKey.make ArrayPart.Weight "a", tensor ]) [
                    "k", "v"
                ]
            )

            File.ReadAllBytes path

        attackWith
            bounds
            (mutateHead 120)
            id
            22
            60
            folder
            "x.safetensors"
            tensors
            (fun path -> unit (Safetensors.read path))
        |> ignore

        let record label =
            Array.append [| byte label |] (Array.sub pixels (3072 * label) 3072)

        for name in
            [ "data_batch_2"; "data_batch_3"; "data_batch_4"; "data_batch_5"; "test_batch" ] do
            Folders.put folder $"{name}.bin" (record 1)

        let records = Array.concat [ for i in 0..299 -> record (i % 10) ]

        // Six files are read, each through a buffer.
        attackWith
            { bounds with Slack = 500_000L }
            mutate
            id
            23
            60
            folder
            "data_batch_1.bin"
            records
            (fun _ -> unit (Cifar.loadTen folder))
        |> ignore

        let arrays = [
            "x_train", FormatTests.npy 1 "|u1" "1200, 28, 28" pixels
            "y_train", FormatTests.npy 2 "|u1" "1200," (Array.init 1200 (fun i -> byte (i % 10)))
            "x_test", FormatTests.npy 1 "|u1" "1, 28, 28" (Array.truncate 784 pixels)
            "y_test", FormatTests.npy 1 "|u1" "1," [| 1uy |]
        ]

        // The header of the archive's first array is changed, and packed again.
        let archive x =
            FormatTests.npz (("x_train", x) :: arrays.Tail)

        attackWith
            bounds
            (mutateHead 128)
            archive
            24
            30
            folder
            "x.npz"
            (snd arrays.Head)
            (fun path -> unit (Npz.load path))
        |> ignore

        attackWith
            { bounds with Unpacked = idx.Length }
            (mutateHead 16)
            Folders.gzip
            25
            30
            folder
            "images.gz"
            idx
            (fun path -> unit (Idx.readImages path))
        |> ignore
    )

/// A diagnostic's place is the language's own; what is asked here is that there is one.
[<Fact>]
let ``600 mutations of a network file are diagnostics or networks`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.sss")
        let random = Random 31

        let valid =
            "network T {\n  input 3x16x16\n  classes 10\n"
            + "  def unit(n, s) {\n    residual @scale(block) { conv n 3x3 stride=s; bn }; relu\n  }\n"
            + "  conv 8 3x3; bn @scale(neuron); relu\n  repeat 3 { unit 8 1 }\n"
            + "  avgpool global\n  dense classes\n}\n\ntrain {\n  lr 0.1 step 0.1 at 3, 5\n"
            + "  gamma 0.1\n  augment area=0.08 flip jitter=0.4 pca=0.1 resize=20\n}\n"
            |> Text.Encoding.UTF8.GetBytes

        let mutable networks = 0

        for i in 0..599 do
            File.WriteAllBytes(path, (if i = 0 then valid else mutate random valid))

            match Language.readFile path with
            | Error _ -> ()
            | Ok text ->
                match Language.parse text with
                | Ok _ -> networks <- networks + 1
                | Error diagnostics ->
                    Assert.NotEmpty diagnostics

                    for diagnostic in diagnostics do
                        Assert.Contains("x.sss:", Language.render path text diagnostic)

        Assert.InRange(networks, 2, 400)
    )
