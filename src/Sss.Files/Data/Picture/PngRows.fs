namespace Sss.Files

open System
open System.Buffers
open System.IO
open System.IO.Compression

/// Decoding of PNG row by row, without ever holding the picture.
[<RequireQualifiedAccess>]
module internal PngRows =

    /// The pixels of a picture that are stored together: from (Left, Top) on, so far apart.
    [<Struct>]
    type private Pass = {
        Left: int
        Top: int
        Across: int
        Down: int
    }

    let private pass left top across down = {
        Left = left
        Top = top
        Across = across
        Down = down
    }

    /// Adam7, of interlaced pictures.
    let private adam7 = [|
        pass 0 0 8 8
        pass 4 0 8 8
        pass 0 4 4 8
        pass 2 0 4 4
        pass 0 2 2 4
        pass 1 0 2 2
        pass 0 1 1 2
    |]

    let private whole = [| pass 0 0 1 1 |]

    /// Which of the left, upper and upper left neighbour is nearest to left + up − upper left.
    let private paeth (left: byte) (up: byte) (corner: byte) =
        let a, b, c = int left, int up, int corner
        let toLeft, toUp = abs (b - c), abs (a - c)
        let toCorner = abs (a + b - 2 * c)

        if toLeft <= toUp && toLeft <= toCorner then left
        elif toUp <= toCorner then up
        else corner

    /// Undoes the filter of a row in place. Both rows begin at index `unit + 1`, after zeros; the
    /// unit is the bytes of a pixel, or 1. False for a filter that does not exist.
    let private unfilter (filter: byte) unit (row: byte[]) (above: byte[]) length =
        let first = unit + 1
        let last = first + length - 1

        match filter with
        | 0uy -> true
        | 1uy ->
            for i in first..last do
                row[i] <- row[i] + row[i - unit]

            true
        | 2uy ->
            for i in first..last do
                row[i] <- row[i] + above[i]

            true
        | 3uy ->
            for i in first..last do
                row[i] <- row[i] + byte ((int row[i - unit] + int above[i]) / 2)

            true
        | 4uy ->
            for i in first..last do
                row[i] <- row[i] + paeth row[i - unit] above[i] above[i - unit]

            true
        | _ -> false

    /// Reads a row into its place; an error is the reason.
    let private readRow (stream: Stream) unit length (row: byte[]) (above: byte[]) =
        let got =
            stream.ReadAtLeast(Span(row, unit, length + 1), length + 1, throwOnEndOfStream = false)

        let filter = row[unit]
        row[unit] <- 0uy

        if got < length + 1 then
            ValueSome "it ends early"
        elif not (unfilter filter unit row above length) then
            ValueSome "its data is damaged"
        else
            ValueNone

    /// Reads the rows of one pass; an error is the reason.
    let private readPass
        (header: PngHeader)
        (convert: int -> byte[] -> int -> byte[] -> unit)
        (size: int)
        (stream: Stream)
        (pass: Pass)
        (emit: Stretch -> unit)
        : Result<unit, string> =
        let columns = (header.Width - pass.Left + pass.Across - 1) / pass.Across
        let rows = (header.Height - pass.Top + pass.Down - 1) / pass.Down
        let bits = PngPixels.bits header
        let unit = max 1 (bits / 8)
        let length = int ((int64 columns * int64 bits + 7L) / 8L)
        // In front of a row stand as many zeros as a pixel has bytes, and the filter's number.
        let total = unit + 1 + length
        let mutable row = ArrayPool<byte>.Shared.Rent total
        let mutable above = ArrayPool<byte>.Shared.Rent total
        let target = ArrayPool<byte>.Shared.Rent(columns * size)
        Array.Clear(row, 0, total)
        Array.Clear(above, 0, total)
        let mutable problem = ValueNone
        let mutable y = 0

        while problem.IsNone && y < rows do
            problem <- readRow stream unit length row above

            if problem.IsNone then
                convert columns row (unit + 1) target

                emit {
                    Y = pass.Top + y * pass.Down
                    First = pass.Left
                    Step = pass.Across
                    Count = columns
                    Bytes = ReadOnlyMemory target
                }

                let spent = above
                above <- row
                row <- spent
                y <- y + 1

        ArrayPool<byte>.Shared.Return row
        ArrayPool<byte>.Shared.Return above
        ArrayPool<byte>.Shared.Return target

        match problem with
        | ValueSome reason -> Error reason
        | ValueNone -> Ok()

    /// Decodes all of a file's pixels, in the order in which they are stored, regardless of what the caller
    /// does with them, so a file that is cut off is always noticed. Pixels are opaque, in the layout
    /// of `PngPixels.layout`. An error is the reason.
    let read
        (background: Rgb)
        (header: PngHeader)
        (content: ReadOnlyMemory<byte>)
        (emit: Stretch -> unit)
        : Result<unit, string> =
        let convert = PngPixels.convert background header
        let size = PixelFormat.size (PngPixels.layout background header)
        let passes = if header.IsInterlaced then adam7 else whole

        match header.Data with
        | None -> Error "it ends early"
        | Some start ->
            try
                use data = new PngData(content, int start)
                use stream = new ZLibStream(data, CompressionMode.Decompress)

                let isThere pass =
                    pass.Left < header.Width && pass.Top < header.Height

                let read =
                    (Ok(), Array.filter isThere passes)
                    ||> Array.fold (fun result pass ->
                        result
                        |> Result.bind (fun () -> readPass header convert size stream pass emit)
                    )

                // The check sums of what is left; nothing of it is needed.
                let rest = Array.zeroCreate<byte> 4096

                if read.IsOk then
                    while data.Read(rest, 0, rest.Length) > 0 do
                        ()

                read
            with :? InvalidDataException ->
                Error "its data is damaged"
