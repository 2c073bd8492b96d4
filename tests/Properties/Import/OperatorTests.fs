/// ONNX's own cases for its operations, as Debian's libonnx-testdata has them: what is imported gives the
/// output that the case expects, the rest is refused by name.
namespace Sss.Tests.Import

open System
open System.IO
open Google.Protobuf
open Xunit
open Xunit.Abstractions
open Sss.Core
open Sss.Files
open Sss.Schema
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Torch

/// One case: a file, what goes in and what comes out.
type private Case = {
    Name: string
    Model: ModelProto
    Inputs: TensorProto list
    Output: TensorProto
}

/// What became of it.
[<RequireQualifiedAccess>]
type private Ending =
    | Imported of difference: float
    | Refused of ImportError
    /// It is no function of one image.
    | NoImage

module private Cases =

    let root = "/usr/share/libonnx-testdata/data"

    let lacks =
        if Directory.Exists root then
            ""
        else
            $"there is no {root} (Debian's libonnx-testdata)"

    let private tensor (path: string) =
        TensorProto.Parser.ParseFrom(File.ReadAllBytes path)

    /// The case of a folder; None: its values are no tensors.
    let read (folder: string) : Case option =
        let part word =
            Path.Combine(folder, "test_data_set_0", word)

        let inputs = Directory.GetFiles(part ".", "input_*.pb").Length

        if inputs = 0 || not (File.Exists(part "output_0.pb")) then
            None
        else
            try
                Some {
                    Name = Path.GetFileName folder |> string
                    Model =
                        ModelProto.Parser.ParseFrom(
                            File.ReadAllBytes(Path.Combine(folder, "model.onnx"))
                        )
                    Inputs = [ for i in 0 .. inputs - 1 -> tensor (part $"input_{i}.pb") ]
                    Output = tensor (part "output_0.pb")
                }
            with :? InvalidProtocolBufferException ->
                None

    /// Cases name the first opset that has their operation. From 7 on, extents fit by their positions.
    let private raise (model: ModelProto) =
        let isBroadcast =
            model.Graph.Node
            |> Seq.exists (fun n -> n.Attribute |> Seq.exists (fun a -> a.Name = "broadcast"))

        for opset in model.OpsetImport do
            if opset.Domain = "" && opset.Version < 7L && not isBroadcast then
                opset.Version <- 7L

    /// The case as a network: its first input is the image, the others are constants, and the output has a
    /// row an image. Also the number of images, and the image's shape.
    let asNetwork (case: Case) : (int * Shape) option =
        raise case.Model
        let graph = case.Model.Graph

        let given =
            graph.Input
            |> Seq.filter (fun i -> graph.Initializer |> Seq.forall (fun t -> t.Name <> i.Name))
            |> List.ofSeq

        let dims = [ for d in case.Inputs.Head.Dims -> int d ]

        if given.Length > case.Inputs.Length || given.IsEmpty || graph.Output.Count = 0 then
            None
        else
            for input, values in List.zip given.Tail case.Inputs.[1 .. given.Length - 1] do
                values.Name <- input.Name
                graph.Initializer.Add values

            let image = given.Head.Name

            let count, (c, h, w), inner =
                match dims with
                | [ n; c; h; w ] -> n, (c, h, w), None
                | [ a; b; c ] -> 1, (a, b, c), Some [ a; b; c ]
                | [ n; a ] -> n, (a, 1, 1), Some [ 0; a ]
                | [ a ] -> 1, (a, 1, 1), Some [ a ]
                | _ -> 0, (1, 1, 1), None

            let size = Shape.create c h w

            if count = 0 || Seq.exists ((=) 0) dims then
                None
            else
                // The image under another name, in the extents that the case has.
                inner
                |> Option.iter (fun inner ->
                    for node in graph.Node do
                        for i in 0 .. node.Input.Count - 1 do
                            if node.Input[i] = image then
                                node.Input[i] <- "image_"

                    graph.Initializer.Add(Proto.wholes "extents_" inner)

                    graph.Node.Insert(
                        0,
                        Proto.node "Reshape" "into_" [ image; "extents_" ] [ "image_" ] []
                    )
                )

                // The batch stays the batch.
                let rows = if count = 1 then 1 else 0
                graph.Initializer.Add(Proto.wholes "rows_" [ rows; -1 ])
                let output = graph.Output[0].Name
                graph.Node.Add(Proto.node "Reshape" "out_" [ output; "rows_" ] [ "y_" ] [])
                graph.Input.Clear()
                graph.Output.Clear()
                let value = Proto.value image "" [ c; h; w ]
                value.Type.TensorType.Shape.Dim.Clear()

                for d in [ count; c; h; w ] do
                    value.Type.TensorType.Shape.Dim.Add(
                        TensorShapeProto.Types.Dimension(DimValue = int64 d)
                    )

                graph.Input.Add value
                graph.Output.Add(Proto.value "y_" "" [ 1 ])
                Some(count, size)

/// A fact that is skipped, with the reason, where the cases are not there.
type OperatorFactAttribute() =
    inherit FactAttribute()

    do
        if Cases.lacks <> "" then
            base.Skip <- Cases.lacks

[<Collection("LibTorch")>]
type OperatorTests(output: ITestOutputHelper) =

    let options = {
        Name = Some "N"
        Input = None
        Scales = Set.empty
        Classes = None
    }

    let floats (tensor: TensorProto) =
        ReadTensor.read "." tensor |> Result.map Constant.floats |> Result.toOption

    let ending (case: Case) : Ending =
        match floats case.Inputs.Head, floats case.Output, Cases.asNetwork case with
        | Some image, Some expected, Some _ ->
            Folders.within (fun folder ->
                let path = Path.Combine(folder, "m.onnx")
                File.WriteAllBytes(path, case.Model.ToByteArray())

                match OnnxImport.read options path with
                | Error error -> Ending.Refused error
                | Ok imported ->
                    use model =
                        match Model.create (Engine.get ()) imported.Network imported.Weights with
                        | Ok model -> model
                        | Error error -> failwith (ModelError.message error)

                    let own = Evaluate.scores model (ReadOnlyMemory image)

                    let own =
                        if imported.EndsInSoftmax then
                            Softmax.ofScores imported.Network.Classes own
                        else
                            own

                    if own.Length <> expected.Length then
                        Ending.Imported infinity
                    else
                        let scale = expected |> Array.map abs |> Array.fold max 1e-6f

                        Array.map2 (fun a b -> float (abs (a - b)) / float scale) own expected
                        |> Array.max
                        |> Ending.Imported
            )
        | _ -> Ending.NoImage

    [<OperatorFact>]
    member _.``operations give what their cases expect, or are refused by name``() =
        let cases =
            [ "node"; "pytorch-converted"; "pytorch-operator" ]
            |> List.collect (fun part ->
                Directory.GetDirectories(Path.Combine(Cases.root, part))
                |> Array.sort
                |> List.ofArray
            )
            |> List.choose Cases.read

        let endings = cases |> List.map (fun case -> case, ending case)

        let imported =
            endings
            |> List.choose (fun (case, e) ->
                match e with
                | Ending.Imported d -> Some(case, d)
                | Ending.Refused _
                | Ending.NoImage -> None
            )

        for case, e in endings do
            match e with
            | Ending.Imported d -> output.WriteLine $"{case.Name}: {d:g2}"
            | Ending.Refused error -> output.WriteLine $"{case.Name}: {ImportError.message error}"
            | Ending.NoImage -> output.WriteLine $"{case.Name}: no image"

        let wrong = imported |> List.filter (fun (_, d) -> not (d <= 1e-4))
        Assert.Empty(wrong |> List.map (fun (case, d) -> $"{case.Name}: {d}"))
        Assert.True(imported.Length >= 120, $"only {imported.Length} were imported")

        let kinds =
            imported
            |> List.collect (fun (case, _) -> [ for n in case.Model.Graph.Node -> n.OpType ])
            |> set

        let shown = String.Join(" ", kinds)
        output.WriteLine $"imported: {imported.Length} cases of {shown}"

        for case, e in endings do
            match e with
            | Ending.Refused(ImportError.Operations(_, refusals)) ->
                let kinds = case.Model.Graph.Node |> Seq.map _.OpType |> Set.ofSeq

                // What is refused after it was recognised has the network's word for it.
                let isNamed (r: ImportRefusal) =
                    r.Node <> ""
                    && (kinds.Contains r.Operation
                        || not (r.Reason.StartsWith "it is not supported"))

                Assert.True(List.forall isNamed refusals, case.Name)
            | Ending.Refused error -> Assert.NotEqual<string>("", ImportError.message error)
            | Ending.Imported _
            | Ending.NoImage -> ()
