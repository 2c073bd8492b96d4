namespace Sss.Tests.Lsp

open System
open System.IO
open System.IO.Pipes
open System.Text
open System.Text.Json
open System.Text.Json.Nodes
open System.Threading.Tasks
open Sss.Lsp

/// A client of the protocol, written for the tests: it knows headers and JSON, and nothing of the server.
type Client(options: ServerOptions) =
    let toServer = new AnonymousPipeServerStream(PipeDirection.Out)
    let fromServer = new AnonymousPipeServerStream(PipeDirection.In)

    let serverIn =
        new AnonymousPipeClientStream(PipeDirection.In, toServer.ClientSafePipeHandle)

    let serverOut =
        new AnonymousPipeClientStream(PipeDirection.Out, fromServer.ClientSafePipeHandle)

    let ended =
        Task.Run(fun () ->
            use output = serverOut
            LanguageServer.run options serverIn output
        )

    let mutable last = 0
    let notifications = ResizeArray<string * JsonElement>()

    let send (message: JsonNode) =
        let body = Encoding.UTF8.GetBytes(message.ToJsonString())
        let header = Encoding.ASCII.GetBytes $"Content-Length: {body.Length}\r\n\r\n"
        toServer.Write(ReadOnlySpan header)
        toServer.Write(ReadOnlySpan body)
        toServer.Flush()

    let readByte () =
        match fromServer.ReadByte() with
        | -1 -> failwith "The server has closed its stream."
        | b -> char b

    let receive () : JsonElement =
        let header = StringBuilder()

        while not (header.ToString().EndsWith "\r\n\r\n") do
            header.Append(readByte ()) |> ignore

        let length = int (header.ToString().Trim().Split(':')[1])
        let body = Array.zeroCreate<byte> length
        fromServer.ReadExactly(body, 0, length)
        JsonDocument.Parse(ReadOnlyMemory body).RootElement

    let rec receiveUntil (isWanted: JsonElement -> bool) : JsonElement =
        let message = receive ()

        match message.TryGetProperty "method" with
        | true, name -> notifications.Add(string (name.GetString()), message.GetProperty "params")
        | false, _ -> ()

        if isWanted message then message else receiveUntil isWanted

    let hasId (id: int) (message: JsonElement) =
        match message.TryGetProperty "id" with
        | true, found -> found.ValueKind = JsonValueKind.Number && found.GetInt32() = id
        | false, _ -> false

    /// Sends bytes as they are.
    member _.Raw(text: string) =
        toServer.Write(ReadOnlySpan(Encoding.UTF8.GetBytes text))
        toServer.Flush()

    /// The next message, whatever it is.
    member _.Next() = receive ()

    member _.Notify(name: string, parameters: JsonNode) =
        let message = JsonObject()
        message.Add("jsonrpc", JsonValue.Create "2.0")
        message.Add("method", JsonValue.Create name)
        message.Add("params", parameters)
        send message

    /// Sends a request and does not wait: its identity.
    member _.Post(name: string, parameters: JsonNode) : int =
        last <- last + 1
        let message = JsonObject()
        message.Add("jsonrpc", JsonValue.Create "2.0")
        message.Add("id", JsonValue.Create last)
        message.Add("method", JsonValue.Create name)
        message.Add("params", parameters)
        send message
        last

    /// The whole answer to a request that was sent.
    member _.Await(id: int) : JsonElement = receiveUntil (hasId id)

    /// A request's whole answer.
    member client.Answer(name: string, parameters: JsonNode) : JsonElement =
        client.Await(client.Post(name, parameters))

    /// A request's result.
    member client.Ask(name: string, parameters: JsonNode) : JsonElement =
        let answer = client.Answer(name, parameters)

        match answer.TryGetProperty "result" with
        | true, result -> result
        | false, _ -> failwith (answer.ToString())

    /// What is published next for a text.
    member _.Findings() : JsonElement =
        let isFindings (message: JsonElement) =
            match message.TryGetProperty "method" with
            | true, name -> name.GetString() = "textDocument/publishDiagnostics"
            | false, _ -> false

        (receiveUntil isFindings).GetProperty "params"

    /// The exit code, after the client has closed its stream.
    member _.Close() : int =
        toServer.Dispose()
        ended.Result

    /// The exit code of a server that has been told to end.
    member _.Ended() : int = ended.Result

    interface IDisposable with
        member _.Dispose() =
            toServer.Dispose()
            ended.Wait 10_000 |> ignore
            fromServer.Dispose()

/// Messages and places.
module Messages =

    let json (text: string) : JsonNode = JsonNode.Parse text |> nonNull

    let options: ServerOptions = {
        Version = "1.2.3"
        PageAddress = fun code -> Some("file:///errors/" + code + ".md")
        PageText = fun code -> Some("The page of " + code + ".")
        Draw = fun network -> "<html>" + network.Name + "</html>"
    }

    let uri = "file:///net.sss"

    let private document () : JsonNode = json ("{\"uri\":\"" + uri + "\"}")

    let private add (name: string) (value: JsonNode) (target: JsonNode) =
        (target :?> JsonObject).Add(name, value)
        target

    /// The parameters of a request about a text.
    let about () : JsonNode =
        json "{}" |> add "textDocument" (document ())

    let position (line: int) (character: int) : JsonNode =
        json ("{\"line\":" + string line + ",\"character\":" + string character + "}")

    let range (l: int) (c: int) (l': int) (c': int) : JsonNode =
        json "{}" |> add "start" (position l c) |> add "end" (position l' c')

    /// The parameters of a request about a place.
    let at (line: int, character: int) : JsonNode =
        about () |> add "position" (position line character)

    let inside (l, c, l', c') : JsonNode =
        about () |> add "range" (range l c l' c')

    let ``with`` name (value: JsonNode) target = add name value target

    let text (text: string) : JsonNode =
        nonNull (JsonValue.Create text) :> JsonNode

    /// The parameters of opening a text.
    let opening (content: string) : JsonNode =
        json "{}"
        |> add
            "textDocument"
            (document ()
             |> add "languageId" (text "sss")
             |> add "version" (JsonValue.Create 1)
             |> add "text" (text content))

    /// The parameters of a change of a range.
    let changing version (l, c, l', c') (content: string) : JsonNode =
        json "{}"
        |> add "textDocument" (document () |> add "version" (JsonValue.Create(version: int)))
        |> add
            "contentChanges"
            (JsonArray(json "{}" |> add "range" (range l c l' c') |> add "text" (text content)))

    /// The place of a caret in a text, and the text without it. Counted here once more, a character at
    /// a time.
    let caret (marked: string) : string * (int * int) =
        let at = marked.IndexOf '‸'
        let before = marked.Substring(0, at)
        let line = before |> Seq.filter (fun c -> c = '\n') |> Seq.length
        marked.Remove(at, 1), (line, at - (before.LastIndexOf '\n' + 1))

    /// A client that has opened a text.
    let opened (content: string) : Client =
        let client = new Client(options)

        client.Ask(
            "initialize",
            json
                """{"capabilities":{"textDocument":{"completion":{"completionItem":{"snippetSupport":true}}}},
                    "initializationOptions":{"commands":["sss.train","sss.openReport","sss.showNetwork"]}}"""
        )
        |> ignore

        client.Notify("initialized", json "{}")
        client.Notify("textDocument/didOpen", opening content)
        client

    /// The texts at a path in each element of an array.
    let texts (path: string list) (items: JsonElement) : string list = [
        for item in items.EnumerateArray() do
            let found =
                path
                |> List.fold (fun (e: JsonElement) (name: string) -> e.GetProperty name) item

            string found
    ]

    let private number (e: JsonElement) (name: string) = e.GetProperty(name).GetInt32()

    /// A text after the edits of an answer, made by hand.
    let edited (content: string) (edits: JsonElement) : string =
        let lines = content.Split '\n'

        let offset (p: JsonElement) =
            let line = number p "line"

            (lines |> Seq.truncate line |> Seq.sumBy (fun l -> l.Length + 1))
            + number p "character"

        let all = [
            for edit in edits.EnumerateArray() do
                let range = edit.GetProperty "range"

                min content.Length (offset (range.GetProperty "start")),
                min content.Length (offset (range.GetProperty "end")),
                string (edit.GetProperty("newText").GetString())
        ]

        (content, List.sortByDescending (fun (start, _, _) -> start) all)
        ||> List.fold (fun text (start, stop, inserted) ->
            text.Substring(0, start) + inserted + text.Substring stop
        )
