namespace Sss.Files

open Sss.Core

/// The types of numbers in a safetensors file that this program reads.
type internal StoredType =
    | F64
    | F32
    | F16
    | Bf16
    /// Counters of other programs.
    | I64

/// What the header of a safetensors file says about one tensor.
type internal Entry = {
    Name: string
    Type: StoredType
    Shape: int list
    /// In bytes from the end of the header; `Finish` is not included.
    Start: int64
    Finish: int64
    /// Where the entry is in the file, for errors.
    At: int64
}

/// One tensor of a safetensors file, at the precision it is stored with. Half precisions are
/// widened, which changes no value; whole numbers are doubles.
[<RequireQualifiedAccess>]
type StoredTensor =
    | Single of Tensor<float32>
    | Double of Tensor<float>

/// The content of a safetensors file.
type SafetensorsFile = {
    Metadata: Map<string, string>
    Tensors: Map<string, StoredTensor>
}

/// Names and sizes of stored types.
[<RequireQualifiedAccess>]
module internal StoredType =

    /// All of them, with the format's words and their sizes in bytes.
    let all = [ "F64", F64, 8; "F32", F32, 4; "F16", F16, 2; "BF16", Bf16, 2; "I64", I64, 8 ]

    /// The type that a word of the format means.
    let tryParse (word: string) =
        all
        |> List.tryPick (fun (name, stored, _) -> if name = word then Some stored else None)

    /// Bytes a value.
    let size stored =
        match stored with
        | F64
        | I64 -> 8
        | F32 -> 4
        | F16
        | Bf16 -> 2

/// One tensor at the precision that is requested.
[<RequireQualifiedAccess>]
module StoredTensor =

    /// At single precision; what is stored with double precision is rounded.
    let single tensor : Tensor<float32> =
        match tensor with
        | StoredTensor.Single t -> t
        | StoredTensor.Double t -> {
            Shape = t.Shape
            Data = Array.map float32 t.Data
          }

    /// At double precision.
    let double tensor : Tensor<float> =
        match tensor with
        | StoredTensor.Double t -> t
        | StoredTensor.Single t -> {
            Shape = t.Shape
            Data = Array.map float t.Data
          }

/// Views of a read file.
[<RequireQualifiedAccess>]
module SafetensorsFile =

    let private arrays (read: StoredTensor -> Tensor<'T>) (file: SafetensorsFile) : Weights<'T> =
        Map.toSeq file.Tensors
        |> Seq.choose (fun (name, tensor) ->
            ArrayKey.tryParse name |> Option.map (fun key -> key, read tensor)
        )
        |> Map.ofSeq

    /// The tensors with names of arrays, at single precision; what is stored with double precision is
    /// rounded.
    let weights (file: SafetensorsFile) : Weights<float32> = arrays StoredTensor.single file

    /// The same at double precision.
    let weights64 (file: SafetensorsFile) : Weights<float> = arrays StoredTensor.double file

    /// The names of all other tensors: no array of a network has such a name.
    let strangers (file: SafetensorsFile) : string list =
        Map.keys file.Tensors
        |> Seq.filter (fun name -> (ArrayKey.tryParse name).IsNone)
        |> List.ofSeq

    /// An error in the metadata of the file at a path.
    let metadataFault (path: string) (fault: Fault) : FileError =
        Malformed(
            {
                Path = path
                Part = Some "the metadata"
                Offset = 8L
            },
            fault
        )

    /// An item of the metadata that has to be there.
    let item (path: string) (key: string) (file: SafetensorsFile) : Result<string, FileError> =
        match Map.tryFind key file.Metadata with
        | Some text -> Ok text
        | None -> Error(metadataFault path (Lacks $"metadata `{key}`"))
