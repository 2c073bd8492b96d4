/// Small files of other programs, made by hand.
module Sss.Tests.Import.Graphs

open System.IO
open Google.Protobuf
open Sss.Core
open Sss.Files
open Sss.Schema
open Sss.Tests.Files

let node kind name inputs outputs attributes : NodeProto =
    Proto.node kind name inputs outputs attributes

/// A file whose image is 3x8x8 (or of other extents, below 0: open) and whose output is `y`.
let modelOf
    (opset: int)
    (dims: int64 list)
    (constants: TensorProto list)
    (nodes: NodeProto list)
    : ModelProto =
    let graph = GraphProto(Name = "g")
    graph.Node.AddRange nodes
    graph.Initializer.AddRange constants
    let shape = TensorShapeProto()

    for d in dims do
        shape.Dim.Add(
            if d < 0L then
                TensorShapeProto.Types.Dimension(DimParam = "n")
            else
                TensorShapeProto.Types.Dimension(DimValue = d)
        )

    let tensor = TypeProto.Types.Tensor(ElemType = 1, Shape = shape)
    graph.Input.Add(ValueInfoProto(Name = "x", Type = TypeProto(TensorType = tensor)))
    graph.Output.Add(Proto.value "y" "" [ 4 ])
    let model = ModelProto(IrVersion = 7L, ProducerName = "test", Graph = graph)
    model.OpsetImport.Add(OperatorSetIdProto(Domain = "", Version = int64 opset))
    model

let model = modelOf 13 [ -1L; 3L; 8L; 8L ]

let options = {
    Name = Some "N"
    Input = None
    Scales = Set.empty
    Classes = None
}

/// What a file is read as.
let readWith options (model: ModelProto) =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "m.onnx")
        File.WriteAllBytes(path, model.ToByteArray())
        OnnxImport.read options path
    )

let read model = readWith options model

let text (result: Result<Imported, ImportError>) : string =
    match result with
    | Ok imported -> Sss.Dsl.Language.print imported.Network
    | Error error -> failwith (ImportError.message error)

let message (result: Result<Imported, ImportError>) : string =
    match result with
    | Ok imported -> failwith (Sss.Dsl.Language.print imported.Network)
    | Error error ->
        let said = ImportError.message error
        // Without the folder.
        said.Substring(said.IndexOf "m.onnx")

/// Numbers of a constant, no two alike.
let numbers name (dims: int list) =
    let count = List.fold (*) 1 dims
    Proto.floats name dims (Array.init count (fun i -> float32 (i % 7) * 0.25f - 0.5f))

/// A convolution of 3x3 from 3 to 4 channels and the end of a network: constants and operations. Between
/// them `a` goes in and `b` comes out.
let framed (between: NodeProto list) : TensorProto list * NodeProto list =
    [ numbers "w" [ 4; 3; 3; 3 ] ],
    [
        node "Conv" "conv" [ "x"; "w" ] [ "a" ] [ Proto.ints "pads" [ 1; 1; 1; 1 ] ]
        yield! between
        node "GlobalAveragePool" "pool" [ "b" ] [ "p" ] []
        node "Flatten" "flat" [ "p" ] [ "y" ] []
    ]
