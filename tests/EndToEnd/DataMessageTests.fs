namespace Sss.Tests.EndToEnd

open System
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// What the commands say of data and files that are not what they should be: whole messages.
type DataMessageTests() =

    let text =
        "network T {\n  input 3x8x8\n  classes 2\n  conv 4 3x3; bn @scale(neuron); relu\n"
        + "  avgpool global\n  dense classes\n}\n"
        + "train { epochs 1; batch 8; lr 0.05 constant; gamma neuron=0.003 }\n"

    let picture (folder: Folder) (name: string) (shade: int) =
        let path = folder.File name
        Path.GetDirectoryName path |> string |> Directory.CreateDirectory |> ignore
        Pictures.png path 8 8 (fun x y -> byte (shade + x), byte (shade + 3 * y), byte shade)

    /// A network and a folder of two classes, 10 pictures each, all different.
    let prepared () =
        let folder = new Folder()
        File.WriteAllText(folder.File "t.sss", text)

        for i in 0..9 do
            picture folder $"pets/cat/{i}.png" i
            picture folder $"pets/dog/{i}.png" (100 + i)

        folder

    let train (folder: Folder) data extra =
        sss (
            [ "train"; folder.File "t.sss"; "--data"; data; "--out"; folder.File "out" ]
            @ [ "--threads"; "1"; "--no-report"; "--quiet" ]
            @ extra
        )

    /// Without what so little training does not recognise.
    let errors (folder: Folder) (ended: Ended) =
        noStackTrace ended

        let lines =
            ended.Err.Replace(folder.Path + "/", "").TrimEnd().Split '\n'
            |> Array.filter (fun line -> not (line.StartsWith "warning: no test image"))

        (ended.Code, List.ofArray lines)

    [<Fact>]
    member _.``a folder is reported before training, and a run goes on where the folder was moved to``
        ()
        =
        use folder = prepared ()
        picture folder "pets/.ipynb_checkpoints/1.png" 7
        Directory.CreateDirectory(folder.File "pets/empty") |> ignore
        File.WriteAllText(folder.File "pets/cat/a.webp", "")
        let pets = folder.File "pets"

        Assert.Equal(
            (0,
             [
                 "data set folder:pets:"
                 "  hidden, so not used: `.ipynb_checkpoints`"
                 "  empty, so no class: `empty`"
                 "  `cat`: files that are not read: 1 .webp"
                 "  8 training images drawn at random from each class in proportion, seed 1: the first 8 have 1 of 2 classes"
             ]),
            errors folder (train folder $"folder:{pets}" [ "--limit"; "8" ])
        )

        Directory.Move(pets, folder.File "moved")
        let moved = "folder:" + folder.File "moved/"
        expectCode 0 (train folder moved [ "--limit"; "8"; "--resume"; "--epochs"; "2" ])

        // The same counts, labels and mean; other pixels.
        let at name = folder.File("moved/" + name)
        Directory.Move(at "cat", at "x")
        Directory.Move(at "dog", at "cat")
        Directory.Move(at "x", at "dog")

        let code, said =
            errors folder (train folder moved [ "--limit"; "8"; "--resume"; "--epochs"; "2" ])

        Assert.Equal(1, code)

        Assert.Equal(
            "Continue with the same files and options, or start again with --restart or another --out.",
            List.last said
        )

        Assert.Contains(said, (fun (line: string) -> line.StartsWith "  training images: "))

    [<Fact>]
    member _.``classes that cannot be learned and data of nothing end before training``() =
        use folder = prepared ()
        Directory.Move(folder.File "pets", folder.File "train")
        Directory.CreateDirectory(folder.File "all") |> ignore
        Directory.Move(folder.File "train", folder.File "all/train")
        picture folder "all/test/Cat/1.png" 50
        picture folder "all/test/dog/1.png" 60
        let all = folder.File "all"

        Assert.Equal(
            (1,
             [
                 "folder:all cannot be trained on:"
                 "  `test/Cat`: 1 test picture of a class that has no training pictures; is it training's `cat`? The names differ only in capital letters"
                 "  no test pictures of `cat`"
             ]),
            errors folder (train folder $"folder:{all}" [])
        )

        Directory.Delete(folder.File "all/test", true)

        Assert.Equal(
            (1,
             [
                 "all: there is `train` but no test folder"
                 "These layouts are read:"
                 "  DIR/CLASS/PICTURE: every fifth picture of a class is for testing"
                 "  DIR/train/CLASS/PICTURE and DIR/test/CLASS/PICTURE"
                 "`training`, `testing`, `val`, `valid` and `validation` are read too, in capital or small letters."
             ]),
            errors folder (train folder $"folder:{all}" [])
        )

        for i in 0..9 do
            for name in [ "cat"; "dog" ] do
                picture folder $"same/{name}/{i}.png" 9

        Assert.Equal(
            (1,
             [
                 "folder:same cannot be trained on:"
                 "  all 16 training images are the same image: there is nothing to learn"
             ]),
            errors folder (train folder ("folder:" + folder.File "same") [])
        )

    [<Fact>]
    member _.``weights that no network can have are refused by every command``() =
        use folder = prepared ()
        let data = "folder:" + folder.File "pets"
        expectCode 0 (train folder data [])
        let selected = folder.File "out/selected.safetensors"
        let network = folder.File "out/network.safetensors"

        // The numbers are at the end of the file: the last array's last one becomes NaN.
        for path in [ selected; network ] do
            let bytes = File.ReadAllBytes path
            BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), nanf) |> ignore
            File.WriteAllBytes(path, bytes)

        let out = folder.File "out"
        let picture = folder.File "pets/cat/0.png"

        for command, file in
            [
                [ "predict"; out; picture ], "selected"
                [ "eval"; out; "--data"; data ], "selected"
                [ "export"; out; "--onnx"; folder.File "x.onnx" ], "selected"
                [ "bench"; out ], "network"
                [ "train"; folder.File "t.sss"; "--data"; data; "--init"; network ]
                @ [ "--out"; folder.File "next" ],
                "network"
            ] do
            let code, said = errors folder (sss command)
            let fault = List.skip (said.Length - 2) said
            Assert.Equal(1, code)

            Assert.Equal(
                $"out/{file}.safetensors: the weights have values that are not valid",
                fault.Head
            )

            Assert.EndsWith("values are not finite", fault[1])

        Assert.False(File.Exists(folder.File "x.onnx"))

    [<Fact>]
    member _.``a network is not scored on classes of other names``() =
        use folder = prepared ()
        expectCode 0 (train folder ("folder:" + folder.File "pets") [])
        Directory.Move(folder.File "pets/dog", folder.File "pets/wolf")

        Assert.Equal(
            (1,
             [
                 "data set folder:pets does not fit: its classes are not the classes of the network"
                 "  only in the network: dog"
                 "  only in the data: wolf"
                 "  names must be exactly equal; rename the folders of the data"
             ]),
            errors
                folder
                (sss [ "eval"; folder.File "out"; "--data"; "folder:" + folder.File "pets" ])
        )
