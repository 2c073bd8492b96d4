/// What is no regular file: never read without a bound, never replaced.
module Sss.Tests.Files.PlaceTests

open System
open System.Diagnostics
open System.IO
open System.Net.Sockets
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files

let private isUnix = not (OperatingSystem.IsWindows())

let private makePipe (path: string) =
    use made = Process.Start("mkfifo", [ path ])
    made.WaitForExit()
    Assert.Equal(0, made.ExitCode)

/// A folder with one of each: `pipe`, `socket`, `folder`, `zero` (a link to a device).
let private withPlaces (test: string -> unit) =
    if isUnix then
        Folders.within (fun folder ->
            let at name = Path.Combine(folder, name)
            makePipe (at "pipe")

            use socket =
                new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)

            socket.Bind(UnixDomainSocketEndPoint(at "socket"))
            Directory.CreateDirectory(at "folder") |> ignore
            File.CreateSymbolicLink(at "zero", "/dev/zero") |> ignore
            test folder
        )

let private places = [
    "pipe", "it is a pipe, not a file"
    "socket", "it is a socket, not a file"
    "folder", "it is a folder"
    "zero", "it is a device, not a file"
]

[<Fact>]
let ``every reader says what stands at a path that is no file`` () =
    let readers: (string * (string -> Result<unit, FileError>)) list = [
        "npz", Npz.load >> Result.map ignore
        "csv", fun path -> Table.read path (fun _ -> Ok [| 0 |]) |> Result.map ignore
        "weights", NetworkFile.read >> Result.map ignore
        "tensors", Safetensors.read >> Result.map ignore
        "result", ResultFile.read >> Result.map ignore
        "study", StudyFile.read >> Result.map ignore
        "metrics", MetricsFile.read >> Result.map ignore
        "row", fun path -> MetricsFile.append path [ "epoch", 1.0 ]
        "bytes", RegularFile.bytes >> Result.map ignore
    ]

    withPlaces (fun folder ->
        for _, read in readers do
            for name, reason in places do
                let path = Path.Combine(folder, name)
                Assert.Equal($"{name}: {reason}", Folders.messageIn folder (read path))
    )

[<Fact>]
let ``an IDX file that is a pipe is refused`` () =
    withPlaces (fun folder ->
        File.Move(Path.Combine(folder, "pipe"), Path.Combine(folder, "train-images-idx3-ubyte"))

        for name in
            [
                "train-labels-idx1-ubyte"
                "t10k-images-idx3-ubyte"
                "t10k-labels-idx1-ubyte"
            ] do
            Folders.put folder name [| 0uy |]

        Assert.Equal(
            "train-images-idx3-ubyte: it is a pipe, not a file",
            Folders.messageIn folder (Dataset.load (DataSource.Idx folder))
        )
    )

[<Fact>]
let ``a text is read up to its limit, whatever length the system states`` () =
    withPlaces (fun folder ->
        let checkedAt (path: string) =
            let outcome = Show.check [ path ]
            Assert.Equal(1, outcome.ExitCode)
            outcome.Errors.Replace(folder + "/", "")

        let refused name reason =
            Assert.Equal(
                $"{name}: error SSS003: `{name}` cannot be read\n  {reason}\n  \
                  help: give a file that contains a network\n",
                checkedAt (Path.Combine(folder, name))
            )

        refused "pipe" "it is a pipe, not a file"
        refused "socket" "it is a socket, not a file"
        refused "zero" "it is a device, not a file"

        Assert.Equal(
            "folder: error SSS002: `folder` is a folder\n  expected a file that contains a network\n",
            checkedAt (Path.Combine(folder, "folder"))
        )

        // The kernel states length 0 for these, and they hold something.
        if OperatingSystem.IsLinux() then
            Assert.Contains("error SSS", checkedAt "/proc/self/status")
            Assert.DoesNotContain("SSS003", checkedAt "/proc/self/status")
    )

[<Fact>]
let ``only a regular file is replaced`` () =
    withPlaces (fun folder ->
        for name, reason in places do
            let path = Path.Combine(folder, name)

            Assert.Equal(
                $"{name}: {reason}",
                Folders.messageIn folder (AtomicFile.writeText path "text")
            )

        let kept =
            Directory.GetFileSystemEntries folder
            |> Array.map (Path.GetFileName >> string)
            |> Array.sort

        Assert.Equal<string[]>([| "folder"; "pipe"; "socket"; "zero" |], kept)
        Assert.Equal("/dev/zero", FileInfo(Path.Combine(folder, "zero")).LinkTarget)
    )

[<Fact>]
let ``a link stays a link, and what it points to is written`` () =
    if isUnix then
        Folders.within (fun folder ->
            let at name = Path.Combine(folder, name)
            File.WriteAllText(at "real", "old")
            File.SetUnixFileMode(at "real", UnixFileMode.UserRead ||| UnixFileMode.UserWrite)
            File.CreateSymbolicLink(at "link", "real") |> ignore
            File.CreateSymbolicLink(at "second", at "link") |> ignore
            File.CreateSymbolicLink(at "dangling", "later") |> ignore
            File.CreateSymbolicLink(at "loop", "loop") |> ignore

            Folders.ok (AtomicFile.writeText (at "second") "new")
            Assert.Equal("new", File.ReadAllText(at "real"))
            Assert.Equal("real", FileInfo(at "link").LinkTarget)

            Assert.Equal(
                UnixFileMode.UserRead ||| UnixFileMode.UserWrite,
                File.GetUnixFileMode(at "real")
            )

            Folders.ok (AtomicFile.writeText (at "dangling") "new")
            Assert.Equal("new", File.ReadAllText(at "later"))
            Assert.Equal("later", FileInfo(at "dangling").LinkTarget)
            Assert.True((AtomicFile.writeText (at "loop") "new").IsError)
        )

[<Fact>]
let ``a name may be as long as a file system allows`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, String('n', 255))
        Folders.ok (AtomicFile.writeText path "text")
        Assert.Equal("text", File.ReadAllText path)
    )

[<Fact>]
let ``a folder where a run's file goes is found before the training`` () =
    withPlaces (fun folder ->
        let at name = Path.Combine(folder, name)

        for name in [ "metrics.csv"; "report.html"; "result.json"; "selected.onnx"; "network.sss" ] do
            Directory.CreateDirectory(at name) |> ignore

            Assert.Equal(
                $"{name}: it is a folder",
                Folders.messageIn folder (Sss.Torch.RunFolder.prepare folder)
            )

            Directory.Delete(at name)

        for name in [ "events"; "checkpoint" ] do
            File.WriteAllText(at name, "")

            Assert.Equal(
                $"{name}: it exists and is not a folder",
                Folders.messageIn folder (Sss.Torch.RunFolder.prepare folder)
            )

            File.Delete(at name)

        Folders.ok (Sss.Torch.RunFolder.prepare folder)
    )
