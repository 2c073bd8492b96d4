namespace Sss.Cli

open System
open System.ComponentModel
open System.Diagnostics
open System.IO
open System.Reflection
open System.Threading.Tasks
open Sss.Files
open Sss.Torch

/// A running child process of this program.
type internal Child = {
    Process: Process
    /// Completes when the process has ended and all its output has been written.
    Ended: Task
    /// The last lines of standard error, newest last.
    Said: unit -> string list
    Clock: Stopwatch
}

/// Running this program from itself.
[<RequireQualifiedAccess>]
module internal Children =

    /// Set for a child: it stops, as with Ctrl-C, when its input ends. So it gets one request however the
    /// parent is stopped, and it also ends in order when the parent was killed.
    let stopVariable = "SSS_STOP_AT_END_OF_INPUT"

    let private kept = 4

    /// How to start this program again: directly, or by `dotnet` with its file.
    let private command (words: string list) =
        let own = Environment.ProcessPath |> Option.ofObj |> Option.defaultValue "dotnet"

        match Path.GetFileNameWithoutExtension own with
        | "dotnet" -> own, (Assembly.GetEntryAssembly() |> nonNull).Location :: words
        | _ -> own, words

    let private info (words: string list) =
        let file, arguments = command words

        let info =
            ProcessStartInfo(
                file,
                arguments,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true
            )

        info.Environment[stopVariable] <- "1"

        // A child works alone, even if its parent is a rank.
        for name in List.ofSeq info.Environment.Keys do
            if Launch.isOfRanks name then
                info.Environment.Remove name |> ignore

        info

    /// A full disk loses words of the log, never the run.
    let private tried (write: unit -> unit) =
        try
            write ()
        with
        | :? IOException -> ()
        | e when FileError.isTooBig e -> ()

    /// Writes the output of a process to a log; gives the last lines of its standard error.
    let private listen (started: Process) (writer: TextWriter) : unit -> string list =
        let said = Collections.Concurrent.ConcurrentQueue<string>()

        let hear isError (line: string | null) =
            match line with
            | null -> ()
            | line ->
                tried (fun () -> writer.WriteLine line)

                if isError then
                    said.Enqueue line

                    if said.Count > kept then
                        said.TryDequeue() |> ignore

        started.OutputDataReceived.Add(fun e -> hear false e.Data)
        started.ErrorDataReceived.Add(fun e -> hear true e.Data)
        fun () -> List.ofSeq said

    /// Starts the program with the words of a command; its output is appended to a file.
    let start (log: string) (words: string list) : Result<Child, string> =
        try
            let info = info words
            let writer = TextWriter.Synchronized(new StreamWriter(log, true, AutoFlush = true))
            let started = new Process(StartInfo = info)
            let said = listen started writer
            started.Start() |> ignore
            started.BeginOutputReadLine()
            started.BeginErrorReadLine()

            let ended =
                task {
                    // Waits for the ends of both streams too.
                    do! started.WaitForExitAsync()
                    tried writer.Dispose
                }

            Ok {
                Process = started
                Ended = ended
                Said = said
                Clock = Stopwatch.StartNew()
            }
        with
        | :? Win32Exception
        | :? InvalidOperationException
        | :? IOException
        | :? UnauthorizedAccessException as e -> Error e.Message

    /// Asks a child to stop.
    let stop (child: Child) =
        try
            child.Process.StandardInput.Close()
        with :? IOException ->
            ()
