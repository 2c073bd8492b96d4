namespace Sss.Files

open System
open Sss.Core

/// The header of a picture file, before the pixels.
[<RequireQualifiedAccess>]
type internal PictureHeader =
    | Png of PngHeader
    | Jpeg of JpegHeader
    /// Other formats of the decoder.
    | Other

[<RequireQualifiedAccess>]
module internal PictureHeader =

    /// Larger pictures are refused before memory is given.
    let mostPixels = 1L <<< 26

    /// The longest side of a picture: 1,048,576 pixels.
    let mostAside = 1L <<< 20

    /// Reads the header of a file of this many bytes. A fault names no file.
    let read (length: int64) (read: ReadAt) : Result<PictureHeader, Fault> =
        let start = read 0L 8

        if length = 0L then
            Error(Syntax("image", "the file is empty"))
        elif start.AsSpan().StartsWith PngHeader.signature then
            PngHeader.read read |> Result.map PictureHeader.Png
        elif start.AsSpan().StartsWith JpegHeader.signature then
            JpegHeader.read read |> Result.map PictureHeader.Jpeg
        else
            Ok PictureHeader.Other

    /// Refuses a size that is beyond the limits, or that so few bytes cannot hold: a JPEG needs a bit
    /// for each block of 64 pixels; others pack no more than 8 pixels into a byte of what deflate can
    /// shrink 1,032 times.
    let checkSize (isJpeg: bool) (length: int64) (size: Size) : Result<unit, Fault> =
        let most = min mostPixels (length * (if isJpeg then 8L * 64L else 8L * 1032L))

        if int64 size.W * int64 size.H > most then
            let found = $"{size.W}x{size.H} pixels"
            Error(OutOfRange("the size", found, "1x1", $"{most} pixels"))
        elif int64 (max size.W size.H) > mostAside then
            let found = $"{size.W}x{size.H} pixels"
            Error(OutOfRange("the size", found, "1x1", $"{mostAside} pixels per side"))
        else
            Ok()
