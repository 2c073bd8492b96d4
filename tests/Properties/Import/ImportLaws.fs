/// What `sss export` writes, `sss import` reads.
module Sss.Tests.Import.ImportLaws

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Language

let private options = {
    Name = Some "N"
    Input = None
    Scales = Set.empty
    Classes = None
}

/// What ONNX has a place for: no factors, no dropout, no start values, no bn momentum. (A flattening is
/// a view there, a pool whose windows hang over has other padding, and `lrn` of even size is several
/// operations.)
let private sayable (network: Network) : Network option =
    let keep node =
        match node with
        | Node.Layer { Op = Op.Dropout _ | Op.Flatten } -> false
        | Node.Layer _
        | Node.Residual _
        | Node.Gate _
        | Node.Output _
        | Node.Concat _ -> true

    let plainOp op =
        match op with
        | Op.BatchNorm b -> Op.BatchNorm { b with Momentum = 0.1 }
        | Op.LayerScale _ -> Op.LayerScale { Init = 1e-6 }
        | other -> other

    // An empty branch has no names in a file, so that its number is the next.
    let numbered (branches: Branch list) =
        (0, branches)
        ||> List.mapFold (fun before branch ->
            let own = AutomaticName.split branch.Name |> Option.map snd |> Option.defaultValue 0
            let number = if branch.Body.IsEmpty then before + 1 else own
            { branch with Name = $"branch{number}" }, number
        )
        |> fst

    let rec visit (body: Node list) =
        body
        |> List.filter keep
        |> List.map (fun node ->
            match Node.withBodies (Node.bodies node |> List.map visit) node with
            | Node.Layer l ->
                Node.Layer {
                    l with
                        Op = plainOp l.Op
                        Scale = None
                }
            | Node.Residual r -> Node.Residual { r with Scale = None; Drop = 0.0 }
            | Node.Gate _
            | Node.Output _ as node -> node
            | Node.Concat c ->
                Node.Concat {
                    c with
                        Branches = numbered c.Branches
                }
        )

    let isWrittenOut (l: Layer) =
        match l.Op with
        | Op.Pool p -> p.Ceil
        | Op.LocalResponse r -> r.Size % 2 = 0
        | _ -> false

    // Printed and parsed, for the shapes after what is gone.
    match
        Language.parse (
            Language.print {
                network with
                    Name = "N"
                    Body = visit network.Body
            }
        )
    with
    | Ok parsed when not (Network.layers parsed.Network |> Seq.exists isWrittenOut) ->
        Some parsed.Network
    | Ok _
    | Error _ -> None

/// As ONNX has it: padding as numbers, and no start value.
let private padded (network: Network) : Network =
    let sides (l: Layer) kernel stride dilation pad =
        Padding.Sides(Padding.sides kernel stride dilation l.Input pad)

    let op (l: Layer) =
        match l.Op with
        | Op.Conv c ->
            Op.Conv {
                c with
                    Pad = sides l c.Kernel c.Stride c.Dilation c.Pad
            }
        | Op.DepthwiseConv c ->
            Op.DepthwiseConv {
                c with
                    Pad = sides l c.Kernel c.Stride c.Dilation c.Pad
            }
        | Op.Pool p ->
            Op.Pool {
                p with
                    Pad = sides l p.Kernel p.Stride (Size.square 1) p.Pad
            }
        | Op.LayerScale _ -> Op.LayerScale { Init = 1e-6 }
        | other -> other

    Network.map (fun l -> { l with Op = op l }) id network

let private roundTrip (network: Network) (weights: Weights<float32>) =
    Folders.within (fun folder ->
        let file = Path.Combine(folder, "net.onnx")

        let exported = {
            OnnxNets.plain with
                Text = Language.print network
        }

        Folders.ok (Onnx.write file exported network weights)

        match ModelImport.read options file with
        | Ok imported -> imported
        | Error error -> failwith (PipelineError.message error + "\n" + Language.print network)
    )

let private near (a: Tensor<float32>) (b: Tensor<float32>) =
    a.Shape = b.Shape
    && Array.forall2 (fun x y -> abs (x - y) <= 1e-6f * (1.0f + abs x)) a.Data b.Data

/// Random networks; none where the random text is wrong.
let private random: Gen<Network option> =
    ArbMap.defaults
    |> ArbMap.generate<RandomNetworks.Case>
    |> Gen.map (fun case ->
        try
            Some(RandomNetworks.build case)
        with :? InvalidOperationException ->
            None
    )

[<Property(MaxTest = 300)>]
let ``what is exported is imported again, text and weights`` (seed: int) =
    Prop.forAll
        (Arb.fromGen random)
        (fun network ->
            match Option.bind sayable network with
            | None -> Prop.classify true "not sayable" true
            | Some network ->
                let weights = OnnxNets.weights seed network
                let imported = roundTrip network weights
                let expected = Language.print (padded network)
                let found = Language.print (padded imported.Network)

                let same =
                    Map.keys weights |> List.ofSeq = (Map.keys imported.Weights |> List.ofSeq)
                    && weights |> Map.forall (fun key t -> near t imported.Weights[key])

                (found = expected && same)
                |> Prop.label $"expected\n{expected}\nfound\n{found}"
                |> Prop.classify false "not sayable"
        )

/// A small residual network with most operations.
let private small =
    Support.network
        """network Small {
  input 3x8x8
  classes 4

  conv 8 3x3; bn; silu
  residual { conv 8 3x3; bn; relu; conv 8 3x3; bn }
  gate { avgpool global; conv 8 1x1; hardsigmoid }
  split { } { conv 4 1x1; gelu }
  shuffle 2
  concat { } { maxpool 3x3 stride=1 pad=1; groupnorm 2 }
  layernorm
  dense 4
}"""

[<Fact>]
let ``a file with the preparation inside is read as the network alone`` () =
    Folders.within (fun folder ->
        let weights = OnnxNets.weights 3 small

        let read raw range =
            let file = Path.Combine(folder, $"raw-{raw}.onnx")

            let exported = {
                OnnxNets.plain with
                    Raw = raw
                    Preparation =
                        Some {
                            Pictures = PictureOptions.standard
                            Range = range
                            Scale = Preparation.scaleOf range
                            Mean = [| 0.4f; 0.5f; 0.6f |]
                            Deviation = [| 0.2f; 0.3f; 0.4f |]
                            IsGiven = false
                        }
            }

            Folders.ok (Onnx.write file exported small weights)

            match ModelImport.read { options with Name = Some "Small" } file with
            | Ok imported ->
                use session = Folders.ok (OnnxImport.session 1 file)
                let images = OnnxNets.images 5 small 2

                Language.print imported.Network,
                imported.Weights,
                Folders.ok (OnnxRun.run session small.Input 2 images)
            | Error error -> failwith (PipelineError.message error)

        for range in
            [
                PixelRange.bytes
                PixelRange.Known(0.0f, 1.0f)
                PixelRange.Unknown(-1.0f, 3.0f)
            ] do
            let text, weights, scores = read false range
            let rawText, rawWeights, rawScores = read true range
            Assert.Equal(rawText, text)
            Assert.Equal<Weights<float32>>(rawWeights, weights)
            Assert.Equal<float32[]>(rawScores, scores)
    )

[<Fact>]
let ``mutations of a file are errors or valid reads`` () =
    let count = if Sss.Tests.Repository.isLong then 2000 else 500

    Folders.within (fun folder ->
        let file = Path.Combine(folder, "x.onnx")
        let weights = OnnxNets.weights 3 small
        Folders.ok (Onnx.write file OnnxNets.plain small weights)
        let valid = File.ReadAllBytes file
        let random = Random 11
        let mutable reads = 0

        for i in 0 .. count - 1 do
            File.WriteAllBytes(file, Attacks.mutate random valid)
            let before = GC.GetAllocatedBytesForCurrentThread()

            match
                OnnxImport.read
                    {
                        options with
                            Scales = Set.singleton Neuron
                    }
                    file
            with
            | Ok imported ->
                Assert.Empty(NetworkFile.faults imported.Network imported.Weights)
                reads <- reads + 1
            | Error error -> Assert.Contains("x.onnx", ImportError.message error)

            // Names and maps of a few hundred operations, whatever the file's size.
            let used = GC.GetAllocatedBytesForCurrentThread() - before

            Assert.True(
                used < 3L * int64 valid.Length + 30_000_000L,
                $"mutation {i}: {used} bytes"
            )

        // Most changes are to weights.
        Assert.InRange(reads, count / 10, count * 9 / 10)
    )
