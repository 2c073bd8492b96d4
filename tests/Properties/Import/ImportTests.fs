/// Files of other programs: what is recognised, and what is refused.
module Sss.Tests.Import.ImportTests

open System
open System.IO
open System.Runtime.InteropServices
open Google.Protobuf
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Schema
open Sss.Tests.Files
open Sss.Tests.Import.Graphs

let private scalar name (value: float) =
    Proto.floats name [] [| float32 value |]

/// What stands between a convolution and a pool.
let private between (constants: TensorProto list) nodes : string =
    let own, nodes = framed nodes

    let lines = (text (read (model (own @ constants) nodes))).Split '\n'

    lines[4 .. lines.Length - 4] |> Array.map _.Trim() |> String.concat "; "

[<Fact>]
let ``activations that are written in steps are recognised by what they compute`` () =
    let is expected constants nodes =
        Assert.Equal("conv 4 3x3 bias=no; " + expected, between constants nodes)

    is "silu" [] [
        node "Sigmoid" "s" [ "a" ] [ "s" ] []
        node "Mul" "m" [ "s"; "a" ] [ "b" ] []
    ]

    is "mish" [] [
        node "Softplus" "p" [ "a" ] [ "p'" ] []
        node "Tanh" "t" [ "p'" ] [ "t" ] []
        node "Mul" "m" [ "a"; "t" ] [ "b" ] []
    ]

    is "gelu" [ scalar "r" (sqrt 2.0); scalar "one" 1.0; scalar "half" 0.5 ] [
        node "Div" "d" [ "a"; "r" ] [ "d" ] []
        node "Erf" "e" [ "d" ] [ "e" ] []
        node "Add" "f" [ "e"; "one" ] [ "f" ] []
        node "Mul" "g" [ "a"; "f" ] [ "g" ] []
        node "Mul" "h" [ "g"; "half" ] [ "b" ] []
    ]

    is "hardswish" [ scalar "three" 3.0; scalar "zero" 0.0; scalar "six" 6.0 ] [
        node "Add" "d" [ "a"; "three" ] [ "d" ] []
        node "Clip" "e" [ "d"; "zero"; "six" ] [ "e" ] []
        node "Mul" "f" [ "a"; "e" ] [ "f" ] []
        node "Div" "g" [ "f"; "six" ] [ "b" ] []
    ]

    is "relu6" [] [
        node "Clip" "c" [ "a" ] [ "b" ] [ Proto.float "min" 0.0; Proto.float "max" 6.0 ]
    ]

    is "leakyrelu slope=0.2" [] [ node "LeakyRelu" "l" [ "a" ] [ "b" ] [ Proto.float "alpha" 0.2 ] ]

[<Property>]
let ``every activation is recognised from its formula`` (NormalFloat number) =
    let parameter = Math.Round(0.05 + abs number % 3.0, 3)

    [
        Relu
        Relu6
        Silu
        Gelu
        HardSwish
        HardSigmoid
        Mish
        Tanh
        Sigmoid
        Elu parameter
        LeakyRelu(parameter / 4.0)
    ]
    |> List.forall (fun a ->
        match a, Formula.tryActivation (Activation.term a) with
        | LeakyRelu s, Some(LeakyRelu t) -> abs (s - t) < 1e-6
        | a, found -> found = Some a
    )

[<Fact>]
let ``multiplications and additions by constants become part of the layer before`` () =
    let channels name = numbers name [ 4; 1; 1 ]

    Assert.Equal(
        "conv 4 3x3",
        between [ channels "g"; channels "s" ] [
            node "Mul" "m" [ "a"; "g" ] [ "m'" ] []
            node "Add" "n" [ "m'"; "s" ] [ "b" ] []
        ]
    )

    Assert.Equal("conv 4 3x3", between [ channels "s" ] [ node "Sub" "n" [ "a"; "s" ] [ "b" ] [] ])

    Assert.Equal(
        "conv 4 3x3 bias=no; layerscale",
        between [ channels "g" ] [ node "Mul" "m" [ "a"; "g" ] [ "b" ] [] ]
    )

[<Fact>]
let ``a channel shuffle is found in its reshapes`` () =
    let shape name values = Proto.wholes name values

    Assert.Equal(
        "conv 4 3x3 bias=no; shuffle 2",
        between [ shape "s" [ 1; 2; 2; 8; 8 ]; shape "t" [ 1; 4; 8; 8 ] ] [
            node "Reshape" "r" [ "a"; "s" ] [ "r'" ] []
            node "Transpose" "q" [ "r'" ] [ "q'" ] [ Proto.ints "perm" [ 0; 2; 1; 3; 4 ] ]
            node "Reshape" "u" [ "q'"; "t" ] [ "b" ] []
        ]
    )

[<Fact>]
let ``everything that cannot be said is refused at once`` () =
    let own, nodes =
        framed [
            node "Einsum" "mix" [ "a"; "a" ] [ "e" ] []
            node "Relu" "after" [ "e" ] [ "f" ] []
            node "NonZero" "ones" [ "f" ] [ "g" ] []
            node "Slice" "cut" [ "a"; "from"; "to" ] [ "h" ] []
            node "Add" "sum" [ "g"; "h" ] [ "b" ] []
        ]

    let constants =
        own @ [ Proto.wholes "from" [ 0; 0; 0; 1 ]; Proto.wholes "to" [ 1; 4; 8; 3 ] ]

    let expected =
        """m.onnx: 3 operations cannot be written as a network of the language
  mix (Einsum of a, a): it is not supported
  ones (NonZero of f): it is not supported
  cut (Slice of a, from, to): it takes a part of rows, columns or positions"""

    Assert.Equal(expected, message (read (model constants nodes)))

[<Fact>]
let ``a value that is read from inside and from outside of a side is refused`` () =
    // c reads a, d reads b and a + c: c lies inside of one sum and outside of another.
    let constants = [
        numbers "w" [ 4; 3; 1; 1 ]
        numbers "v" [ 4; 4; 1; 1 ]
        numbers "u" [ 4; 4; 1; 1 ]
    ]

    let nodes = [
        node "Conv" "first" [ "x"; "w" ] [ "a" ] []
        node "Conv" "second" [ "a"; "v" ] [ "c" ] []
        node "Add" "inner" [ "c"; "a" ] [ "d" ] []
        node "Conv" "third" [ "d"; "u" ] [ "e" ] []
        node "Add" "outer" [ "e"; "c" ] [ "f" ] []
        node "GlobalAveragePool" "pool" [ "f" ] [ "p" ] []
        node "Flatten" "flat" [ "p" ] [ "y" ] []
    ]

    let expected =
        """m.onnx: one operation cannot be written as a network of the language
  second (conv of first): its value is read from inside and from outside of a side of a join, which is no tree"""

    Assert.Equal(expected, message (read (model constants nodes)))

[<Fact>]
let ``an open size has to be given, and must fit`` () =
    let own, nodes = framed [ node "Relu" "r" [ "a" ] [ "b" ] [] ]
    let open' = modelOf 13 [ -1L; 3L; -1L; -1L ] own nodes

    Assert.Equal(
        "m.onnx: the size of its image is open; give it with --input, as --input 3x224x224",
        message (read open')
    )

    let given =
        readWith
            {
                options with
                    Input = Some(Shape.create 3 16 16)
            }
            open'

    Assert.Contains("input 3x16x16", text given)

    Assert.Equal(
        "m.onnx: its image is 3x?x?, not 1x16x16",
        message (
            readWith
                {
                    options with
                        Input = Some(Shape.create 1 16 16)
                }
                open'
        )
    )

[<Fact>]
let ``a new last layer has the asked number of classes and no weights yet`` () =
    let constants = [ numbers "w" [ 4; 3; 1; 1 ]; numbers "v" [ 4; 4 ]; numbers "c" [ 4 ] ]

    let nodes = [
        node "Conv" "first" [ "x"; "w" ] [ "a" ] []
        node "GlobalAveragePool" "pool" [ "a" ] [ "p" ] []
        node "Flatten" "flat" [ "p" ] [ "f" ] []
        node "Gemm" "last" [ "f"; "v"; "c" ] [ "s" ] [ Proto.int "transB" 1 ]
        node "Softmax" "end" [ "s" ] [ "y" ] [ Proto.int "axis" 1 ]
    ]

    match readWith { options with Classes = Some 7 } (model constants nodes) with
    | Error error -> failwith (ImportError.message error)
    | Ok imported ->
        Assert.True imported.EndsInSoftmax

        Assert.Equal(
            Some {
                Name = "dense1"
                FileOutputs = 4
                IsReplaced = true
            },
            imported.Fresh
        )

        Assert.Equal(7, imported.Network.Classes)
        let owners = imported.Weights |> Map.keys |> Seq.map _.Owner |> Set.ofSeq
        Assert.Equal<Set<string>>(Set.singleton "conv1", owners)

[<Fact>]
let ``features get a new dense layer`` () =
    let own, nodes = framed [ node "Relu" "r" [ "a" ] [ "b" ] [] ]

    match readWith { options with Classes = Some 7 } (model own nodes) with
    | Error error -> failwith (ImportError.message error)
    | Ok imported ->
        Assert.Equal(
            Some {
                Name = "dense1"
                FileOutputs = 4
                IsReplaced = false
            },
            imported.Fresh
        )

        Assert.Contains("avgpool global\n  dense 7", text (Ok imported))

[<Fact>]
let ``a classifier of 1x1 windows before relu and mean is the last layer`` () =
    let nodes = [
        node "Conv" "conv" [ "x"; "w" ] [ "a" ] []
        node "Relu" "r" [ "a" ] [ "b" ] []
        node "Conv" "last" [ "b"; "v"; "c" ] [ "d" ] []
        node "Relu" "s" [ "d" ] [ "e" ] []
        node "GlobalAveragePool" "pool" [ "e" ] [ "p" ] []
        node "Flatten" "flat" [ "p" ] [ "y" ] []
    ]

    let constants = [ numbers "w" [ 4; 3; 3; 3 ]; numbers "v" [ 5; 4; 1; 1 ]; numbers "c" [ 5 ] ]

    match readWith { options with Classes = Some 7 } (model constants nodes) with
    | Error error -> failwith (ImportError.message error)
    | Ok imported ->
        Assert.Equal(
            Some {
                Name = "conv2"
                FileOutputs = 5
                IsReplaced = true
            },
            imported.Fresh
        )

        Assert.EndsWith("conv 7 1x1; relu\n  avgpool global\n}\n", text (Ok imported))

[<Fact>]
let ``a Resize of opset 10 is the Upsample before it`` () =
    let own, nodes =
        framed [ node "Resize" "r" [ "a"; "s" ] [ "b" ] [ Proto.text "mode" "nearest" ] ]

    let scales = Proto.floats "s" [ 4 ] [| 1.0f; 1.0f; 2.0f; 2.0f |]
    let file = modelOf 10 [ -1L; 3L; 8L; 8L ] (scales :: own) nodes
    Assert.Contains("\n  upsample 2\n", text (read file))

[<Fact>]
let ``long chains of functions and of sums are read`` () =
    let count = 20_000

    let chain kind inputs = [
        for i in 0..count do
            let before = if i = 0 then "a" else $"n{i}"
            node kind $"f{i}" (inputs before) [ (if i = count then "b" else $"n{i + 1}") ] []
    ]

    for nodes in [ chain "Relu" List.singleton; chain "Add" (fun x -> [ x; "a" ]) ] do
        let own, nodes = framed nodes

        match read (model own nodes) with
        | Ok imported -> Assert.NotEmpty imported.Network.Body
        | Error error -> Assert.Contains("m.onnx", ImportError.message error)

/// A constant of the same numbers in another form.
let private stored
    (form: string)
    (folder: string)
    (values: float32[])
    (dims: int list)
    : TensorProto =
    let tensor = TensorProto(Name = "w")
    tensor.Dims.AddRange(List.map int64 dims)

    let raw kind (bytes: byte[]) =
        tensor.DataType <- LanguagePrimitives.EnumToValue(kind: TensorProto.Types.DataType)
        tensor.RawData <- ByteString.CopyFrom bytes

    let bytesOf (values: 'T[]) =
        MemoryMarshal.AsBytes(ReadOnlySpan values).ToArray()

    match form with
    | "float16" ->
        values
        |> Array.map (fun v -> BitConverter.HalfToUInt16Bits(Half.op_Explicit v: Half))
        |> bytesOf
        |> raw TensorProto.Types.DataType.Float16
    | "double" -> values |> Array.map float |> bytesOf |> raw TensorProto.Types.DataType.Double
    | "list" ->
        tensor.DataType <- 1
        tensor.FloatData.AddRange values
    | "doubles" ->
        tensor.DataType <- 11
        tensor.DoubleData.AddRange(Array.map float values)
    | _ ->
        tensor.DataType <- 1
        tensor.DataLocation <- TensorProto.Types.DataLocation.External

        File.WriteAllBytes(
            Path.Combine(folder, "w.bin"),
            Array.append [| 9uy; 9uy |] (bytesOf values)
        )

        tensor.ExternalData.Add(StringStringEntryProto(Key = "location", Value = form))
        tensor.ExternalData.Add(StringStringEntryProto(Key = "offset", Value = "2"))

    tensor

let private storedIn form =
    Folders.within (fun folder ->
        let _, nodes = framed [ node "Relu" "r" [ "a" ] [ "b" ] [] ]
        let values = Array.init 108 (fun i -> float32 i / 8.0f)
        let path = Path.Combine(folder, "m.onnx")
        let model = model [ stored form folder values [ 4; 3; 3; 3 ] ] nodes
        File.WriteAllBytes(path, model.ToByteArray())
        OnnxImport.read options path |> Result.map (fun i -> i.Weights, values)
    )

[<Theory>]
[<InlineData("float16")>]
[<InlineData("double")>]
[<InlineData("list")>]
[<InlineData("doubles")>]
[<InlineData("w.bin")>]
let ``weights of every precision and place are read`` (form: string) =
    match storedIn form with
    | Error error -> failwith (ImportError.message error)
    | Ok(weights, values) ->
        Assert.Equal<float32[]>(values, weights[ArrayKey.make ArrayPart.Weight "conv1"].Data)

[<Fact>]
let ``external data outside of the folder is refused`` () =
    match storedIn "../w.bin" with
    | Ok _ -> failwith "it was read"
    | Error error ->
        Assert.EndsWith(
            "m.onnx: the constant w: its external data is outside the model's folder: ../w.bin",
            ImportError.message error
        )
