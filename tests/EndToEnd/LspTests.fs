namespace Sss.Tests.EndToEnd

open System
open System.Diagnostics
open System.IO
open System.Text
open System.Text.Json
open Xunit
open Sss.Tests.EndToEnd.Running

/// `sss lsp` as an editor starts it.
type LspTests() =

    let message (text: string) =
        let body = Encoding.UTF8.GetBytes text
        Array.append (Encoding.ASCII.GetBytes $"Content-Length: {body.Length}\r\n\r\n") body

    let send (server: Process) (text: string) =
        server.StandardInput.BaseStream.Write(ReadOnlySpan(message text))
        server.StandardInput.BaseStream.Flush()

    let receive (server: Process) : JsonElement =
        let stream = server.StandardOutput.BaseStream
        let header = StringBuilder()

        while not (header.ToString().EndsWith "\r\n\r\n") do
            match stream.ReadByte() with
            | -1 -> failwith $"the server ended; it had said: {server.StandardError.ReadToEnd()}"
            | b -> header.Append(char b) |> ignore

        let body = Array.zeroCreate<byte>(int (header.ToString().Trim().Split(':')[1]))
        stream.ReadExactly(body, 0, body.Length)
        json (Encoding.UTF8.GetString body)

    let start (args: string list) =
        let child =
            new Process(StartInfo = startInfo [] "dotnet" (program :: "lsp" :: args))

        child.Start() |> ignore
        child

    [<Fact>]
    member _.``an editor gets findings with the page of each, without LibTorch``() =
        use server = start [ "--stdio" ]

        send
            server
            """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"""

        let answer = receive server

        Assert.Equal(
            "sss",
            answer.GetProperty("result").GetProperty("serverInfo").GetProperty("name").GetString()
        )

        send server """{"jsonrpc":"2.0","method":"initialized","params":{}}"""

        send
            server
            """{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.sss","languageId":"sss","version":1,"text":"network A {\n  input 1x8x8\n  classes 4\n  cnov 8 3x3\n  dense 4\n}\n"}}}"""

        let found =
            (receive server).GetProperty("params").GetProperty("diagnostics").EnumerateArray()
            |> Seq.exactlyOne

        Assert.Equal("SSS201", found.GetProperty("code").GetString())
        let page = Uri(string (found.GetProperty("codeDescription").GetProperty("href")))
        Assert.StartsWith("# SSS201", File.ReadAllText page.LocalPath)

        if OperatingSystem.IsLinux() then
            let maps = File.ReadAllText $"/proc/{server.Id}/maps"
            Assert.DoesNotContain("torch", maps.ToLowerInvariant())

        send server """{"jsonrpc":"2.0","id":2,"method":"shutdown"}"""
        Assert.Equal(JsonValueKind.Null, (receive server).GetProperty("result").ValueKind)
        send server """{"jsonrpc":"2.0","method":"exit"}"""
        Assert.True(server.WaitForExit 20_000)
        Assert.Equal(0, server.ExitCode)

    [<Fact>]
    member _.``an editor that is gone ends the server``() =
        use server = start []
        server.StandardInput.Close()
        Assert.True(server.WaitForExit 20_000)
        Assert.Equal(1, server.ExitCode)

    [<Fact>]
    member _.``show writes pictures``() =
        use folder = new Folder()
        let file = Path.Combine(root, "examples", "digits.sss")
        let svg, html = folder.File "net.svg", folder.File "net.html"
        let ended = sss [ "show"; file; "--svg"; svg; "--html"; html ]
        Assert.Equal(0, ended.Code)
        Assert.Equal($"{svg}: written\n{html}: written\n", ended.Out)
        let image = Xml.Linq.XDocument.Parse(File.ReadAllText svg)
        Assert.Equal("svg", (nonNull image.Root).Name.LocalName)
        Assert.Contains("basic5", File.ReadAllText svg)
        Assert.Contains("1x8x8 in, 10 classes out", File.ReadAllText html)

        let ended = sss [ "show"; file; "--svg" ]
        Assert.Equal(2, ended.Code)
        Assert.Equal("sss show: --svg FILE: the file is missing.", firstLine ended.Err)
        let ended = sss [ "show"; file; "--svg"; folder.Path ]
        Assert.Equal(1, ended.Code)
        Assert.Contains("SSS007", ended.Err)

    [<Fact>]
    member _.``a watched network is shown again when it changes``() =
        use folder = new Folder()
        let file, svg = folder.File "net.sss", folder.File "net.svg"
        let text = File.ReadAllText(Path.Combine(root, "examples", "digits.sss"))
        File.WriteAllText(file, text)

        use child =
            new Process(
                StartInfo = startInfo [] "dotnet" [ program; "show"; file; "--svg"; svg; "--watch" ]
            )

        child.Start() |> ignore

        let until (isTrue: unit -> bool) =
            let watch = Stopwatch.StartNew()

            while not (isTrue ()) && watch.Elapsed.TotalSeconds < 30.0 do
                Threading.Thread.Sleep 50

            Assert.True(isTrue ())

        until (fun () -> File.Exists svg)
        File.WriteAllText(file, text.Replace("network Digits", "network Renamed"))
        until (fun () -> File.ReadAllText(svg).Contains "<title>Renamed</title>")
        child.Kill()
