namespace Sss.Tests.Import

open System.IO
open Google.Protobuf
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Torch
open Sss.Tests.Import.Graphs

/// Files of other programs beside what is read from them.
[<Collection("LibTorch")>]
type ImportProofTests() =

    let proved (model: Sss.Schema.ModelProto) =
        Folders.within (fun folder ->
            let path = Path.Combine(folder, "m.onnx")
            File.WriteAllBytes(path, model.ToByteArray())
            ModelImport.run (Engine.get ()) options path
        )

    let difference model =
        match proved model with
        | Ok made ->
            Assert.True made.IsTelling
            made.Difference
        | Error error -> failwith (PipelineError.message error)

    let plain opset dims =
        let own, nodes = framed [ node "Relu" "r" [ "a" ] [ "b" ] [] ]
        modelOf opset dims own nodes

    [<Theory>]
    [<InlineData(7)>]
    [<InlineData(13)>]
    [<InlineData(21)>]
    member _.``a file of any opset gives the network's scores``(opset: int) =
        Assert.InRange(difference (plain opset [ -1L; 3L; 8L; 8L ]), 0.0, 1e-4)

    [<Theory>]
    [<InlineData(1)>]
    [<InlineData(5)>]
    member _.``a file may take images in batches of one size``(batch: int) =
        Assert.InRange(difference (plain 13 [ int64 batch; 3L; 8L; 8L ]), 0.0, 1e-4)

    [<Fact>]
    member _.``an image is enlarged as the file says``() =
        let own, nodes =
            framed [
                node "Resize" "r" [ "a"; "s" ] [ "b'" ] [ Proto.text "mode" "nearest" ]
                node "MaxPool" "m" [ "b'" ] [ "b" ] [ Proto.ints "kernel_shape" [ 3; 3 ] ]
            ]

        let scales = Proto.floats "s" [ 4 ] [| 1.0f; 1.0f; 2.0f; 2.0f |]
        Assert.InRange(difference (modelOf 10 [ -1L; 3L; 8L; 8L ] (scales :: own) nodes), 0.0, 1e-4)

    [<Fact>]
    member _.``a file of half precision is held to its own precision``() =
        let model = plain 13 [ -1L; 3L; 8L; 8L ]
        let half = 10

        for value in Seq.append model.Graph.Input model.Graph.Output do
            value.Type.TensorType.ElemType <- half

        for tensor in model.Graph.Initializer do
            let values =
                System.Runtime.InteropServices.MemoryMarshal
                    .Cast<byte, float32>(tensor.RawData.Span)
                    .ToArray()

            let halves =
                values
                |> Array.map (fun v ->
                    System.BitConverter.HalfToUInt16Bits(System.Half.op_Explicit v: System.Half)
                )

            let bytes =
                System.Runtime.InteropServices.MemoryMarshal
                    .AsBytes(System.ReadOnlySpan halves)
                    .ToArray()

            tensor.DataType <- half
            tensor.RawData <- ByteString.CopyFrom bytes

        Assert.InRange(difference model, 0.0, 1e-2)
