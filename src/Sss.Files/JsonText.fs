namespace Sss.Files

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.Json

/// JSON as text.
[<RequireQualifiedAccess>]
module JsonText =

    let private written (options: JsonWriterOptions) (write: Utf8JsonWriter -> unit) =
        use buffer = new MemoryStream()
        using (new Utf8JsonWriter(buffer, options)) write
        Encoding.UTF8.GetString(buffer.ToArray())

    /// The input of a writer, as one line.
    let ofWriter (write: Utf8JsonWriter -> unit) : string = written (JsonWriterOptions()) write

    /// The same over several lines, for people to read.
    let indented (write: Utf8JsonWriter -> unit) : string =
        written (JsonWriterOptions(Indented = true, NewLine = "\n")) write

    /// JSON has no word for numbers that are not finite; they become `null`.
    let number (json: Utf8JsonWriter) (name: string) (value: float) =
        if Double.IsFinite value then
            json.WriteNumber(name, value)
        else
            json.WriteNull name

    /// A property. Raises `JsonException` where it is missing.
    let property (item: JsonElement) (name: string) : JsonElement =
        if item.ValueKind <> JsonValueKind.Object then
            raise (JsonException $"`{name}` is missing: this is no JSON object")

        match item.TryGetProperty name with
        | true, value -> value
        | false, _ -> raise (JsonException $"`{name}` is missing")

    /// A property that is a text. Raises `JsonException` where it is null, or missing, and
    /// `InvalidOperationException` where it is something else.
    let text (item: JsonElement) (name: string) : string =
        match (property item name).GetString() with
        | null -> raise (JsonException $"{name} is null")
        | value -> value

    /// Raises `FormatException`: the value of `name` is out of its bounds.
    let outside (name: string) (value: JsonElement) (bounds: string) =
        raise (FormatException $"`{name}` is {value.GetRawText()}; it must be {bounds}")

    let private held
        name
        (bounds: string)
        (read: JsonElement -> 'T option)
        (value: JsonElement)
        : 'T =
        let found =
            if value.ValueKind = JsonValueKind.Number then
                read value
            else
                None

        match found with
        | Some number -> number
        | None -> outside name value bounds

    /// The value of `name` as a whole number from `least` to `most`, which `bounds` says in words. Raises
    /// `FormatException` where it is none.
    let whole name (least: int64) (most: int64) bounds : JsonElement -> int64 =
        held
            name
            bounds
            (fun value ->
                match value.TryGetInt64() with
                | true, number when number >= least && number <= most -> Some number
                | _ -> None
            )

    /// The value of `name` as a finite number that is good. Raises `FormatException` where it is none.
    let real name (isGood: float -> bool) bounds : JsonElement -> float =
        held
            name
            bounds
            (fun value ->
                match value.TryGetDouble() with
                | true, number when Double.IsFinite number && isGood number -> Some number
                | _ -> None
            )

    let private mark = [| 0xefuy; 0xbbuy; 0xbfuy |]

    /// Where a text stops being JSON, in bytes.
    let private offset (bytes: byte[]) (error: JsonException) : int64 =
        let rec lineStart line from =
            if line = 0L then
                from
            else
                match Array.IndexOf(bytes, byte '\n', from) with
                | -1 -> from
                | at -> lineStart (line - 1L) (at + 1)

        let line = error.LineNumber.GetValueOrDefault 0L
        int64 (lineStart line 0) + error.BytePositionInLine.GetValueOrDefault 0L

    /// What `parse` makes of a file's content, which may begin with a byte order mark. Whatever it raises because the content is
    /// not what it expects is an error that names the file.
    let read (path: string) (bytes: byte[]) (parse: JsonElement -> 'T) : Result<'T, FileError> =
        let brokenAt offset (reason: string) =
            let place = {
                Place.start path with
                    Offset = offset
            }

            Error(Malformed(place, Syntax(Path.GetFileName path |> string, reason)))

        let broken = brokenAt 0L

        let start =
            if bytes.AsSpan().StartsWith(ReadOnlySpan mark) then
                mark.Length
            else
                0

        try
            use document =
                JsonDocument.Parse(ReadOnlyMemory(bytes, start, bytes.Length - start))

            Ok(parse document.RootElement)
        with
        // Of the reader itself: only it says where.
        | :? JsonException as e when e.LineNumber.HasValue ->
            match offset (Array.skip start bytes) e + int64 start with
            | at when at >= bytes.LongLength -> brokenAt at "it ends early"
            | at -> brokenAt at "not JSON from here on"
        | :? JsonException
        | :? InvalidOperationException
        | :? FormatException
        | :? IndexOutOfRangeException
        | :? KeyNotFoundException as e -> broken e.Message
