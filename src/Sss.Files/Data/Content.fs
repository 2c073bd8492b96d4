namespace Sss.Files

open System
open System.Buffers.Binary
open System.IO
open System.IO.Compression

/// Reads forward through a content of known length. Every read says what it is for, so that an
/// error can name it; nothing is allocated before it is known to be there.
type internal Reader(stream: Stream, path: string, part: string option, length: int64) =
    let mutable position = 0L

    /// Bytes read so far.
    member _.Position = position

    /// Bytes not yet read.
    member _.Left = length - position

    /// An error at an offset of this content.
    member _.FaultAt (offset: int64) (fault: Fault) : Result<'T, FileError> =
        Error(
            Malformed(
                {
                    Path = path
                    Part = part
                    Offset = offset
                },
                fault
            )
        )

    /// An error at the reader's position.
    member r.Fault(fault: Fault) : Result<'T, FileError> = r.FaultAt position fault

    /// Fails unless this many bytes are left.
    member r.Need (what: string) (count: int64) : Result<unit, FileError> =
        if count <= r.Left then
            Ok()
        else
            r.Fault(Truncated(what, count, r.Left))

    /// Reads the next bytes into memory that the caller has; there must be room for all of them.
    member r.Fill(what: string, target: Span<byte>) : Result<unit, FileError> =
        let count = int64 target.Length

        if count > r.Left then
            r.Fault(Truncated(what, count, r.Left))
        else
            let start = position
            let got = stream.ReadAtLeast(target, target.Length, false)
            position <- position + int64 got

            // The length was measured before; a file that shrinks meanwhile ends here.
            if got = target.Length then
                Ok()
            else
                r.FaultAt start (Truncated(what, count, int64 got))

    /// The next bytes, as a new array.
    member r.Bytes (what: string) (count: int64) : Result<byte[], FileError> =
        r.Need what count
        |> Result.bind (fun () ->
            if count > int64 Array.MaxLength then
                r.Fault(OutOfRange(what, $"{count} bytes", "0", string Array.MaxLength))
            else
                let data = Array.zeroCreate<byte>(int count)
                r.Fill(what, data.AsSpan()) |> Result.map (fun () -> data)
        )

    /// The next four bytes as a big-endian number.
    member r.BigEndian32(what: string) : Result<uint32, FileError> =
        r.Bytes what 4L |> Result.map (fun b -> BinaryPrimitives.ReadUInt32BigEndian b)

    /// Fails unless everything has been read.
    member r.End() : Result<unit, FileError> =
        if r.Left = 0L then Ok() else r.Fault(Surplus r.Left)

/// Opens files for forward reading, gzipped ones too.
[<RequireQualifiedAccess>]
module internal Content =

    let private inflate (file: FileStream) =
        file.Position <- 0L
        new GZipStream(file, CompressionMode.Decompress, true)

    /// No reader takes more than one array's worth; so long a content is measured no further.
    let private mostUnpacked = 2L * int64 Array.MaxLength

    /// The length of the unpacked content, found by unpacking it into nothing: a header may be
    /// about it, and no memory is given before the truth is known.
    let measure path part (unpacked: Stream) : Result<int64, FileError> =
        let buffer = Array.zeroCreate<byte> 65536
        let mutable total = 0L
        let mutable got = unpacked.Read(buffer, 0, buffer.Length)

        while got > 0 && total <= mostUnpacked do
            total <- total + int64 got
            got <- unpacked.Read(buffer, 0, buffer.Length)

        if total <= mostUnpacked then
            Ok total
        else
            Reader(unpacked, path, part, total).FaultAt
                0L
                (OutOfRange("the length", "more", "0", $"{mostUnpacked} bytes"))

    let private isGzip (file: FileStream) =
        let head = Array.zeroCreate<byte> 2
        let got = file.ReadAtLeast(head.AsSpan(), 2, false)
        file.Position <- 0L
        got = 2 && head[0] = 0x1fuy && head[1] = 0x8buy

    /// Regular files alone: the length of anything else says nothing.
    let private opened path read =
        RegularFile.check path |> Result.bind (fun () -> FileError.catching path read)

    /// Reads a file, or what it unpacks to when its first two bytes are gzip's, regardless of its name.
    let read (path: string) (parse: Reader -> Result<'T, FileError>) : Result<'T, FileError> =
        opened
            path
            (fun () ->
                use file =
                    new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 65536)

                if isGzip file then
                    let part = Some "its unpacked content"

                    using (inflate file) (fun unpacked -> measure path part unpacked)
                    |> Result.bind (fun length ->
                        use unpacked = inflate file
                        parse (Reader(unpacked, path, part, length))
                    )
                else
                    parse (Reader(file, path, None, file.Length))
            )

    /// Reads a file as it is.
    let readPlain (path: string) (parse: Reader -> Result<'T, FileError>) : Result<'T, FileError> =
        opened
            path
            (fun () ->
                use file =
                    new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 65536)

                parse (Reader(file, path, None, file.Length))
            )
