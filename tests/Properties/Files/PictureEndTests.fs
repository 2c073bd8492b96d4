/// Pictures that end oddly, claim too much, or are no files: read right or refused, by name.
module Sss.Tests.Files.PictureEndTests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Threading
open System.Threading.Tasks
open Xunit
open Sss.Core
open Sss.Files
open Sss.Tests.Files.Pngs

let private shape = Shape.create 3 40 40

let private decode (content: byte[]) =
    ImageFile.decodeAs PictureOptions.standard shape "x" (ReadOnlyMemory content)

let private message content =
    match decode content with
    | Ok _ -> "read"
    | Error error -> FileError.message error

let private early = "x: at byte 0: broken image: it ends early"

[<Fact>]
let ``a JPEG without its end marker reads as with it`` () =
    for kind, whole in Jpegs.kinds do
        let expected = Folders.ok (decode whole)
        let data = whole[.. whole.Length - 3]

        let endings = [
            [||]
            [| 0xFFuy |]
            [| 0uy; 0uy |]
            [| 0xFFuy; 0xD9uy; 1uy; 2uy; 3uy |]
            Array.zeroCreate 1000
            Array.create 100 0xFFuy
            Text.Encoding.ASCII.GetBytes "<html>gone</html>"
        ]

        for ending in endings do
            let found = decode (Array.append data ending)

            let reported =
                match found with
                | Ok _ -> "other pixels"
                | Error error -> FileError.message error

            let what = $"{kind} with {ending.Length} bytes behind it: {reported}"
            Assert.True((found = Ok expected), what)

        // At a smaller scale of decoding, too.
        let small content =
            ImageFile.decodeAs
                PictureOptions.standard
                (Shape.create 1 4 4)
                "x"
                (ReadOnlyMemory content)

        Assert.Equal(small whole, small data)

[<Fact>]
let ``a JPEG whose data is cut off is an error at every length`` () =
    for kind, whole in Jpegs.kinds do
        let expected = Folders.ok (decode whole)

        for length in 3 .. whole.Length - 3 do
            match decode whole[.. length - 1] with
            // The last bytes may hold what nobody sees: filling bits, and blocks beyond the edge.
            | Ok pixels ->
                Assert.True((length >= whole.Length - 12), $"{kind} cut to {length} was read")
                Assert.Equal<byte[]>(expected, pixels)
            | Error error ->
                let reported = FileError.message error

                Assert.True(
                    (reported = early),
                    $"{kind} cut to {length} of {whole.Length}: {reported}"
                )

[<Fact>]
let ``a PNG without its last chunk is read, one without its last pixels is not`` () =
    for isInterlaced in [ false; true ] do
        let png = {
            Pngs.random (Random 5) 30 20 with
                IsInterlaced = isInterlaced
        }

        let whole = write png
        let expected = decode whole
        Assert.Equal(expected, decode whole[.. whole.Length - 13])

        for length in 8..7 .. whole.Length - 24 do
            Assert.Equal(early, message whole[.. length - 1])

        // One bit of the pixels.
        let broken = Array.copy whole
        broken[whole.Length - 30] <- broken[whole.Length - 30] ^^^ 4uy
        Assert.Equal("x: at byte 0: broken image: its data is damaged", message broken)

[<Fact>]
let ``codings of JPEG that are not read are named`` () =
    let baseline = snd Jpegs.kinds.Head
    let frame = Jpegs.find 0xC0uy baseline

    let changed at value =
        let copy = Array.copy baseline
        copy[frame + at] <- value
        message copy

    let refused what =
        $"x: at byte 0: the coding of the JPEG is {what}; supported: baseline, extended and \
          progressive with Huffman codes, 8 bits per sample"

    Assert.Equal(refused "arithmetic", changed 1 0xC9uy)
    Assert.Equal(refused "arithmetic", changed 1 0xCAuy)
    Assert.Equal(refused "lossless", changed 1 0xC3uy)
    Assert.Equal(refused "hierarchical", changed 1 0xC5uy)
    Assert.Equal(refused "12 bits per sample", changed 4 12uy)

[<Fact>]
let ``many scans in few bytes are refused`` () =
    let _, progressive =
        Jpegs.kinds |> List.find (fun (kind, _) -> kind = "progressive")

    let scan = Jpegs.find 0xDAuy progressive
    let length = 2 + (int progressive[scan + 2] <<< 8) + int progressive[scan + 3]

    let content =
        Array.concat [
            progressive[.. scan - 1]
            yield! List.replicate 1000 progressive[scan .. scan + length - 1]
            progressive[scan..]
        ]

    Assert.Matches(
        "^x: at byte 0: the number of scans is 10..; it must be 1 to 500$",
        message content
    )

[<Fact>]
let ``sizes beyond the limits are refused before anything is allocated`` () =
    let claim width height =
        Array.concat [
            signature
            header width height 8 2 0uy
            chunk "IDAT" (Array.zeroCreate 70000)
        ]

    // Of 48 bytes no more than 1,032 times 8 pixels each can come.
    let few =
        Array.concat [ signature; header 3000 3000 8 2 0uy; chunk "IDAT" [| 1uy; 2uy; 3uy |] ]

    let cases = [
        claim 16384 16384, "16384x16384", "67108864 pixels"
        claim Int32.MaxValue Int32.MaxValue, "2147483647x2147483647", "67108864 pixels"
        claim 2000000 2, "2000000x2", "1048576 pixels per side"
        few, "3000x3000", "396288 pixels"
    ]

    for content, size, most in cases do
        let before = GC.GetAllocatedBytesForCurrentThread()
        let found = message content
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0L, 1L <<< 20)

        Assert.Equal($"x: at byte 0: the size is {size} pixels; it must be 1x1 to {most}", found)

    for width, height in [ 0, 5; 5, 0; -1, 5 ] do
        Assert.Equal(
            "x: at byte 0: broken image: its data is damaged",
            message (claim width height)
        )

[<Fact>]
let ``a large picture of few bytes is read in little memory`` () =
    // 8,192 × 8,192 pixels of one bit in 8 KB.
    let side = 8192
    let rows = Array.zeroCreate<byte>((side / 8 + 1) * side)

    let content =
        Array.concat [
            signature
            header side side 1 0 0uy
            chunk "IDAT" (zlib rows)
            chunk "IEND" [||]
        ]

    let before = GC.GetAllocatedBytesForCurrentThread()
    Assert.Equal<byte[]>(Array.zeroCreate 4800, Folders.ok (decode content))
    Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0L, 8L <<< 20)

[<Fact>]
let ``texts, profiles and animations that unpack to much cost nothing`` () =
    let png = plain 6 4 2 8 (fun x y c -> 40 * x + 3 * y + c)
    let bomb = zlib (Array.zeroCreate (1 <<< 24))
    let named = Array.append (Text.Encoding.ASCII.GetBytes "name\000\000") bomb

    let hostile = {
        png with
            Before =
                [
                    "iCCP", named
                    "zTXt", named
                    "acTL", Array.append (bigEndian 1000000) (bigEndian 0)
                ]
                @ List.replicate 5000 ("tEXt", "a\000b"B)
            After = [ "fdAT", Array.append (bigEndian 1) bomb; "zTXt", named ]
    }

    let expected = decode (write png)
    let content = write hostile
    let before = GC.GetAllocatedBytesForCurrentThread()
    Assert.Equal(expected, decode content)
    Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0L, 4L <<< 20)

    let endless =
        Array.concat (header 6 4 8 2 0uy :: List.replicate 300000 (chunk "tEXt" [||]))

    Assert.Equal(
        "x: at byte 0: the number of chunks is 262145; it must be 1 to 262144",
        message (Array.append signature endless)
    )

[<Fact>]
let ``pictures of every shape are read`` () =
    for width, height in [ 1, 1; 1, 10000; 10000, 1; 3, 5000; 5000, 3; 1, 2 ] do
        for isInterlaced in [ false; true ] do
            let png = {
                plain width height 2 8 (fun _ _ c -> 50 * c) with
                    IsInterlaced = isInterlaced
            }

            let expected = Array.init 4800 (fun i -> byte (50 * (i / 1600)))
            Assert.Equal<byte[]>(expected, Folders.ok (decode (write png)))

[<Fact>]
let ``what is no file is named and never waited for`` () =
    if RuntimeInformation.IsOSPlatform OSPlatform.Linux then
        Folders.within (fun folder ->
            let path name = Path.Combine(folder, name)
            use pipe = Process.Start("mkfifo", path "pipe.png")
            pipe.WaitForExit()
            File.CreateSymbolicLink(path "device.png", "/dev/zero") |> ignore
            File.CreateSymbolicLink(path "gone.png", path "nothing") |> ignore
            File.CreateSymbolicLink(path "loop.png", path "loop.png") |> ignore
            Directory.CreateDirectory(path "folder.png") |> ignore
            Folders.put folder "empty.png" [||]

            let reported name =
                let found = Task.Run(fun () -> ImageFile.read shape (path name))
                Assert.True(found.Wait 20000, $"{name} waits")
                let size = Task.Run(fun () -> ImageFile.size (path name))
                Assert.True(size.Wait 20000, $"{name} waits")

                Assert.Equal(
                    Folders.messageIn folder size.Result,
                    Folders.messageIn folder found.Result
                )

                Folders.messageIn folder found.Result

            Assert.Equal("pipe.png: it is a pipe, not a file", reported "pipe.png")
            Assert.Equal("device.png: it is a device, not a file", reported "device.png")
            Assert.Equal("gone.png: no such file or folder", reported "gone.png")
            Assert.Equal("folder.png: it is a folder", reported "folder.png")
            Assert.StartsWith("loop.png: ", reported "loop.png")

            Assert.Equal(
                "empty.png: at byte 0: broken image: the file is empty",
                reported "empty.png"
            )

            Assert.Equal(
                "bad\uFFFD.png: it cannot be opened, because its name is not valid UTF-8; rename it",
                reported "bad\uFFFD.png"
            )
        )

[<Fact>]
let ``a gate lets no more in than its budget, except one alone, and everyone in the end`` () =
    let budget = 100L
    let gate = Gate budget
    let sync = obj ()
    let used, inside, most = ref 0L, ref 0, ref 0L
    let random = Random 4

    let claims =
        Array.init 400 (fun _ -> if random.Next 10 = 0 then 300L else int64 (random.Next 90))

    let work claim =
        gate.Within
            claim
            (fun () ->
                lock
                    sync
                    (fun () ->
                        used.Value <- used.Value + claim
                        inside.Value <- inside.Value + 1
                        most.Value <- max most.Value (if inside.Value > 1 then used.Value else 0L)
                    )

                Thread.SpinWait 200

                lock
                    sync
                    (fun () ->
                        used.Value <- used.Value - claim
                        inside.Value <- inside.Value - 1
                    )
            )

    let threads =
        claims
        |> Array.chunkBySize 50
        |> Array.map (fun part -> Thread(fun () -> Array.iter work part))

    for thread in threads do
        thread.Start()

    for thread in threads do
        Assert.True(thread.Join 30000, "a thread still waits")

    Assert.InRange(most.Value, 0L, budget)
    Assert.Equal(0L, used.Value)
    // A failure gives back what it claimed.
    Assert.Throws<InvalidOperationException>(fun () ->
        gate.Within 300L (fun () -> raise (InvalidOperationException())) |> ignore
    )
    |> ignore

    Assert.Equal(1, gate.Within 300L (fun () -> 1))
