/// What Python's own tools say of our files: onnx's checker, and PyTorch given a safetensors file.
module Sss.Tests.Files.PythonTests

open System.IO
open System.Text.Json.Nodes
open Xunit
open FsCheck.FSharp
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Tests.Files.Python

let private root = Sss.Tests.Repository.root

/// A network in the form that `load_safetensors.py` reads.
module private Json =

    let private pair name (size: Size) : string * JsonNode =
        name, JsonArray(JsonValue.Create size.H, JsonValue.Create size.W)

    let private node (pairs: (string * JsonNode) list) : JsonNode =
        let result = JsonObject()

        for name, value in pairs do
            result.Add(name, value)

        result :> JsonNode

    let private text (value: string) : JsonNode =
        JsonValue.Create value |> nonNull :> JsonNode

    let private flag (value: bool) : JsonNode = JsonValue.Create value

    let private sides (s: Sides) : string * JsonNode =
        "pad",
        JsonArray(
            JsonValue.Create s.Top,
            JsonValue.Create s.Left,
            JsonValue.Create s.Bottom,
            JsonValue.Create s.Right
        )

    let private conv kernelless groups stride pad dilation : (string * JsonNode) list =
        kernelless
        @ [
            pair "stride" stride
            sides pad
            pair "dilation" dilation
            "groups", JsonValue.Create(groups: int)
        ]

    let private layer (l: Layer) : JsonNode =
        let named op : (string * JsonNode) list = [
            "op", text op
            "name", text l.Name
            "scaled", flag l.Scale.IsSome
        ]

        match l.Op with
        | Op.Conv c ->
            let pad = Padding.sides c.Kernel c.Stride c.Dilation l.Input c.Pad
            node (conv (named "conv") c.Groups c.Stride pad c.Dilation)
        | Op.DepthwiseConv c ->
            let pad = Padding.sides c.Kernel c.Stride c.Dilation l.Input c.Pad
            node (conv (named "conv") l.Input.Channels c.Stride pad c.Dilation)
        | Op.Deconv d ->
            node (
                named "deconv"
                @ [
                    pair "stride" d.Stride
                    pair "pad" d.Pad
                    pair "outpad" d.OutPad
                    "groups", JsonValue.Create d.Groups
                ]
            )
        | Op.LocalResponse r ->
            node [
                "op", text "lrn"
                "size", JsonValue.Create r.Size
                "alpha", JsonValue.Create r.Alpha
                "beta", JsonValue.Create r.Beta
                "k", JsonValue.Create r.K
            ]
        | Op.Upsample u ->
            node [
                "op", text "upsample"
                "factor", JsonValue.Create u.Factor
                "bilinear", flag (u.Mode = UpsampleMode.Bilinear)
            ]
        | Op.Dense _ -> node (named "dense")
        | Op.BatchNorm b -> node (named "bn" @ [ "eps", JsonValue.Create b.Eps ])
        | Op.GroupNorm g ->
            node (
                named "groupnorm"
                @ [ "groups", JsonValue.Create g.Groups; "eps", JsonValue.Create g.Eps ]
            )
        | Op.LayerNorm n -> node (named "layernorm" @ [ "eps", JsonValue.Create n.Eps ])
        | Op.Activation(LeakyRelu slope) ->
            node [ "op", text "leakyrelu"; "slope", JsonValue.Create slope ]
        | Op.Activation(Elu alpha) -> node [ "op", text "elu"; "alpha", JsonValue.Create alpha ]
        | Op.PRelu -> node (named "prelu")
        | Op.LayerScale _ -> node (named "layerscale")
        | Op.Activation a -> node [ "op", text (Activation.word a) ]
        | Op.Pool p ->
            node [
                "op", text (Op.word l.Op)
                pair "kernel" p.Kernel
                pair "stride" p.Stride
                sides (Padding.sides p.Kernel p.Stride (Size.square 1) l.Input p.Pad)
                "ceil", flag p.Ceil
                "countpad", flag p.CountPad
            ]
        | Op.GlobalPool Max -> node [ "op", text "globalmax" ]
        | Op.GlobalPool Average -> node [ "op", text "globalavg" ]
        | Op.Dropout _ -> node [ "op", text "dropout" ]
        | Op.Flatten -> node [ "op", text "flatten" ]
        | Op.Attention a -> node (named "attention" @ [ "heads", JsonValue.Create a.Heads ])
        | Op.Tokens t -> node (named "tokens" @ [ "class", flag t.WithClass ])
        | Op.Pick -> node [ "op", text "pick" ]
        | Op.Reorder r ->
            node [
                "op", text "reorder"
                "order",
                JsonArray(
                    Reorder.order r l.Input.Channels
                    |> Array.map (fun i -> JsonValue.Create i :> JsonNode)
                )
            ]

    let rec private nodeOf (n: Node) : JsonNode =
        match n with
        | Node.Layer l -> layer l
        | Node.Residual r ->
            node [
                "op", text "residual"
                "name", text r.Name
                "scaled", flag r.Scale.IsSome
                "branch", body r.Branch
                "shortcut", body r.Shortcut
            ]
        | Node.Gate g -> node [ "op", text "gate"; "body", body g.Body ]
        | Node.Output o -> node [ "op", text "output"; "body", body o.Body ]
        | Node.Concat c ->
            node [
                "op", text (Node.word n)
                "parts",
                JsonArray(
                    c.Branches
                    |> List.map (fun b -> JsonValue.Create b.Input.Channels :> JsonNode)
                    |> Array.ofList
                )
                "branches", JsonArray(c.Branches |> List.map (fun b -> body b.Body) |> Array.ofList)
            ]

    /// A list of nodes.
    and body (nodes: Node list) : JsonNode =
        JsonArray(nodes |> List.map nodeOf |> Array.ofList)

let private single name shape data =
    Map.ofList [ name, StoredTensor.Single { Shape = shape; Data = data } ]

/// Writes what the script compares: layers, weights, images and our scores.
let private prepare folder (network: Network) weights count =
    Directory.CreateDirectory folder |> ignore
    let path name = Path.Combine(folder, name)
    let images = OnnxNets.images 5 network count
    let scores = OnnxNets.exported OnnxNets.plain network weights count images
    let s = network.Input
    File.WriteAllText(path "layers.json", (Json.body network.Body).ToJsonString())

    Folders.ok (
        NetworkFile.write (path "network.safetensors") {
            Text = "network"
            Classes = []
            Preparation = None
            Probabilities = Sss.Core.Probabilities.Softmax
            Weights = weights
            Strangers = []
        }
    )

    let write name key shape data =
        Folders.ok (Safetensors.writeTensors (path name) (single key shape data) [])

    write "images.safetensors" "images" [ count; s.Channels; s.Height; s.Width ] images
    write "scores.safetensors" "scores" [ count; network.Classes ] scores

let private resnet20 =
    let text =
        File.ReadAllText(Path.Combine(root, "examples/fashion-mnist/resnet20.sss"))

    match Language.parse text with
    | Ok parsed -> parsed.Network
    | Error diagnostics -> failwith $"%A{diagnostics}"

/// ResNet-20 with about half of its factors at 0, selected.
let private selected () =
    let weights = OnnxNets.weights 11 resnet20

    match Selection.select Selection.defaults resnet20 weights with
    | Ok selected -> selected.Network, selected.Weights
    | Error error -> failwith (SelectionError.message error)

[<PythonFact("onnx")>]
let ``onnx's checker accepts exported networks of every layer`` () =
    Folders.within (fun folder ->
        let write name network weights =
            let path = Path.Combine(folder, $"{name}.onnx")
            Folders.ok (Onnx.write path OnnxNets.plain network weights)
            path

        let small, smallWeights = selected ()

        let files = [
            write "resnet20" resnet20 (OnnxNets.weights 11 resnet20)
            write "selected" small smallWeights
            for i, network in
                OnnxNets.networks
                |> Gen.sampleWithSeed (FsCheck.Rnd(20261123UL, 1UL)) 20 60
                |> Seq.indexed do
                write $"random{i}" network (OnnxNets.weights i network)
        ]

        let code, output = checkOnnx files

        Assert.True((code = 0), output)
        Assert.Equal(62, output.Split(": accepted, ").Length - 1)
    )

[<PythonFact("numpy, torch")>]
let ``PyTorch gets the same scores from the safetensors file, by name`` () =
    Folders.within (fun folder ->
        let small, smallWeights = selected ()
        Assert.True(Cost.ofNetwork(small).Params < Cost.ofNetwork(resnet20).Params)
        prepare (Path.Combine(folder, "selected")) small smallWeights 4

        let folders = [
            Path.Combine(folder, "selected")
            for i, network in
                OnnxNets.networks
                |> Gen.sampleWithSeed (FsCheck.Rnd(20261124UL, 1UL)) 20 60
                |> Seq.indexed do
                let inner = Path.Combine(folder, string i)
                prepare inner network (OnnxNets.weights i network) 2
                inner
        ]

        let code, output = script "load_safetensors.py" folders
        Assert.True((code = 0), output)
        Assert.Equal(61, output.Split("relative difference").Length - 1)
    )
