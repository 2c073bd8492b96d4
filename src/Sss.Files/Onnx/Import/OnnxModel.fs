namespace Sss.Files

open System.IO
open FsToolkit.ErrorHandling
open Google.Protobuf
open Sss.Schema

/// A setting of an operation.
[<RequireQualifiedAccess>]
type internal Setting =
    | Whole of int64
    | Real of float32
    | Text of string
    | Wholes of int64 list
    | Reals of float32 list
    | Constant of Constant
    /// Of a kind that no operation here has.
    | Other

/// An operation of a file.
type internal OnnxNode = {
    /// Its name; that of its first output where it has none.
    Name: string
    Kind: string
    Domain: string
    Inputs: string list
    Outputs: string list
    Settings: Map<string, Setting>
}

/// An input of a file: its extents, None where they are open.
type internal OnnxInput = {
    Name: string
    Dims: int64 option list
    Type: int
}

/// A file as it is read: its operations in their order, its constants, its ends.
type internal OnnxModel = {
    Path: string
    Name: string
    Opset: int64
    /// Whether `sss export` wrote it.
    IsOwn: bool
    Nodes: OnnxNode list
    Constants: Map<string, Constant>
    /// Without those that only give a constant another name.
    Inputs: OnnxInput list
    Outputs: string list
}

/// Reading of files.
[<RequireQualifiedAccess>]
module internal OnnxModel =

    let private setting folder (a: AttributeProto) : Result<Setting, string> =
        match a.Type with
        | AttributeProto.Types.AttributeType.Int -> Ok(Setting.Whole a.I)
        | AttributeProto.Types.AttributeType.Float -> Ok(Setting.Real a.F)
        | AttributeProto.Types.AttributeType.String -> Ok(Setting.Text(a.S.ToStringUtf8()))
        | AttributeProto.Types.AttributeType.Ints -> Ok(Setting.Wholes(List.ofSeq a.Ints))
        | AttributeProto.Types.AttributeType.Floats -> Ok(Setting.Reals(List.ofSeq a.Floats))
        | AttributeProto.Types.AttributeType.Tensor when not (isNull (box a.T)) ->
            ReadTensor.read folder a.T |> Result.map Setting.Constant
        | _ -> Ok Setting.Other

    let private node folder (n: NodeProto) : Result<OnnxNode, string> =
        result {
            let! settings =
                n.Attribute
                |> List.ofSeq
                |> List.traverseResultM (fun a ->
                    setting folder a |> Result.map (fun value -> a.Name, value)
                )

            return {
                Name =
                    if n.Name <> "" then
                        n.Name
                    else
                        n.Output |> Seq.tryFind ((<>) "") |> Option.defaultValue "?"
                Kind = n.OpType
                Domain = n.Domain
                Inputs = List.ofSeq n.Input
                Outputs = List.ofSeq n.Output
                Settings = Map.ofList settings
            }
        }

    let private input (value: ValueInfoProto) : OnnxInput =
        let tensor =
            match value.Type |> Option.ofObj with
            | None -> None
            | Some kind -> Option.ofObj kind.TensorType

        let dims =
            match tensor |> Option.bind (fun t -> Option.ofObj t.Shape) with
            | None -> []
            | Some shape -> [
                for d in shape.Dim do
                    if d.ValueCase = TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue then
                        Some d.DimValue
                    else
                        None
              ]

        {
            Name = value.Name
            Dims = dims
            Type = tensor |> Option.map (fun t -> t.ElemType) |> Option.defaultValue 0
        }

    let private isOwn (model: ModelProto) =
        model.ProducerName = "sss"
        && model.MetadataProps |> Seq.exists (fun p -> p.Key = "sss.format")

    /// The file's messages, of a file of ours without the preparation in its graph; where they break, the
    /// place.
    let proto (path: string) : Result<ModelProto, FileError> =
        RegularFile.read
            path
            (fun handle _ ->
                use stream = new FileStream(handle, FileAccess.Read)
                use coded = new CodedInputStream(stream)
                let model = ModelProto()

                let broken (reason: string) =
                    Error(
                        Malformed(
                            {
                                Path = path
                                Part = None
                                Offset = coded.Position
                            },
                            Syntax("ONNX", reason)
                        )
                    )

                try
                    model.MergeFrom coded

                    match Option.ofObj model.Graph with
                    | None -> broken "there is no graph in it"
                    | Some graph ->
                        if isOwn model then
                            PreparationNodes.strip graph

                        Ok model
                with :? InvalidProtocolBufferException as e ->
                    broken e.Message
            )

    /// Constants that are nodes, and nodes that are not.
    let private constantOf (n: OnnxNode) : (string * Constant) option =
        match n.Kind, n.Outputs with
        | "Constant", [ output ] ->
            match Map.toList n.Settings with
            | [ _, Setting.Constant c ] -> Some(output, c)
            | [ _, Setting.Whole v ] -> Some(output, Constant.wholes [] [| v |])
            | [ _, Setting.Real v ] -> Some(output, Constant.reals [] [| v |])
            | [ _, Setting.Wholes v ] -> Some(output, Constant.ofList v)
            | [ _, Setting.Reals v ] -> Some(output, Constant.reals [ v.Length ] (Array.ofList v))
            | _ -> None
        | _ -> None

    /// The constants of a graph by name.
    let private constantsOf folder (graph: GraphProto) : Result<(string * Constant) list, string> =
        graph.Initializer
        |> List.ofSeq
        |> List.traverseResultM (fun t ->
            ReadTensor.read folder t
            |> Result.map (fun c -> t.Name, c)
            |> Result.mapError (fun reason -> $"the constant {t.Name}: {reason}")
        )

    let private nodesOf folder (graph: GraphProto) : Result<OnnxNode list, string> =
        graph.Node
        |> List.ofSeq
        |> List.traverseResultM (fun n ->
            node folder n |> Result.mapError (fun reason -> $"the node {n.Name}: {reason}")
        )

    let private opsetOf (model: ModelProto) : int64 =
        model.OpsetImport
        |> Seq.tryFind (fun o -> o.Domain = "" || o.Domain = "ai.onnx")
        |> Option.map (fun o -> o.Version)
        |> Option.defaultValue 1L

    /// Reads a file, and the files next to it that hold its constants.
    let read (path: string) : Result<OnnxModel, ImportError> =
        result {
            let! model = proto path |> Result.mapError ImportError.File
            let folder = Path.GetDirectoryName(Path.GetFullPath path) |> Option.ofObj
            let folder = Option.defaultValue "." folder
            let graph = model.Graph
            let graphError reason = ImportError.Graph(path, reason)
            let! constants = constantsOf folder graph |> Result.mapError graphError
            let! nodes = nodesOf folder graph |> Result.mapError graphError
            let given = nodes |> List.choose constantOf
            let constants = Map.ofList (constants @ given)
            let made = given |> List.map fst |> Set.ofList

            return {
                Path = path
                Name = graph.Name
                Opset = opsetOf model
                IsOwn = isOwn model
                Nodes =
                    nodes
                    |> List.filter (fun n ->
                        not (n.Kind = "Constant" && n.Outputs |> List.forall made.Contains)
                    )
                Constants = constants
                Inputs =
                    graph.Input
                    |> Seq.map input
                    |> Seq.filter (fun i -> not (constants.ContainsKey i.Name))
                    |> List.ofSeq
                Outputs = graph.Output |> Seq.map (fun o -> o.Name) |> List.ofSeq
            }
        }

/// Settings by name, with ONNX's value where there is none.
[<RequireQualifiedAccess>]
module internal Setting =

    let whole name fallback (n: OnnxNode) : int64 =
        match Map.tryFind name n.Settings with
        | Some(Setting.Whole value) -> value
        | _ -> fallback

    let real name (fallback: float) (n: OnnxNode) : float =
        match Map.tryFind name n.Settings with
        | Some(Setting.Real value) -> Constant.decimal value
        | _ -> fallback

    let text name fallback (n: OnnxNode) : string =
        match Map.tryFind name n.Settings with
        | Some(Setting.Text value) -> value
        | _ -> fallback

    let wholes name (n: OnnxNode) : int64 list option =
        match Map.tryFind name n.Settings with
        | Some(Setting.Wholes value) -> Some value
        | _ -> None
