namespace Sss.Files

open System
open System.IO

/// The compressed pixels of a PNG as one stream: the content of the chunks IDAT that follow each
/// other. A chunk whose check sum is wrong is an InvalidDataException; a file that ends is the end.
type internal PngData(content: ReadOnlyMemory<byte>, start: int) =
    inherit Stream()

    /// Where the next chunk begins, and what is left of the one before.
    let mutable next = int64 start
    let mutable rest = ReadOnlyMemory<byte>.Empty

    let advance () =
        let left = int64 content.Length - next

        if left < 8L then
            false
        else
            let chunk = content.Slice(int next)
            let length = PngHeader.uint32At chunk.Span 0

            if not (chunk.Span.Slice(4, 4).SequenceEqual "IDAT"B) || length > 0x7FFFFFFFu then
                false
            else
                let isWhole = left >= int64 length + 12L

                if isWhole then
                    let sum = Crc32.ofBytes (chunk.Span.Slice(4, int length + 4))

                    if sum <> PngHeader.uint32At chunk.Span (int length + 8) then
                        raise (InvalidDataException "a check sum is wrong")

                rest <- chunk.Slice(8, int (min (int64 length) (left - 8L)))

                next <-
                    if isWhole then
                        next + int64 length + 12L
                    else
                        int64 content.Length

                true

    override _.Read(target: Span<byte>) : int =
        while rest.IsEmpty && advance () do
            ()

        let count = min target.Length rest.Length
        rest.Span.Slice(0, count).CopyTo target
        rest <- rest.Slice count
        count

    override this.Read(target: byte[], offset: int, count: int) : int =
        this.Read(Span(target, offset, count))

    override _.CanRead = true
    override _.CanSeek = false
    override _.CanWrite = false
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set _ = raise (NotSupportedException())

    override _.Flush() = ()
    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())

    override _.Write(_: byte[], _: int, _: int) : unit = raise (NotSupportedException())
