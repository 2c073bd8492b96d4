namespace Sss.Files

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

    /// What a writer is told, as one line.
    let ofWriter (write: Utf8JsonWriter -> unit) : string = written (JsonWriterOptions()) write

    /// The same over several lines, for people to read.
    let indented (write: Utf8JsonWriter -> unit) : string =
        written (JsonWriterOptions(Indented = true, NewLine = "\n")) write
