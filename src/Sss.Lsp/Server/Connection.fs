namespace Sss.Lsp

open System
open System.IO
open System.Text
open System.Text.Json
open System.Text.Json.Nodes

/// A message from the client.
[<RequireQualifiedAccess>]
type internal Incoming =
    | Request of id: JsonElement * name: string * parameters: JsonElement
    | Notification of name: string * parameters: JsonElement
    /// An answer to a request of ours, of which there are none.
    | Answer
    /// Not a message; the sentence says why.
    | Unreadable of reason: string

/// Messages of JSON-RPC 2.0 on a pair of streams, each after a header with its length.
[<RequireQualifiedAccess>]
module internal Connection =

    /// The largest message: a text of the language's limit, escaped, fits.
    let private maxBytes = 512 * 1024 * 1024

    /// One line of a header, without its end; None: the stream has ended.
    let private headerLine (input: Stream) : string option =
        let line = StringBuilder()

        let rec read () =
            match input.ReadByte() with
            | -1 -> None
            | 10 -> Some(line.ToString().TrimEnd '\r')
            // Nothing that belongs here is longer.
            | _ when line.Length > 4096 -> None
            | c ->
                line.Append(char c) |> ignore
                read ()

        read ()

    /// The length of the next message; None: the stream has ended or no length is given.
    let private length (input: Stream) : int option =
        let rec read found =
            match headerLine input with
            | None -> None
            | Some "" -> found
            | Some line ->
                match line.Split(':', 2) with
                | [| name; value |] when
                    name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                    ->
                    match Int32.TryParse(value.Trim()) with
                    | true, n when n >= 0 && n <= maxBytes -> read (Some n)
                    | _ -> None
                | _ -> read found

        read None

    let private nothing = JsonDocument.Parse("{}").RootElement

    /// What a message says.
    let private decode (bytes: byte[]) : Incoming =
        try
            let root = JsonDocument.Parse(ReadOnlyMemory bytes).RootElement

            let parameters = Json.tryGet [ "params" ] root |> Option.defaultValue nothing

            match Json.text [ "method" ] root, Json.tryGet [ "id" ] root with
            | Some name, Some id -> Incoming.Request(id, name, parameters)
            | Some name, None -> Incoming.Notification(name, parameters)
            | None, Some _ -> Incoming.Answer
            | None, None -> Incoming.Unreadable "The message has no method."
        with
        | :? JsonException
        | :? DecoderFallbackException as e -> Incoming.Unreadable e.Message

    /// The next message; None: there are no more.
    let read (input: Stream) : Incoming option =
        length input
        |> Option.bind (fun n ->
            let bytes = Array.zeroCreate<byte> n

            if input.ReadAtLeast(Span bytes, n, false) = n then
                Some(decode bytes)
            else
                None
        )

    let private write (output: Stream) (message: JsonNode) =
        let body = JsonSerializer.SerializeToUtf8Bytes message
        let header = Encoding.ASCII.GetBytes $"Content-Length: {body.Length}\r\n\r\n"
        output.Write(ReadOnlySpan header)
        output.Write(ReadOnlySpan body)
        output.Flush()

    /// Sends an answer to a request; `id`: None where it could not be read.
    let answer
        (output: Stream)
        (id: JsonElement option)
        (answer: Result<JsonNode option, Refusal>)
        =
        let message = JsonObject()
        message.Add("jsonrpc", JsonValue.Create "2.0")
        message.Add("id", id |> Option.map JsonValue.Create |> Option.toObj)

        match answer with
        | Ok result -> message.Add("result", Option.toObj result)
        | Error refusal ->
            message.Add(
                "error",
                Json.object [
                    "code", Json.number refusal.Code
                    "message", Json.string refusal.Message
                ]
            )

        write output message

    /// Sends a notification.
    let notify (output: Stream) (name: string) (parameters: JsonNode) =
        write
            output
            (Json.object [
                "jsonrpc", Json.string "2.0"
                "method", Json.string name
                "params", parameters
            ])
