namespace Sss.Files

open System
open System.Buffers.Binary
open Sss.Core

/// How a stored picture must be turned to be upright: the eight values of EXIF's tag
/// 0x0112, in their order.
type internal Orientation =
    | Upright
    | MirroredAcross
    | HalfTurn
    | MirroredDown
    | Transposed
    | QuarterRight
    | Transverse
    | QuarterLeft

[<RequireQualifiedAccess>]
module internal Orientation =

    /// In the order of EXIF's numbers, which begin with 1.
    let all = [|
        Upright
        MirroredAcross
        HalfTurn
        MirroredDown
        Transposed
        QuarterRight
        Transverse
        QuarterLeft
    |]

    /// Anything but 1 to 8 means nothing, as other readers have it.
    let ofNumber (n: int) : Orientation =
        if n >= 1 && n <= 8 then all[n - 1] else Upright

    /// The size of the turned picture.
    let turned orientation (stored: Size) : Size =
        match orientation with
        | Upright
        | MirroredAcross
        | HalfTurn
        | MirroredDown -> stored
        | Transposed
        | QuarterRight
        | Transverse
        | QuarterLeft -> { H = stored.W; W = stored.H }

    /// Where the turned picture's pixel (x, y) is stored, counted row by row: at
    /// start + x · across + y · down.
    let walk orientation (stored: Size) : struct (int * int * int) =
        let w, last = stored.W, stored.W * stored.H - 1

        match orientation with
        | Upright -> struct (0, 1, w)
        | MirroredAcross -> struct (w - 1, -1, w)
        | HalfTurn -> struct (last, -1, -w)
        | MirroredDown -> struct (last - w + 1, 1, -w)
        | Transposed -> struct (0, w, 1)
        | QuarterRight -> struct (last - w + 1, -w, 1)
        | Transverse -> struct (last, -w, -1)
        | QuarterLeft -> struct (w - 1, w, -1)

    /// Whether the turned picture's rows are the stored ones, in the same order.
    let keepsRows orientation =
        match orientation with
        | Upright
        | MirroredAcross -> true
        | HalfTurn
        | MirroredDown
        | Transposed
        | QuarterRight
        | Transverse
        | QuarterLeft -> false

    /// The orientation in EXIF data, which are a TIFF file of their own: the first directory's entry
    /// 0x0112. None where there is none, or the data are no such file.
    let ofExif (tiff: byte[]) : Orientation option =
        let startsWith (text: byte[]) = tiff.AsSpan().StartsWith text
        let isBig = startsWith "MM\000*"B

        let short (at: int) =
            let bytes = ReadOnlySpan(tiff, at, 2)

            if isBig then
                int (BinaryPrimitives.ReadUInt16BigEndian bytes)
            else
                int (BinaryPrimitives.ReadUInt16LittleEndian bytes)

        let long (at: int) =
            let bytes = ReadOnlySpan(tiff, at, 4)

            if isBig then
                int64 (BinaryPrimitives.ReadUInt32BigEndian bytes)
            else
                int64 (BinaryPrimitives.ReadUInt32LittleEndian bytes)

        if tiff.Length < 8 || not (isBig || startsWith "II*\000"B) then
            None
        elif long 4 + 2L > int64 tiff.Length then
            None
        else
            let directory = int (long 4)
            let first = directory + 2
            let count = min (short directory) ((tiff.Length - first) / 12)

            seq { for i in 0 .. count - 1 -> first + 12 * i }
            |> Seq.tryFind (fun entry -> short entry = 0x0112)
            |> Option.map (fun entry ->
                let isLong = short (entry + 2) = 4

                let value =
                    if isLong then
                        long (entry + 8)
                    else
                        int64 (short (entry + 8))

                ofNumber (int (min value 9L))
            )
