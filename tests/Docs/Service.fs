namespace Sss.Tests.Docs

open System
open System.IO
open System.Net.Http
open System.Text.Json
open System.Threading.Tasks
open Xunit
open Sss.Tests.Report
open Sss.Tests.Repository

/// ASP.NET's part of .NET, which some systems install apart.
[<RequireQualifiedAccess>]
module AspNet =

    let isThere =
        let core =
            Path.GetDirectoryName typeof<obj>.Assembly.Location |> string |> DirectoryInfo

        let shared =
            core.Parent |> Option.ofObj |> Option.bind (fun d -> Option.ofObj d.Parent)

        match shared with
        | None -> false
        | Some shared -> Directory.Exists(Path.Combine(shared.FullName, "Microsoft.AspNetCore.App"))

/// A fact that needs ASP.NET.
type NeedsAspNet() as fact =
    inherit FactAttribute()

    do
        if Shell.bash.IsNone then
            fact.Skip <- "bash is not there: README's commands are written for it"
        elif not AspNet.isThere then
            fact.Skip <- "ASP.NET is not there: Debian's package aspnetcore-runtime-10.0 has it"

/// A fact that needs ASP.NET, and Chromium to look at its page.
type NeedsAspNetAndChromium() as fact =
    inherit NeedsAspNet()

    do
        if isNull fact.Skip && Browser.program.IsNone then
            fact.Skip <- "Chromium is not there: Debian's package chromium has it"

/// An example at work that serves over HTTP.
[<AbstractClass>]
type Running(example: string, program: string, model: string) =

    /// The program that `./test.sh` has built.
    let dll =
        Path.Combine(root, "examples", example, "bin", "Release", "net10.0", program)

    let anyPort = "http://127.0.0.1:0"

    let started =
        lazy
            (let child =
                Shell.start (Readme.folder ()) "dotnet" [ dll; model; "--urls"; anyPort ]

             let mark = "Now listening on: "
             let address = TaskCompletionSource<string>()
             let said = ResizeArray<string>()

             let listen (line: string | null) =
                 match line with
                 | null -> address.TrySetException(Exception(String.Join("\n", said))) |> ignore
                 | line when line.Contains mark ->
                     let from = line.IndexOf mark + mark.Length
                     address.TrySetResult(line.Substring(from).Trim()) |> ignore
                 | line -> said.Add line

             child.OutputDataReceived.Add(fun e -> listen e.Data)
             child.ErrorDataReceived.Add(fun e -> Option.ofObj e.Data |> Option.iter said.Add)
             child.BeginOutputReadLine()
             child.BeginErrorReadLine()
             child, address.Task)

    let client = new HttpClient(Timeout = TimeSpan.FromSeconds 60.0)

    /// The program, without arguments.
    member _.Program = dll

    /// The process; the first use starts it.
    member _.Process = fst started.Value

    /// Where it listens, once it does.
    member _.Address = (snd started.Value).Result

    member _.Client = client

    interface IDisposable with
        member _.Dispose() =
            client.Dispose()

            if started.IsValueCreated then
                let child, _ = started.Value
                child.Kill true
                child.WaitForExit()
                child.Dispose()

/// `examples/DrawDigit` at work, with the network that README trains.
type Service() =
    inherit Running("DrawDigit", "DrawDigit.dll", "digits.onnx")

    /// Status and body of a posted drawing.
    member service.Post(ink: byte[]) : Task<int * JsonElement> =
        task {
            use body = new ByteArrayContent(ink)
            use! answer = service.Client.PostAsync(service.Address + "/predict", body)
            let! text = answer.Content.ReadAsStringAsync()
            return int answer.StatusCode, JsonDocument.Parse(text).RootElement
        }
