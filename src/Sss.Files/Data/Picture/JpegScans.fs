namespace Sss.Files

open System

/// The scans of a JPEG, counted without decoding them.
[<RequireQualifiedAccess>]
module internal JpegScans =

    /// Whether a byte after 0xFF is part of a scan: a stuffed 0xFF, a fill byte or a restart.
    let private isInside (b: byte) =
        b = 0uy || b = 0xFFuy || b >= 0xD0uy && b <= 0xD7uy

    /// Where the next marker stands that ends a scan, or the end of the content.
    let private endOfScan (content: ReadOnlySpan<byte>) from =
        let mutable at = from
        let mutable found = false

        while not found && at < content.Length do
            match content.Slice(at).IndexOf 0xFFuy with
            | -1 -> at <- content.Length
            | n ->
                at <- at + n

                if at + 1 >= content.Length then
                    at <- content.Length
                elif isInside content[at + 1] then
                    // Of two 0xFF the second may begin a marker.
                    at <- at + (if content[at + 1] = 0xFFuy then 1 else 2)
                else
                    found <- true

        at

    /// Notes the bits that are still to come of the coefficients of a scan, from the content of its
    /// marker; `open'` has 64 numbers for each component.
    let private note (header: JpegHeader) (open': int[]) (scan: ReadOnlySpan<byte>) =
        let count = if scan.IsEmpty then 0 else int scan[0]

        if scan.Length >= 4 + 2 * count then
            let first, last = int scan[1 + 2 * count], int scan[2 + 2 * count]
            let bits = int scan[3 + 2 * count] &&& 15

            for i in 0 .. count - 1 do
                let id = scan[1 + 2 * i]

                for c in 0 .. header.Components.Length - 1 do
                    if header.Components[c].Id = id then
                        for k in first .. min last 63 do
                            open'[64 * c + k] <- bits

    /// The number of scans, and whether they bring every bit of every coefficient. Whether the last
    /// of them is complete is another question.
    let survey (header: JpegHeader) (content: ReadOnlySpan<byte>) : struct (int * bool) =
        let open' = Array.create (64 * header.Components.Length) 16
        let mutable scans = 0
        let mutable at = 2

        while at + 4 <= content.Length do
            let marker = content[at + 1]

            if content[at] <> 0xFFuy || marker = 0xFFuy || marker = 0uy then
                at <- at + 1
            elif marker = 0xD9uy then
                at <- content.Length
            elif marker = 0x01uy || marker >= 0xD0uy && marker <= 0xD8uy then
                at <- at + 2
            else
                let length = (int content[at + 2] <<< 8) + int content[at + 3]
                let next = at + 2 + max 2 length

                if marker = 0xDAuy && next <= content.Length then
                    scans <- scans + 1
                    note header open' (content.Slice(at + 4, next - at - 4))
                    at <- endOfScan content next
                else
                    at <- next

        struct (scans, Array.forall (fun bits -> bits = 0) open')
