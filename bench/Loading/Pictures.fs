/// Pictures for the measurement: JPEGs of 96 to 320 pixels a side that take about as many bytes a
/// pixel as photographs, from a seed.
module Sss.Bench.Loading.Pictures

open System
open System.IO
open System.Threading
open System.Threading.Tasks
open SkiaSharp

/// Soft shapes, with grain on top.
let private draw (random: Random) width height : byte[] =
    let colour () =
        SKColor(byte (random.Next 256), byte (random.Next 256), byte (random.Next 256))

    use bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque)
    use canvas = new SKCanvas(bitmap)
    canvas.Clear(colour ())

    for _ in 1..24 do
        let centre =
            SKPoint(random.NextSingle() * float32 width, random.NextSingle() * float32 height)

        let radius = 4.0f + random.NextSingle() * 0.3f * float32 width

        use shader =
            SKShader.CreateRadialGradient(
                centre,
                radius,
                [| colour (); colour (); SKColors.Transparent |],
                [| 0.0f; 0.9f; 1.0f |],
                SKShaderTileMode.Clamp
            )

        use paint = new SKPaint(Shader = shader, IsAntialias = true)
        canvas.DrawCircle(centre, radius, paint)

    canvas.Flush()
    let pixels = bitmap.GetPixelSpan().ToArray()
    let grain = Array.zeroCreate<byte> pixels.Length
    random.NextBytes grain

    for i in 0 .. pixels.Length - 1 do
        if i % 4 <> 3 then
            pixels[i] <- byte (Math.Clamp(int pixels[i] + int grain[i] % 17 - 8, 0, 255))

    pixels.AsSpan().CopyTo(Span<byte>(bitmap.GetPixels().ToPointer(), pixels.Length))
    use data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 85)
    data.ToArray()

/// Ten classes below `root`, `count` pictures in all; what is there already stays. Gives the bytes.
let write (root: string) (count: int) : int64 =
    let mutable bytes = 0L

    for c in 0..9 do
        Directory.CreateDirectory(Path.Combine(root, $"class{c}")) |> ignore

    Parallel.For(
        0,
        count,
        fun i ->
            let path = Path.Combine(root, $"class{i % 10}", $"{i:D6}.jpg")

            if not (File.Exists path) then
                let random = Random i
                let side () = random.Next(96, 321)
                File.WriteAllBytes(path, draw random (side ()) (side ()))

            Interlocked.Add(&bytes, FileInfo(path).Length) |> ignore
    )
    |> ignore

    bytes
