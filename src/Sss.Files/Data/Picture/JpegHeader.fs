namespace Sss.Files

open System

/// A component of a JPEG: its number in the file, and its sampling factors.
type internal JpegComponent = { Id: byte; Across: int; Down: int }

/// What is in a JPEG before its first scan.
type internal JpegHeader = {
    Width: int
    Height: int
    Components: JpegComponent[]
    /// Whether the decoder has to keep all coefficients, since a block comes in several scans.
    IsBuffered: bool
    Orientation: Orientation
}

[<RequireQualifiedAccess>]
module internal JpegHeader =

    let signature = [| 0xFFuy; 0xD8uy; 0xFFuy |]

    let private fault reason = Error(Syntax("image", reason))

    let private damaged () = fault "its data is damaged"

    /// This many bytes that belong to no marker are skipped, as decoders do.
    let private mostSurplus = 1 <<< 16

    let private short (bytes: byte[]) at =
        (int bytes[at] <<< 8) + int bytes[at + 1]

    let private codings =
        "baseline, extended and progressive with Huffman codes, 8 bits per sample"

    /// The frame, from the content of a marker SOFn.
    let private frame (marker: int) (content: byte[]) : Result<JpegHeader, Fault> =
        let unsupported what =
            Error(Unsupported("the coding of the JPEG", what, codings))

        if marker = 0xC3 then
            unsupported "lossless"
        elif marker >= 0xC9 then
            unsupported "arithmetic"
        elif marker > 0xC3 then
            unsupported "hierarchical"
        elif content.Length < 6 || content.Length < 6 + 3 * int content[5] then
            damaged ()
        elif content[0] <> 8uy then
            unsupported $"{content[0]} bits per sample"
        elif short content 1 = 0 then
            Error(Unsupported("the height of the JPEG", "given after its data", "in its header"))
        elif short content 3 = 0 || content[5] = 0uy || content[5] > 4uy then
            damaged ()
        else
            let components =
                Array.init
                    (int content[5])
                    (fun i ->
                        let at = 6 + 3 * i

                        {
                            Id = content[at]
                            Across = int content[at + 1] >>> 4
                            Down = int content[at + 1] &&& 15
                        }
                    )

            if components |> Array.exists (fun c -> c.Across = 0 || c.Down = 0) then
                damaged ()
            else
                Ok {
                    Width = short content 3
                    Height = short content 1
                    Components = components
                    IsBuffered = marker = 0xC2
                    Orientation = Upright
                }

    let private exif (content: byte[]) =
        if content.AsSpan().StartsWith "Exif\000\000"B then
            Orientation.ofExif content[6..]
        else
            None

    /// The header from a marker on: the frame so far, and the first orientation that was found.
    let rec private walk (read: ReadAt) offset surplus found (header: JpegHeader option) =
        let start = read offset 4

        if start.Length < 4 then
            fault "it ends early"
        elif surplus > mostSurplus then
            damaged ()
        elif start[0] <> 0xFFuy || start[1] = 0xFFuy || start[1] = 0uy then
            walk read (offset + 1L) (surplus + 1) found header
        else
            let marker = int start[1]

            // Markers without content.
            if marker = 0x01 || marker >= 0xD0 && marker <= 0xD8 then
                walk read (offset + 2L) surplus found header
            elif marker = 0xD9 then
                fault "it ends early"
            elif short start 2 < 2 then
                damaged ()
            else
                let length = short start 2
                let next = offset + 2L + int64 length
                let content () = read (offset + 4L) (length - 2)

                match marker, header with
                | 0xDA, None -> damaged ()
                | 0xDA, Some header ->
                    let scan = content ()

                    if scan.Length < length - 2 then
                        fault "it ends early"
                    else
                        let isPart = scan.Length > 0 && int scan[0] < header.Components.Length

                        Ok {
                            header with
                                IsBuffered = header.IsBuffered || isPart
                                Orientation = Option.defaultValue Upright found
                        }
                | 0xE1, _ when found.IsNone -> walk read next surplus (exif (content ())) header
                | (0xC4 | 0xC8 | 0xCC), _ -> walk read next surplus found header
                | _, None when marker >= 0xC0 && marker <= 0xCF ->
                    let content = content ()

                    if content.Length < length - 2 then
                        fault "it ends early"
                    else
                        match frame marker content with
                        | Ok header -> walk read next surplus found (Some header)
                        | Error fault -> Error fault
                | _ -> walk read next surplus found header

    /// Reads what precedes the first scan.
    let read (read: ReadAt) : Result<JpegHeader, Fault> = walk read 2L 0 None None

    /// Bytes of the coefficients that a decoder keeps, two each; 0 where it needs none.
    let coefficientBytes (header: JpegHeader) : int64 =
        if not header.IsBuffered then
            0L
        else
            let across = header.Components |> Array.map _.Across |> Array.max
            let down = header.Components |> Array.map _.Down |> Array.max

            let units length factor =
                int64 ((length + 8 * factor - 1) / (8 * factor))

            let each = units header.Width across * units header.Height down * 128L
            header.Components |> Array.sumBy (fun c -> each * int64 (c.Across * c.Down))
