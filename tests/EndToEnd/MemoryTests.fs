namespace Sss.Tests.EndToEnd

open System
open System.IO
open Xunit
open Sss.Tests.EndToEnd.SmallRun

/// What a long run takes of the machine.
type MemoryTests() =

    [<NeedsProc>]
    member _.``native memory stays flat over thousands of steps``() =
        use folder = prepared ()
        let out = folder.File "out"
        // Ten steps an epoch, a checkpoint after each.
        let epochs = if Sss.Tests.Repository.isLong then 2000 else 300

        File.WriteAllText(
            folder.File "small.sss",
            text
                .Replace("epochs 12", $"epochs {epochs}")
                .Replace("target macs=0.5\n  shrink every 2\n", "")
        )

        // .NET compiles what runs often once more, for a minute and on the heap; not what is asked here.
        use child =
            launchWith
                [ "DOTNET_TieredCompilation", "0" ]
                (arguments folder out [ "--limit"; "356" ])

        let resident () =
            let line =
                File.ReadLines $"/proc/{child.Id}/status"
                |> Seq.find (fun line -> line.StartsWith "VmRSS:")

            float (line.Split([| ' '; '\t' |], StringSplitOptions.RemoveEmptyEntries)[1])

        let mutable early, late = 0.0, 0.0
        let mutable line = child.StandardError.ReadLine()

        while not (isNull line) do
            match line with
            | null -> ()
            // Within the first hundred epochs, some processors get one more block of buffers, once.
            | text when text.Contains $" 100/{epochs} " -> early <- resident ()
            | text when text.Contains $"epoch {epochs - 1}/{epochs} " -> late <- resident ()
            | _ -> ()

            line <- child.StandardError.ReadLine()

        child.WaitForExit()
        Assert.Equal(0, child.ExitCode)
        Assert.True(early > 0.0 && late > 0.0)
        Assert.True(late <= early * 1.05, $"{early} KiB after 1000 steps, {late} KiB at the end")
