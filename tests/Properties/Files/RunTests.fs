module Sss.Tests.Files.RunTests

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files

[<Property>]
let ``metrics read back exactly`` (rows: (float * float) list) =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "metrics.csv")
        let rows = rows |> List.map (fun (a, b) -> [ "epoch", a; "loss", b ])

        for row in rows do
            Folders.ok (MetricsFile.append path row)

        let again =
            if rows.IsEmpty then
                []
            else
                Folders.ok (MetricsFile.read path)

        List.forall2 (fun a b -> a.Equals b) rows again
    )

[<Fact>]
let ``a metrics file of other columns stays as it is`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "metrics.csv")
        Folders.ok (MetricsFile.append path [ "epoch", 1.0; "loss", 0.5 ])

        Assert.Equal(
            "metrics.csv: at byte 0: columns: expected epoch,accuracy, found epoch,loss",
            Folders.messageIn folder (MetricsFile.append path [ "epoch", 2.0; "accuracy", 0.5 ])
        )

        File.AppendAllText(path, "2,0.2")
        Assert.Equal(1, (Folders.ok (MetricsFile.read path)).Length)
        Folders.ok (MetricsFile.filter path (fun row -> snd row.Head <= 1.0))
        Folders.ok (MetricsFile.append path [ "epoch", 2.0; "loss", 0.25 ])
        Assert.Equal("epoch,loss\n1,0.5\n2,0.25\n", File.ReadAllText path)
    )

[<Fact>]
let ``an atomic write that fails leaves the old file and nothing else`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "file")
        Folders.ok (AtomicFile.writeText path "old")

        let full = IOException("no space", 28)

        let failing (e: exn) =
            AtomicFile.write
                path
                (fun stream ->
                    stream.WriteByte 1uy
                    raise e
                )

        Assert.Equal(Error(DiskFull path), failing full)
        Assert.Equal(Error(NotAvailable(path, "broken")), failing (IOException "broken"))

        Assert.Throws<InvalidOperationException>(fun () ->
            failing (InvalidOperationException()) |> ignore
        )
        |> ignore

        Assert.Equal("old", File.ReadAllText path)
        Assert.Equal(1, Directory.GetFileSystemEntries(folder).Length)
        Folders.ok (AtomicFile.writeText path "new")
        Assert.Equal("new", File.ReadAllText path)
        Assert.Equal(1, Directory.GetFileSystemEntries(folder).Length)

        Assert.Equal(
            Error(NotAvailable(folder, "it is a folder")),
            AtomicFile.writeText folder "x"
        )
    )

[<Fact>]
let ``a full disk is an error with a name`` () =
    // Every write to this device fails for want of space.
    if File.Exists "/dev/full" then
        let written =
            FileError.catching
                "/dev/full"
                (fun () ->
                    use stream = File.OpenWrite "/dev/full"
                    stream.WriteByte 1uy
                    stream.Flush()
                    Ok()
                )

        Assert.Equal(Error(DiskFull "/dev/full"), written)

[<Fact>]
let ``what a training computed on is said in words`` () =
    let gpu: RunArithmetic = {
        Device = "cuda:1"
        Precision = "bf16"
        Tf32 = true
        Ranks = 4
        Threads = 2
    }

    Assert.Equal("cuda:1 at bf16 with TF32", RunArithmetic.text gpu)
    Assert.Equal("cuda:1 at bf16", RunArithmetic.text { gpu with Tf32 = false })
    Assert.Equal(Some "cuda:1 at bf16 with TF32", RunArithmetic.unusual gpu)

    let cpu = {
        gpu with
            RunArithmetic.Device = "cpu"
            Precision = "float32"
            Tf32 = false
    }

    Assert.Equal(RunArithmetic.usual, RunArithmetic.text cpu)
    Assert.Equal(None, RunArithmetic.unusual cpu)

[<Fact>]
let ``a file beyond the size that the system allows is an error with a name`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "file")

        // More than any file system here takes. .NET has no exception of its own for that.
        let grown =
            FileError.catching
                path
                (fun () ->
                    use file = File.Create path
                    file.SetLength Int64.MaxValue
                    Ok()
                )

        if OperatingSystem.IsLinux() then
            Assert.Equal(
                "file: it would be larger than the system allows a file to be",
                Folders.messageIn folder grown
            )

        // A defect of ours stays one.
        Assert.False(FileError.isTooBig (ArgumentOutOfRangeException "value"))
    )
