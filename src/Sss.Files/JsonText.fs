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

    /// A property that is a text. Raises `JsonException` where it is null, as `System.Text.Json` raises
    /// where it is missing or something else.
    let text (item: JsonElement) (name: string) : string =
        match item.GetProperty(name).GetString() with
        | null -> raise (JsonException $"{name} is null")
        | value -> value

    /// What `parse` makes of a file's content. Whatever it raises because the content is not what it
    /// expects is an error that names the file.
    let read (path: string) (bytes: byte[]) (parse: JsonElement -> 'T) : Result<'T, FileError> =
        let broken (reason: string) =
            Error(Malformed(Place.start path, Syntax(Path.GetFileName path |> string, reason)))

        try
            use document = JsonDocument.Parse(ReadOnlyMemory bytes)
            Ok(parse document.RootElement)
        with
        | :? JsonException
        | :? InvalidOperationException
        | :? FormatException
        | :? IndexOutOfRangeException
        | :? KeyNotFoundException as e -> broken e.Message
