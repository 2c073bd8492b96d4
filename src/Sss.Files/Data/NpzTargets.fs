namespace Sss.Files

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// The targets of an archive, by type and shape: whole numbers N or N×1 are a class for each image, N×H×W or N×1×H×W a
/// mask for each; `bool` (or whole numbers 0 and 1) N×K say for each of K classes whether it is there; `float16`, `float32`
/// and `float64` are numbers, N, N×K, N×H×W or N×C×H×W.
[<RequireQualifiedAccess>]
module internal NpzTargets =

    /// Larger labels are not labels.
    let private largestLabel = 65535L

    let private types = "bool, uint8, int32, int64, float16, float32, float64"

    let private shapes =
        "N or Nx1 (classes), NxHxW (masks), NxK of 0 and 1 (several classes), floats of N, NxK, NxHxW or NxCxHxW (numbers)"

    /// All values as whole numbers, each a possible class.
    let private wholes (reader: Reader) (header: Npy.Header) : Result<int[], FileError> option =
        let start = reader.Position

        let inRange size (data: int64[]) =
            match data |> Array.tryFindIndex (fun v -> v < 0L || v > largestLabel) with
            | Some i ->
                reader.FaultAt
                    (start + int64 size * int64 i)
                    (OutOfRange("a label", string data[i], "0", string largestLabel))
            | None -> Ok(Array.map int data)

        match header.Type with
        | "|b1"
        | "|u1"
        | "<u1" -> Some(NpzArrays.values<byte> reader header |> Result.map (Array.map int))
        | "<i4" ->
            NpzArrays.values<int32> reader header
            |> Result.bind (Array.map int64 >> inRange 4)
            |> Some
        | "<i8" -> NpzArrays.values<int64> reader header |> Result.bind (inRange 8) |> Some
        | _ -> None

    let private shapeOf (header: Npy.Header) : Shape option =
        match List.map int header.Shape with
        | [ _ ] -> Some(Shape.create 1 1 1)
        | [ _; values ] when values > 0 -> Some(Shape.create values 1 1)
        | [ _; height; width ] when height > 0 && width > 0 -> Some(Shape.create 1 height width)
        | [ _; channels; height; width ] when channels > 0 && height > 0 && width > 0 ->
            Some(Shape.create channels height width)
        | _ -> None

    let private badShape (reader: Reader) (header: Npy.Header) =
        reader.FaultAt
            10L
            (Unsupported("the shape of the labels", NpzArrays.shapeText header, shapes))

    /// Whole numbers of a shape as targets.
    let private ofWholes (reader: Reader) (header: Npy.Header) (shape: Shape) (data: int[]) =
        let isArea = Shape.area shape > 1L || header.Shape.Length > 2

        match isArea, shape.Channels with
        | false, 1 -> Ok(Targets.Labels data)
        | true, 1 -> Ok(Targets.Masks(shape.Height, shape.Width, Array.map uint16 data))
        | true, _ -> badShape reader header
        | false, _ ->
            match data |> Array.tryFind (fun v -> v > 1) with
            | Some other ->
                reader.FaultAt
                    10L
                    (Unsupported(
                        $"a label of {NpzArrays.shapeText header}",
                        string other,
                        "0 and 1, for each image and class; store other numbers as float32"
                    ))
            | None -> Ok(Targets.Numbers(shape, Array.map float32 data))

    let read (reader: Reader) : Result<Targets, FileError> =
        result {
            let! header = Npy.read reader

            let! shape =
                match shapeOf header with
                | Some shape -> Ok shape
                | None -> badShape reader header

            match wholes reader header with
            | Some whole ->
                let! data = whole
                return! ofWholes reader header shape data
            | None ->
                match NpzArrays.floats reader header "a target" with
                | Some floats ->
                    let! data = floats
                    return Targets.Numbers(shape, data)
                | None ->
                    return!
                        reader.FaultAt
                            10L
                            (Unsupported("the type of the labels", header.Type, types))
        }
