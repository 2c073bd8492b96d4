/// Folders of pictures with masks.
module Sss.Tests.Files.MaskFolderTests

open System
open System.IO
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files

let private network size classes : Network =
    let text =
        $"network N {{\n  input 1x{size}x{size}\n  classes {classes}\n  conv classes 1x1\n}}"

    match Language.parse text with
    | Ok parsed -> parsed.Network
    | Error diagnostics -> failwith $"%A{diagnostics}"

let private put root (path: string) (data: byte[]) =
    let file = Path.Combine(root, path)
    Directory.CreateDirectory(Path.GetDirectoryName file |> string) |> ignore
    File.WriteAllBytes(file, data)

/// A grey image of 40 times a number for each pixel, and its mask: grey or with a palette of this many bits.
let private pair root part name height width colour depth (classAt: int -> int -> int) =
    let grey = Pngs.plain width height 0 8 (fun x y _ -> 40 * classAt x y)
    put root (Path.Combine(part, "images", name + ".png")) (Pngs.write grey)

    let mask = {
        Pngs.plain width height colour depth (fun x y _ -> classAt x y) with
            Before =
                if colour = 3 then
                    // The colours are not looked at.
                    [ "PLTE", Array.replicate (3 * (1 <<< depth)) 7uy ]
                else
                    []
    }

    put root (Path.Combine(part, "masks", name + ".png")) (Pngs.write mask)

let private pixels (split: Split) =
    match split.Pixels with
    | Pictures { Kept = Some data } -> data
    | other -> failwith $"%A{other}"

let private classes (split: Split) =
    match split.Targets with
    | Targets.Masks(_, _, classes) -> classes
    | other -> failwith $"%A{other}"

[<Property(MaxTest = 30)>]
let ``a mask shows the part that its image shows`` (seed: int) =
    let random = Random seed

    Folders.within (fun root ->
        let small = 2 + random.Next 4

        for name in [ "a"; "b"; "c" ] do
            // One side is that of the input, so that nothing is scaled; the other is cut.
            let height, width =
                if random.Next 2 = 0 then
                    small, small + 2 * random.Next 4
                else
                    small + 2 * random.Next 4, small

            let values = Array2D.init height width (fun _ _ -> random.Next 4)
            let colour, depth = [| 0, 8; 0, 4; 0, 2; 3, 2; 3, 8 |][random.Next 5]

            for part in [ "train"; "Testing" ] do
                pair root part name height width colour depth (fun x y -> values[y, x])

        let source = Folders.ok (DataSource.parse $"folder:{root}")

        let d =
            Dataset.loadFor (network small 4) PictureOptions.standard source |> Folders.ok

        Assert.Equal((3, 3, 4), (d.Train.Count, d.Test.Count, d.Classes.Length))

        for split in [ d.Train; d.Test ] do
            let expected = classes split |> Array.map (fun c -> byte (40us * c))
            Assert.Equal<byte[]>(expected, pixels split)
    )

[<Fact>]
let ``masks are scaled by their nearest pixels to the output of the network`` () =
    Folders.within (fun root ->
        for name in [ "a"; "b"; "c"; "d"; "e" ] do
            pair root "" name 8 8 0 8 (fun x y -> x / 4 + 2 * (y / 4))

        let text =
            "network N {\n  input 1x4x4\n  classes 4\n  conv classes 2x2 stride=2 pad=0\n}"

        match Language.parse text with
        | Error diagnostics -> failwith $"%A{diagnostics}"
        | Ok parsed ->
            let d =
                Dataset.loadFor parsed.Network PictureOptions.standard (Folder root)
                |> Folders.ok

            Assert.Equal((4, 1), (d.Train.Count, d.Test.Count))
            Assert.Equal(Targets.Masks(2, 2, [| 0us; 1us; 2us; 3us |]), d.Test.Targets)
            Folders.ok (TargetFit.network parsed.Network d)

        // Without a network, masks have the size of the first image, and classes are numbers up to the largest.
        let d = Folders.ok (Dataset.load (Folder root))
        Assert.Equal<string list>([ "0"; "1"; "2"; "3" ], d.Classes)
        Assert.Equal("3x8x8", string d.Train.Shape)
        Assert.Equal(64, (classes d.Test).Length)
    )

[<Fact>]
let ``what is wrong with masks is told, file by file`` () =
    let zero _ _ = 0

    let said (change: string -> unit) =
        Folders.within (fun root ->
            for name in [ "a"; "b" ] do
                pair root "train" name 2 2 0 8 zero
                pair root "test" name 2 2 0 8 zero

            change root

            Dataset.loadFor (network 2 3) PictureOptions.standard (Folder root)
            |> Folders.messageIn root
        )

    let mask root name png =
        put root $"train/masks/{name}.png" (Pngs.write png)

    Assert.Equal(
        "FOLDER: the masks cannot be used\n  train/images/b.png has no mask train/masks/b.png\n  test/images/a.png and test/images/a.jpg would have the same mask"
            .Replace(
                "test/images/a.png and test/images/a.jpg",
                "test/images/a.jpg and test/images/a.png"
            ),
        said (fun root ->
            File.Delete(Path.Combine(root, "train/masks/b.png"))

            File.Copy(
                Path.Combine(root, "test/images/a.png"),
                Path.Combine(root, "test/images/a.jpg")
            )
        )
    )

    Assert.Equal(
        "FOLDER: the masks cannot be used\n  train/masks/a.png is 2x3 (height x width), its image 2x2\n  train/masks/b.png has the class 3 at column 1, row 0; classes are 0 to 2",
        said (fun root ->
            mask root "a" (Pngs.plain 3 2 0 8 (fun _ _ _ -> 0))
            mask root "b" (Pngs.plain 2 2 0 8 (fun x _ _ -> if x = 1 then 3 else 0))
        )
    )

    Assert.Equal(
        "FOLDER: the masks cannot be used\n  train/masks/a.png: broken mask: its pixels are colours; a mask is a grey PNG, or one with a palette, whose values are the classes\n  train/masks/b.png: broken mask: it is not a PNG",
        said (fun root ->
            mask root "a" (Pngs.plain 2 2 2 8 (fun _ _ _ -> 0))
            put root "train/masks/b.png" "no picture"B
        )
    )

    Assert.Equal(
        "FOLDER: the masks cannot be used\n  train/masks/a.png: broken mask: a mask has at most 8 bits per pixel",
        said (fun root -> mask root "a" (Pngs.plain 2 2 0 16 (fun _ _ _ -> 0)))
    )

[<Fact>]
let ``masks without an image are noted, broken images are left out with their masks`` () =
    Folders.within (fun root ->
        for i in 0..24 do
            pair root "" $"{i:D2}" 2 2 0 8 (fun _ _ -> i % 3)

        File.Delete(Path.Combine(root, "images", "03.png"))
        let whole = File.ReadAllBytes(Path.Combine(root, "images", "06.png"))
        // The header is there, the pixels are not.
        File.WriteAllBytes(Path.Combine(root, "images", "06.png"), Array.truncate 40 whole)

        let d =
            Dataset.loadFor (network 2 3) PictureOptions.standard (Folder root)
            |> Folders.ok

        Assert.Equal<string list>(
            [ "masks without an image, not used: `masks/03.png`" ],
            List.map DataNote.message d.Notes
        )

        Assert.Equal(1, d.Skipped.Length)
        Assert.Equal((19, 4), (d.Train.Count, d.Test.Count))

        Assert.Equal<byte[]>(
            classes d.Train |> Array.map (fun c -> byte (40us * c)),
            pixels d.Train
        )
    )
