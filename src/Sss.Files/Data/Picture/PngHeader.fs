namespace Sss.Files

open System
open System.Buffers.Binary
open System.Text

/// A part of a file: from an offset this many bytes, or fewer where the file ends.
type internal ReadAt = int64 -> int -> byte[]

/// The colour types of PNG.
[<RequireQualifiedAccess>]
type internal PngColour =
    | Grey
    | Colour
    | Palette
    | GreyAlpha
    | ColourAlpha

/// What is in a PNG besides its pixels.
type internal PngHeader = {
    Width: int
    Height: int
    /// Bits of a sample, or of an index into the palette.
    Depth: int
    Colour: PngColour
    IsInterlaced: bool
    /// Red, green and blue of each entry; empty where the colour type has none.
    Palette: byte[]
    /// The content of the chunk tRNS; empty where there is none.
    Transparency: byte[]
    /// Where the chunks of pixels begin in the file; None where there are none.
    Data: int64 option
    Orientation: Orientation
}

[<RequireQualifiedAccess>]
module internal PngHeader =

    let signature = [| 0x89uy; yield! "PNG\r\n\026\n"B |]

    /// EXIF data in other formats cannot be longer; more is not read.
    let private longestExif = 1 <<< 16

    let private fault reason = Error(Syntax("image", reason))

    let private damaged () = fault "its data is damaged"

    let uint32At (bytes: ReadOnlySpan<byte>) (at: int) =
        BinaryPrimitives.ReadUInt32BigEndian(bytes.Slice at)

    let private uint32In (bytes: byte[]) (at: int) = uint32At (ReadOnlySpan bytes) at

    /// Type and content of the chunk at an offset; its check sum is compared.
    let private chunk (read: ReadAt) (offset: int64) (length: int) =
        let bytes = read (offset + 4L) (length + 8)

        if bytes.Length < length + 8 then
            fault "it ends early"
        elif
            Crc32.ofBytes (ReadOnlySpan(bytes, 0, length + 4))
            <> uint32In bytes (length + 4)
        then
            damaged ()
        else
            Ok bytes[4 .. length + 3]

    let private colourOf n =
        match n with
        | 0uy -> Some(PngColour.Grey, [ 1; 2; 4; 8; 16 ])
        | 2uy -> Some(PngColour.Colour, [ 8; 16 ])
        | 3uy -> Some(PngColour.Palette, [ 1; 2; 4; 8 ])
        | 4uy -> Some(PngColour.GreyAlpha, [ 8; 16 ])
        | 6uy -> Some(PngColour.ColourAlpha, [ 8; 16 ])
        | _ -> None

    let private ofIhdr (content: byte[]) =
        let width, height = uint32In content 0, uint32In content 4

        match colourOf content[9] with
        | Some(colour, depths) when
            List.contains (int content[8]) depths
            && content[10] = 0uy
            && content[11] = 0uy
            && content[12] <= 1uy
            && width - 1u < 0x7FFFFFFFu
            && height - 1u < 0x7FFFFFFFu
            ->
            Ok {
                Width = int width
                Height = int height
                Depth = int content[8]
                Colour = colour
                IsInterlaced = content[12] = 1uy
                Palette = [||]
                Transparency = [||]
                Data = None
                Orientation = Upright
            }
        | _ -> damaged ()

    /// What a chunk adds. The palette and what is transparent in it count only before the pixels, as
    /// the standard has it; the orientation may be after them. Everything else (times, texts,
    /// colour profiles, frames of an animation) is skipped without reading it, however large it is.
    let private withChunk read offset kind (length: int) (header: PngHeader) =
        match kind with
        | "PLTE" when header.Data.IsNone && header.Palette.Length = 0 ->
            if length = 0 || length > 768 || length % 3 <> 0 then
                damaged ()
            else
                chunk read offset length
                |> Result.map (fun content -> { header with Palette = content })
        | "tRNS" when header.Data.IsNone && header.Transparency.Length = 0 ->
            if length > 256 then
                damaged ()
            else
                chunk read offset length
                |> Result.map (fun content -> { header with Transparency = content })
        | "eXIf" when length <= longestExif ->
            chunk read offset length
            |> Result.map (fun content ->
                match Orientation.ofExif content with
                | Some orientation -> {
                    header with
                        Orientation = orientation
                  }
                | None -> header
            )
        | "IDAT" when header.Data.IsNone -> Ok { header with Data = Some offset }
        | _ -> Ok header

    /// Large pictures are in chunks of 8,192 bytes and more; a file of nothing but chunks would keep
    /// the reader busy for long.
    let private mostChunks = 1 <<< 18

    /// The rest of the header from an offset on, up to the chunk IEND or the end of the file.
    let rec private walk (read: ReadAt) (offset: int64) (chunks: int) (header: PngHeader) =
        let start = read offset 8

        if start.Length < 8 then
            Ok header
        else
            let length = uint32In start 0
            let kind = Encoding.Latin1.GetString(start, 4, 4)

            if kind = "IEND" || length > 0x7FFFFFFFu then
                Ok header
            elif chunks > mostChunks then
                Error(OutOfRange("the number of chunks", $"{chunks}", "1", $"{mostChunks}"))
            else
                match withChunk read offset kind (int length) header with
                | Ok header -> walk read (offset + 12L + int64 length) (chunks + 1) header
                | Error fault -> Error fault

    /// Reads what precedes the pixels, and where these are.
    let read (read: ReadAt) : Result<PngHeader, Fault> =
        let start = read 8L 8

        if start.Length < 8 then
            fault "it ends early"
        elif not (start.AsSpan().SequenceEqual "\000\000\000\rIHDR"B) then
            damaged ()
        else
            match chunk read 8L 13 |> Result.bind ofIhdr with
            | Ok header ->
                match walk read 33L 2 header with
                | Ok header when header.Colour = PngColour.Palette && header.Palette.Length = 0 ->
                    fault "it has no palette"
                | other -> other
            | Error fault -> Error fault
