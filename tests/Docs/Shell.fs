namespace Sss.Tests.Docs

open System
open System.Diagnostics
open System.IO
open System.Text
open Xunit

/// How a command ended, and all that it printed, both streams in the order of printing.
type Ended = { Code: int; Lines: string list }

/// Commands in a folder that looks like a clone of the repository to whoever types what README says.
[<RequireQualifiedAccess>]
module Shell =

    let private root = Sss.Tests.Repository.root

    /// The shell that the pages' commands are written for; None: it is not there.
    let bash =
        (Environment.GetEnvironmentVariable "PATH" |> string).Split Path.PathSeparator
        |> Seq.map (fun folder -> Path.Combine(folder, "bash"))
        |> Seq.tryFind File.Exists

    let private script (path: string) (lines: string list) =
        Directory.CreateDirectory(Path.GetDirectoryName path |> string) |> ignore
        File.WriteAllText(path, String.Join("\n", "#!/usr/bin/env bash" :: lines) + "\n")

        File.SetUnixFileMode(
            path,
            UnixFileMode.UserRead ||| UnixFileMode.UserWrite ||| UnixFileMode.UserExecute
        )

    /// Makes a folder what `cd sss` after a clone is: `./sss` is the built program, `dotnet run` of an
    /// example runs the built example, and what is only read stays where it is.
    let prepare (folder: string) =
        for name in [ "examples"; "data"; "docs" ] do
            Directory.CreateSymbolicLink(Path.Combine(folder, name), Path.Combine(root, name))
            |> ignore

        Directory.CreateDirectory(Path.Combine(folder, "build")) |> ignore
        let out = Path.Combine("build", "out")

        Directory.CreateSymbolicLink(Path.Combine(folder, out), Path.Combine(root, out))
        |> ignore

        script (Path.Combine(folder, "sss")) [
            $"exec dotnet '{root}/build/out/sss/sss.dll' \"$@\""
        ]

        script (Path.Combine(folder, ".bin", "dotnet")) [
            "PATH=${PATH#*:}"
            "if [[ \"$*\" == 'run -c Release --project examples/'* ]]; then"
            $"    exec dotnet run --no-build -c Release --project '{root}'/\"$5\" \"${{@:6}}\""
            "fi"
            "exec dotnet \"$@\""
        ]

    /// A process in a folder, started.
    let start (folder: string) (file: string) (args: string list) : Process =
        let info =
            ProcessStartInfo(
                file,
                args,
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true
            )

        let path = Environment.GetEnvironmentVariable "PATH" |> string
        info.Environment["PATH"] <- Path.Combine(folder, ".bin") + ":" + path
        info.Environment["NO_COLOR"] <- "1"
        // The pages show a machine with two processors and nothing else to do; other tests run beside these.
        info.Environment["OMP_NUM_THREADS"] <- "2"
        // Other processes want the cores too, and threads that spin while they wait take them.
        info.Environment["OMP_WAIT_POLICY"] <- "passive"
        // Build servers would outlive the test.
        info.Environment["MSBUILDDISABLENODEREUSE"] <- "1"
        info.Environment["UseSharedCompilation"] <- "false"
        info.Environment["DOTNET_NOLOGO"] <- "1"
        info.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] <- "1"
        nonNull (Process.Start info)

    /// Runs a program in a folder; one that outlives its time is ended and fails the test.
    let run (folder: string) (file: string) (args: string list) : Ended =
        let minutes = 10
        use child = start folder file args
        let lines = ResizeArray<string>()

        let collect (line: string | null) =
            match line with
            | null -> ()
            | line -> lock lines (fun () -> lines.Add line)

        child.OutputDataReceived.Add(fun e -> collect e.Data)
        child.ErrorDataReceived.Add(fun e -> collect e.Data)
        child.StandardInput.Close()
        child.BeginOutputReadLine()
        child.BeginErrorReadLine()

        if not (child.WaitForExit(TimeSpan.FromMinutes(float minutes))) then
            child.Kill true
            let said = String.Join("\n", lines)
            Assert.Fail $"{file} did not end within {minutes} minutes; it had said:\n{said}"

        // The second wait is for the ends of both streams.
        child.WaitForExit()

        {
            Code = child.ExitCode
            Lines = List.ofSeq lines
        }

    /// Runs a line of a shell in a folder.
    let line (folder: string) (command: string) : Ended =
        run folder "bash" [ "-c"; "exec 2>&1\n" + command ]

/// A theory that needs a shell.
type TheoryNeedsBash() as theory =
    inherit TheoryAttribute()

    do
        if Shell.bash.IsNone then
            theory.Skip <- "bash is not there: the pages' commands are written for it"

/// A fact that needs a shell.
type NeedsBash() as fact =
    inherit FactAttribute()

    do
        if Shell.bash.IsNone then
            fact.Skip <- "bash is not there: the pages' commands are written for it"
