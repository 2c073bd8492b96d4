namespace Sss.Files

open System.Buffers.Binary
open System.Text
open System.Text.RegularExpressions
open FsToolkit.ErrorHandling

/// The header of NumPy's array format, versions 1 to 3: a signature, a version, the length of a
/// Python dictionary, and the dictionary as text.
[<RequireQualifiedAccess>]
module internal Npy =

    /// What an array is.
    type Header = {
        /// NumPy's word for the values: `|u1`, `<f4`, …
        Type: string
        Shape: int64 list
    }

    /// No array of images needs a longer one.
    let private longest = 65536L

    let private signature = [| 0x93uy; byte 'N'; byte 'U'; byte 'M'; byte 'P'; byte 'Y' |]

    let private find pattern (text: string) =
        let found = Regex.Match(text, pattern, RegexOptions.CultureInvariant)
        if found.Success then Some found.Groups[1].Value else None

    let private extents (text: string) =
        let parts = text.Split(',', System.StringSplitOptions.TrimEntries)

        let numbers =
            parts
            |> Array.filter (fun part -> part <> "")
            |> Array.map (fun part ->
                match System.Int64.TryParse part with
                | true, n when n >= 0L && n <= int64 System.Array.MaxLength -> Some n
                | _ -> None
            )

        if Array.forall Option.isSome numbers then
            Some(numbers |> Array.choose id |> List.ofArray)
        else
            None

    /// Reads up to the first value.
    let read (reader: Reader) : Result<Header, FileError> =
        result {
            let! head = reader.Bytes "the signature and version" 8L

            if head[0..5] <> signature then
                return!
                    reader.FaultAt
                        0L
                        (NotFormat(
                            "a NumPy array",
                            System.Convert.ToHexString(head[0..5]).ToLower()
                        ))

            if head[6] < 1uy || head[6] > 3uy then
                return!
                    reader.FaultAt
                        6L
                        (Unsupported("the version", $"{head[6]}.{head[7]}", "1.0 to 3.0"))

            let! length =
                if head[6] = 1uy then
                    reader.Bytes "the length of the header" 2L
                    |> Result.map (fun b -> int64 (BinaryPrimitives.ReadUInt16LittleEndian b))
                else
                    reader.Bytes "the length of the header" 4L
                    |> Result.map (fun b -> int64 (BinaryPrimitives.ReadUInt32LittleEndian b))

            if length > longest then
                return!
                    reader.FaultAt
                        8L
                        (OutOfRange("the length of the header", string length, "1", string longest))

            let at = reader.Position
            let! bytes = reader.Bytes "the header" length
            let text = Encoding.Latin1.GetString bytes

            let need what option =
                match option with
                | Some value -> Ok value
                | None -> reader.FaultAt at (Lacks $"{what} in its header")

            let! kind = find @"'descr'\s*:\s*'([^']{1,16})'" text |> need "a plain type"
            let! order = find @"'fortran_order'\s*:\s*(True|False)" text |> need "an order"

            if order = "True" then
                return! reader.FaultAt at (Unsupported("the order", "Fortran's", "C's"))

            let! shape =
                find @"'shape'\s*:\s*\(([0-9,\s]{0,256})\)" text
                |> Option.bind extents
                |> need "a shape"

            return { Type = kind; Shape = shape }
        }
