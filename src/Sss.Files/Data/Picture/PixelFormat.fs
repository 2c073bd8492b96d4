namespace Sss.Files

open System

/// How the bytes of decoded rows make pixels.
type internal PixelFormat =
    /// A byte per pixel, the number of a colour; of 256 colours three bytes each.
    | Numbered of colours: byte[]
    /// This many bytes per pixel, which begin with red, green and blue.
    | Direct of bytes: int

/// Some pixels of a row as they are decoded: `Count` from `First` on, `Step` apart, in row `Y`. The
/// bytes are valid during the call that hands them over.
[<Struct>]
type internal Stretch = {
    Y: int
    First: int
    Step: int
    Count: int
    Bytes: ReadOnlyMemory<byte>
}

[<RequireQualifiedAccess>]
module internal PixelFormat =

    let size pixels =
        match pixels with
        | Numbered _ -> 1
        | Direct bytes -> bytes

    /// The luminance of ITU-R BT.601.
    let private luminance (r: byte) (g: byte) (b: byte) =
        0.299f * float32 r + 0.587f * float32 g + 0.114f * float32 b

    /// The value of colour n in channel c, at 256 c + n; empty for direct pixels.
    let values (channels: int) (pixels: PixelFormat) : float32[] =
        match pixels with
        | Direct _ -> [||]
        | Numbered colours when channels = 1 ->
            Array.init 256 (fun n -> luminance colours[3 * n] colours[3 * n + 1] colours[3 * n + 2])
        | Numbered colours -> Array.init 768 (fun i -> float32 colours[3 * (i % 256) + i / 256])

    /// Pixels as a line of numbers from 0 to 255 for each channel: `count` of them, whose places are
    /// `start`, `start + step` and so on.
    let toPlanes
        (channels: int)
        (pixels: PixelFormat)
        (values: float32[])
        (bytes: ReadOnlySpan<byte>)
        (start: int)
        (step: int)
        (count: int)
        (planes: Span<float32>)
        : unit =
        match pixels with
        | Numbered _ ->
            for c in 0 .. channels - 1 do
                let line = planes.Slice(c * count, count)
                let colours = ReadOnlySpan(values, 256 * c, 256)

                for x in 0 .. count - 1 do
                    line[x] <- colours[int bytes[start + x * step]]
        | Direct size when channels = 1 ->
            for x in 0 .. count - 1 do
                let at = (start + x * step) * size
                planes[x] <- luminance bytes[at] bytes[at + 1] bytes[at + 2]
        | Direct size ->
            for c in 0..2 do
                let line = planes.Slice(c * count, count)

                for x in 0 .. count - 1 do
                    line[x] <- float32 bytes[(start + x * step) * size + c]

    /// Puts a stretch into the rows of a whole picture.
    let place (size: int) (width: int) (whole: Span<byte>) (stretch: Stretch) : unit =
        let from = stretch.Bytes.Span
        let start = stretch.Y * width + stretch.First

        if stretch.Step = 1 then
            from.Slice(0, stretch.Count * size).CopyTo(whole.Slice(start * size))
        else
            for i in 0 .. stretch.Count - 1 do
                let target = (start + i * stretch.Step) * size

                for b in 0 .. size - 1 do
                    whole[target + b] <- from[i * size + b]
