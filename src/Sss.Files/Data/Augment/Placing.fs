namespace Sss.Files

open System
open Sss.Core

/// Where the stored values of an image are: bytes of a split or of a decoded picture, or numbers.
[<Struct; RequireQualifiedAccess>]
type internal Stored =
    | Bytes of bytes: byte[]
    | Floats of floats: float32[]

/// Crop, mirror image and normalisation in one pass; nothing is allocated.
[<RequireQualifiedAccess>]
module internal Placing =

    /// Which stored column is at column `x` of a shifted and perhaps mirrored row.
    let inline private column width right flip x =
        (if flip then width - 1 - x else x) + right

    /// Writes one row from stored bytes; what the shift leaves open is filled with `blank`. Two
    /// plain loops instead of one with a function for the value: no closure is made.
    let private byteRow
        (table: float32[])
        offset
        (data: byte[])
        start
        right
        flip
        blank
        (row: Span<float32>)
        =
        for x in 0 .. row.Length - 1 do
            let at = column row.Length right flip x

            row[x] <-
                if at < 0 || at >= row.Length then
                    blank
                else
                    table[offset + int data[start + at]]

    /// The same from stored numbers.
    let private floatRow
        (n: Preparation)
        (units: Units)
        c
        (data: float32[])
        start
        right
        flip
        blank
        (row: Span<float32>)
        =
        for x in 0 .. row.Length - 1 do
            let at = column row.Length right flip x

            row[x] <-
                if at < 0 || at >= row.Length then
                    blank
                else
                    Preparation.value n c (Units.apply units data[start + at])

    /// Writes one image whose stored values start at `offset`. `down` and `right`: where the crop
    /// starts, relative to the image.
    let image
        (shape: Shape)
        table
        (n: Preparation)
        units
        stored
        offset
        down
        right
        flip
        (destination: Span<float32>)
        =
        for c in 0 .. shape.Channels - 1 do
            // The padding is black before normalisation, as a crop from a larger picture would be.
            let blank = Preparation.value n c (Preparation.black n.Range)

            for y in 0 .. shape.Height - 1 do
                let line = destination.Slice((c * shape.Height + y) * shape.Width, shape.Width)
                let from = y + down

                if from < 0 || from >= shape.Height then
                    line.Fill blank
                else
                    let start = offset + (c * shape.Height + from) * shape.Width

                    match stored with
                    | Stored.Bytes data -> byteRow table (c * 256) data start right flip blank line
                    | Stored.Floats data -> floatRow n units c data start right flip blank line
