namespace Sss.Files

open System
open System.Buffers
open System.IO
open SkiaSharp
open Sss.Core

/// Decoding of JPEG and PNG files into the pixels that a network takes. Channels are red, green and
/// blue, or for one channel their luminance (ITU-R BT.601).
///
/// Transparent parts show a background, white if nothing else is requested: colour · alpha +
/// background · (1 − alpha), rounded to the nearest, regardless of how PNG stores the transparency.
/// A picture is turned upright: the orientation of EXIF (in a JPEG's APP1, in a PNG's eXIf)
/// is applied everywhere, also where a size is given or a part is cut out; EXIF inside a text chunk of
/// a PNG is not read. Colour profiles and PNG's own background colour are ignored.
///
/// A picture may have up to 67,108,864 pixels, a side up to 1,048,576 and a file up to 512 MiB; what
/// claims more is rejected without reading it. Rows are scaled as they are decoded, so a picture takes memory for
/// some rows; only interlaced and turned ones are held as a whole, a JPEG at the fraction of its size
/// that is needed, and of a progressive JPEG the coefficients (up to 8 bytes per pixel). All threads together hold about 256 MiB of files and 256 MiB of decoded data; a
/// single one that needs more is read alone.
[<RequireQualifiedAccess>]
module ImageFile =

    /// The suffixes that are read, in lower case.
    let suffixes = [ ".jpg"; ".jpeg"; ".png" ]

    /// Files are no longer than this.
    let private mostBytes = 1L <<< 29

    let private filesInFlight = Gate(1L <<< 28)

    /// Of images before they become bytes. Entered before the gate of files, and that before the one
    /// of decoding; never the other way round.
    let private numbersInFlight = Gate(1L <<< 28)

    let private malformed path fault = Malformed(Place.start path, fault)

    let private broken path reason =
        Error(malformed path (Syntax("image", reason)))

    let private neither path = broken path "neither JPEG nor PNG"

    /// Turns the failure to load the decoder's native library into an error.
    let private guarded path (work: unit -> Result<'T, FileError>) =
        try
            work ()
        with
        | :? DllNotFoundException
        | :? TypeInitializationException as e ->
            let inner = e.InnerException |> Option.ofObj |> Option.defaultValue e
            Error(Refused(path, "SkiaSharp", $"it cannot be loaded: {inner.Message}"))

    let private ofMemory (content: ReadOnlyMemory<byte>) : ReadAt =
        fun offset count ->
            let from = int (min offset (int64 content.Length))
            content.Slice(from, min count (content.Length - from)).ToArray()

    let private ofHandle (file: Microsoft.Win32.SafeHandles.SafeFileHandle) : ReadAt =
        fun offset count ->
            let bytes = Array.zeroCreate<byte> count
            let mutable got = 0
            let mutable more = true

            while more do
                let n = RandomAccess.Read(file, Span(bytes, got, count - got), offset + int64 got)
                got <- got + n
                more <- n > 0 && got < count

            if got = count then bytes else Array.truncate got bytes

    /// The header of a file, and the size of its upright picture where the header says it.
    let private header path length (read: ReadAt) =
        match PictureHeader.read length read with
        | Error fault -> Error(malformed path fault)
        | Ok header ->
            let check isJpeg orientation width height =
                let stored = { H = height; W = width }

                PictureHeader.checkSize isJpeg length stored
                |> Result.mapError (malformed path)
                |> Result.map (fun () -> header, Some(Orientation.turned orientation stored))

            match header with
            | PictureHeader.Png png -> check false png.Orientation png.Width png.Height
            | PictureHeader.Jpeg jpeg -> check true jpeg.Orientation jpeg.Width jpeg.Height
            | PictureHeader.Other -> Ok(header, None)

    /// Reads a whole file, once there is room for it.
    let private withContent
        file
        (length: int64)
        (work: ReadOnlyMemory<byte> -> Result<'T, FileError>)
        =
        filesInFlight.Within
            length
            (fun () ->
                use buffer = new NativeBuffer(int length)
                let mutable got = 0
                let mutable more = got < int length

                while more do
                    let n = RandomAccess.Read(file, buffer.GetSpan().Slice got, int64 got)
                    got <- got + n
                    more <- n > 0 && got < int length

                work (Memory.op_Implicit (buffer.Memory.Slice(0, got)))
            )

    /// A picture that only the decoder knows.
    let private withOther path (content: ReadOnlyMemory<byte>) work =
        guarded
            path
            (fun () ->
                JpegRows.withCodec
                    content
                    (fun codec ->
                        OtherPicture.size codec
                        |> PictureHeader.checkSize false (int64 content.Length)
                        |> Result.mapError (malformed path)
                        |> Result.bind (fun () -> work codec)
                    )
                |> Option.defaultWith (fun () -> neither path)
            )

    /// Opens a file, reads its header, and continues.
    let private opened path work =
        RegularFile.read
            path
            (fun file length ->
                if length > mostBytes then
                    let found, most = $"{length} bytes", $"{mostBytes} bytes"
                    Error(malformed path (OutOfRange("the length", found, "1", most)))
                else
                    header path length (ofHandle file) |> Result.bind (work file length)
            )

    /// Width and height of a picture as one sees it, without decoding it.
    let size (path: string) : Result<Size, FileError> =
        opened
            path
            (fun file length (_, size) ->
                match size with
                | Some size -> Ok size
                | None ->
                    withContent
                        file
                        length
                        (fun content ->
                            withOther
                                path
                                content
                                (fun codec ->
                                    let orientation = OtherPicture.orientation codec
                                    Ok(Orientation.turned orientation (OtherPicture.size codec))
                                )
                        )
            )

    /// Decodes a picture, cuts and scales; see `readPart`.
    let private decode background shape cut path content header target =
        let located = Result.mapError (malformed path)

        match header with
        | PictureHeader.Png png -> Decoding.png background shape png cut content target |> located
        | PictureHeader.Jpeg jpeg ->
            guarded path (fun () -> Decoding.jpeg shape jpeg cut content target |> located)
        | PictureHeader.Other ->
            withOther
                path
                content
                (fun codec -> Decoding.other background shape codec cut target |> located)

    let private checkShape path (shape: Shape) =
        if shape.Channels <> 1 && shape.Channels <> 3 then
            Error(DatasetDiffers(path, "number of channels", string shape.Channels, "1 or 3"))
        else
            Ok()

    /// Decodes a picture and scales the rectangle that `cut` chooses from its upright size to the
    /// shape; the numbers, 0 to 255 and C × H × W, go to the start of `target`. The shape has 1 or 3
    /// channels. A picture that ends early is an error wherever the rectangle is.
    let internal readPart
        (background: Rgb)
        (shape: Shape)
        (cut: Size -> Area)
        (path: string)
        (target: float32[])
        : Result<unit, FileError> =
        checkShape path shape
        |> Result.bind (fun () ->
            opened
                path
                (fun file length (header, _) ->
                    withContent
                        file
                        length
                        (fun content -> decode background shape cut path content header target)
                )
        )

    /// Images with more numbers than this are rare, and no array of theirs is kept for the next one.
    let private mostPooled = 1 <<< 22

    /// Numbers from 0 to 255 to the nearest bytes.
    let private toBytes (shape: Shape) target offset (read: float32[] -> Result<unit, FileError>) =
        let count = int (Shape.count shape)

        let convert (numbers: float32[]) =
            read numbers
            |> Result.map (fun () ->
                for i in 0 .. count - 1 do
                    Array.set
                        target
                        (offset + i)
                        (byte (Math.Clamp(numbers[i] + 0.5f, 0.0f, 255.0f)))
            )

        if count > mostPooled then
            numbersInFlight.Within
                (4L * int64 count)
                (fun () -> convert (Array.zeroCreate<float32> count))
        else
            let numbers = ArrayPool<float32>.Shared.Rent count

            try
                convert numbers
            finally
                ArrayPool<float32>.Shared.Return numbers

    /// The middle of a picture as bytes, C × H × W, at a place of `target`.
    let internal readInto
        (options: PictureOptions)
        (shape: Shape)
        (path: string)
        (target: byte[])
        (offset: int)
        : Result<unit, FileError> =
        toBytes
            shape
            target
            offset
            (readPart options.Background shape (Cut.middle options.Resize shape) path)

    /// Decodes a picture, cuts the middle out and scales it to the shape, which has 1 or 3 channels:
    /// bytes, C × H × W.
    let readAs (options: PictureOptions) (shape: Shape) (path: string) : Result<byte[], FileError> =
        let target = Array.zeroCreate<byte>(int (Shape.count shape))
        readInto options shape path target 0 |> Result.map (fun () -> target)

    /// The same with the standard options: nothing is cut off but what the shape's proportions ask
    /// for.
    let read (shape: Shape) (path: string) : Result<byte[], FileError> =
        readAs PictureOptions.standard shape path

    /// The same for a picture in memory, with the bits that its file gives. Errors call it `name`.
    let decodeAs
        (options: PictureOptions)
        (shape: Shape)
        (name: string)
        (content: ReadOnlyMemory<byte>)
        : Result<byte[], FileError> =
        let target = Array.zeroCreate<byte>(int (Shape.count shape))
        let cut = Cut.middle options.Resize shape

        checkShape name shape
        |> Result.bind (fun () -> header name (int64 content.Length) (ofMemory content))
        |> Result.bind (fun (header, _) ->
            toBytes shape target 0 (decode options.Background shape cut name content header)
        )
        |> Result.map (fun () -> target)
