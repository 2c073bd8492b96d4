namespace Sss.Files

open System
open System.Buffers.Binary

/// The check sum of PNG's chunks: CRC-32 with the polynomial 0xEDB88320.
[<RequireQualifiedAccess>]
module internal Crc32 =

    /// At 256 k + b: what byte b does to the sum, k bytes before the end. Eight bytes at a time are
    /// looked up at once.
    let private table =
        let t = Array.zeroCreate<uint32>(8 * 256)

        for b in 0..255 do
            let mutable c = uint32 b

            for _ in 1..8 do
                c <- if c &&& 1u = 1u then (c >>> 1) ^^^ 0xEDB88320u else c >>> 1

            t[b] <- c

        for i in 256 .. t.Length - 1 do
            t[i] <- (t[i - 256] >>> 8) ^^^ t[int (t[i - 256] &&& 0xFFu)]

        t

    let ofBytes (data: ReadOnlySpan<byte>) : uint32 =
        let mutable crc = 0xFFFFFFFFu
        let mutable at = 0

        while data.Length - at >= 8 do
            let low = crc ^^^ BinaryPrimitives.ReadUInt32LittleEndian(data.Slice at)
            let high = BinaryPrimitives.ReadUInt32LittleEndian(data.Slice(at + 4))

            crc <-
                table[1792 + int (low &&& 0xFFu)]
                ^^^ table[1536 + int (low >>> 8 &&& 0xFFu)]
                ^^^ table[1280 + int (low >>> 16 &&& 0xFFu)]
                ^^^ table[1024 + int (low >>> 24)]
                ^^^ table[768 + int (high &&& 0xFFu)]
                ^^^ table[512 + int (high >>> 8 &&& 0xFFu)]
                ^^^ table[256 + int (high >>> 16 &&& 0xFFu)]
                ^^^ table[int (high >>> 24)]

            at <- at + 8

        while at < data.Length do
            crc <- (crc >>> 8) ^^^ table[int ((crc ^^^ uint32 data[at]) &&& 0xFFu)]
            at <- at + 1

        ~~~crc
