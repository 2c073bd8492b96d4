namespace Sss.Files

open System

/// From the samples of PNG to opaque colours: transparent parts show the background. A sample of 16
/// bits becomes its upper 8, after the background was mixed in at full precision.
[<RequireQualifiedAccess>]
module internal PngPixels =

    /// Samples of a pixel.
    let private samples colour =
        match colour with
        | PngColour.Grey
        | PngColour.Palette -> 1
        | PngColour.GreyAlpha -> 2
        | PngColour.Colour -> 3
        | PngColour.ColourAlpha -> 4

    /// Bits of a pixel as it is stored.
    let bits (header: PngHeader) : int = samples header.Colour * header.Depth

    /// c over b where c covers a of `most`, rounded to the nearest; c where it covers all.
    let inline private over most (c: int64) (b: int64) (a: int64) =
        (c * a + b * (most - a) + most / 2L) / most

    /// The sample of tRNS that means "transparent", for the colour types that have no palette.
    let private key (header: PngHeader) (channel: int) =
        let at = 2 * channel
        let mask = (1 <<< header.Depth) - 1

        if header.Transparency.Length >= at + 2 then
            ((int header.Transparency[at] <<< 8) + int header.Transparency[at + 1]) &&& mask
        else
            -1

    let private parts (background: Rgb) = [| background.Red; background.Green; background.Blue |]

    /// Colours of the 256 numbers that a byte can be. The entries after the end of a palette repeat its last
    /// colour, as in other decoders.
    let private colours (background: Rgb) (header: PngHeader) : byte[] =
        let behind = parts background

        match header.Colour with
        | PngColour.Palette ->
            let last = header.Palette.Length / 3 - 1

            Array.init
                768
                (fun i ->
                    let n = min (i / 3) last

                    let alpha =
                        if n < header.Transparency.Length then
                            int64 header.Transparency[n]
                        else
                            255L

                    let colour = int64 header.Palette[3 * n + i % 3]
                    byte (over 255L colour (int64 behind[i % 3]) alpha)
                )
        | PngColour.Grey
        | PngColour.GreyAlpha
        | PngColour.Colour
        | PngColour.ColourAlpha ->
            let most = (1 <<< header.Depth) - 1
            let key = key header 0

            Array.init
                768
                (fun i ->
                    if i / 3 = key then behind[i % 3]
                    elif i / 3 > most then 0uy
                    else byte (i / 3 * 255 / most)
                )

    /// How the decoded rows are to be read.
    let layout (background: Rgb) (header: PngHeader) : PixelFormat =
        if bits header <= 8 then
            Numbered(colours background header)
        else
            Direct 3

    /// Indices of fewer than 8 bits, one a byte.
    let private unpack depth count (row: byte[]) at (target: byte[]) =
        let perByte = 8 / depth
        let mask = (1 <<< depth) - 1

        for x in 0 .. count - 1 do
            let shift = 8 - depth - x % perByte * depth
            target[x] <- byte (int row[at + x / perByte] >>> shift &&& mask)

    /// Pixels with alpha, or with a colour that is transparent.
    let private mixed
        (background: Rgb)
        (header: PngHeader)
        count
        (row: byte[])
        at
        (target: byte[])
        =
        let size = header.Depth / 8
        let channels = samples header.Colour
        let hasAlpha = channels = 2 || channels = 4
        let most = if size = 1 then 255L else 65535L
        let behind = parts background |> Array.map (fun b -> int64 b * (most / 255L))
        let keys = [| for c in 0..2 -> key header (if channels < 3 then 0 else c) |]

        let inline sample x i =
            let p = at + (x * channels + i) * size

            if size = 1 then
                int row[p]
            else
                (int row[p] <<< 8) + int row[p + 1]

        for x in 0 .. count - 1 do
            let inline part c =
                if channels < 3 then sample x 0 else sample x c

            let alpha =
                if hasAlpha then
                    int64 (sample x (channels - 1))
                elif part 0 = keys[0] && part 1 = keys[1] && part 2 = keys[2] then
                    0L
                else
                    most

            for c in 0..2 do
                let value =
                    if alpha = most then
                        int64 (part c)
                    else
                        over most (int64 (part c)) behind[c] alpha

                target[3 * x + c] <- byte (if size = 1 then value else value >>> 8)

    /// Turns `count` pixels of a row into those of the layout; the row's samples begin at an index.
    let convert (background: Rgb) (header: PngHeader) : int -> byte[] -> int -> byte[] -> unit =
        if bits header < 8 then
            unpack header.Depth
        elif bits header = 8 then
            fun count row at target -> Array.Copy(row, at, target, 0, count)
        elif
            bits header = 24
            && header.Transparency.Length = 0
            && header.Colour = PngColour.Colour
        then
            fun count row at target -> Array.Copy(row, at, target, 0, 3 * count)
        else
            mixed background header
