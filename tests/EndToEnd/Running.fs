namespace Sss.Tests.EndToEnd

open System
open System.Diagnostics
open System.IO
open System.Text
open System.Text.Json
open Xunit

/// What a program printed and how it ended.
type Ended = { Code: int; Out: string; Err: string }

/// Running the built program as a person does.
module Running =

    /// The folder of the repository.
    let root = Sss.Tests.Repository.root

    /// The program that `./sss` runs; `./test.sh` builds it before the tests.
    let program = Path.Combine(root, "build", "out", "sss", "sss.dll")

    /// An empty folder that goes with the test.
    type Folder = Sss.Tests.Repository.Folder

    /// As many threads as there are cores, whatever else the machine does: the same bits in every run. Tests of the
    /// choice give the variable as an empty text, which removes it.
    let private threads = "OMP_NUM_THREADS"

    /// How a program is started in the repository's folder, with its three streams redirected.
    let startInfo (environment: (string * string) list) file (args: string list) =
        let info =
            ProcessStartInfo(
                file,
                args,
                WorkingDirectory = root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true
            )

        info.Environment.[threads] <- string Environment.ProcessorCount
        // The laws run beside these tests, and threads that spin while they wait take their cores.
        info.Environment.["OMP_WAIT_POLICY"] <- "passive"

        for name, value in environment do
            if name = threads && value = "" then
                info.Environment.Remove name |> ignore
            else
                info.Environment.[name] <- value

        info

    /// Run a program in the repository's folder and wait; a program that outlives its time is ended
    /// and fails the test.
    let start (seconds: int) (environment: (string * string) list) file (args: string list) =
        use child = new Process(StartInfo = startInfo environment file args)
        let out, err = StringBuilder(), StringBuilder()

        let collect (text: StringBuilder) (line: string | null) =
            match line with
            | null -> ()
            | line -> lock text (fun () -> text.Append(line).Append '\n' |> ignore)

        child.OutputDataReceived.Add(fun e -> collect out e.Data)
        child.ErrorDataReceived.Add(fun e -> collect err e.Data)
        child.Start() |> ignore
        child.StandardInput.Close()
        child.BeginOutputReadLine()
        child.BeginErrorReadLine()

        if not (child.WaitForExit(seconds * 1000)) then
            child.Kill true
            Assert.Fail $"{file} {args} did not end within {seconds} s; it had said:\n{out}\n{err}"

        // The second wait is for the ends of both streams.
        child.WaitForExit()

        {
            Code = child.ExitCode
            Out = out.ToString()
            Err = err.ToString()
        }

    /// Run sss with a time limit of ten minutes.
    let sss (args: string list) = start 600 [] "dotnet" (program :: args)

    /// What a command printed as JSON.
    let json (text: string) = JsonDocument.Parse(text).RootElement

    /// A file of JSON.
    let jsonFile (path: string) = json (File.ReadAllText path)

    /// The first line of a text.
    /// Standard error without the warnings about a text, which come before all else.
    let unwarned (text: string) =
        text.Split '\n'
        |> Array.filter (fun line -> not (line.Contains ": warning: "))
        |> String.concat "\n"

    let firstLine (text: string) = text.Split('\n').[0]

    /// No .NET exception may ever reach a user.
    let noStackTrace (ended: Ended) =
        Assert.DoesNotContain("   at ", ended.Out + ended.Err)
        Assert.DoesNotContain("Unhandled exception", ended.Out + ended.Err)

    /// The command ended as it should; if not, the failure shows everything it said.
    let expectCode code (ended: Ended) =
        noStackTrace ended

        if ended.Code <> code then
            Assert.Fail $"exit code {ended.Code} instead of {code}\n{ended.Out}\n{ended.Err}"
