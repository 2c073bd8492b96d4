/// Networks with random weights for the tests of files.
module Sss.Tests.Files.OnnxNets

open System
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Files
open Sss.Tests.Select.Drafts

/// Weights whose values keep a network's outputs of ordinary size.
let weights (seed: int) (network: Network) : Weights<float32> =
    let random = Random seed

    let value (key: ArrayKey) =
        let u = 2.0 * random.NextDouble() - 1.0

        if ArrayKey.isPart ArrayPart.Variance key then
            0.2 + abs u
        elif ArrayKey.isPart ArrayPart.Factor key then
            (if u < -0.5 then 0.0 else u + 0.6)
        else
            u

    NetworkFile.keys network
    |> List.map (fun (key, shape) ->
        let count = List.fold (*) 1 shape

        key,
        {
            Shape = shape
            Data = Array.init count (fun _ -> float32 (value key))
        }
    )
    |> Map.ofList

/// Images of a network's input shape, after each other.
let images (seed: int) (network: Network) count =
    let random = Random(seed + 1)

    Array.init
        (count * int (Shape.count network.Input))
        (fun _ -> random.NextSingle() * 4.0f - 2.0f)

/// The scores by definition, at double precision.
let oracle (network: Network) (weights: Weights<float32>) (images: float32[]) : float[] =
    let wide =
        weights
        |> Map.map (fun _ t -> {
            Shape = t.Shape
            Data = Array.map float t.Data
        })

    images
    |> Array.map float
    |> Array.chunkBySize (int (Shape.count network.Input))
    |> Array.collect (Sss.Tests.Select.Interpreter.run network wide)

/// The scores of the exported file in ONNX Runtime.
let exported options (network: Network) weights count images =
    let model = Folders.ok (Onnx.export options network weights)
    use session = Folders.ok (OnnxRun.ofBytes 1 "model" model)
    Folders.ok (OnnxRun.run session network.Input count images)

/// max|a − b| / max|a|, at least against 1e-3: scores may all be nearly 0.
let difference (a: float[]) (b: float32[]) =
    if a.Length <> b.Length then
        infinity
    else
        let worst = Array.map2 (fun x y -> abs (x - float y)) a b |> Array.max
        worst / max 1e-3 (a |> Array.map abs |> Array.max)

/// No text, no classes, no normalisation.
let plain = {
    Text = ""
    Classes = []
    Preparation = None
    Probabilities = Sss.Core.Probabilities.Softmax
    Raw = true
}

let private window =
    gen {
        let! k = Gen.choose (1, 3)
        let! l = Gen.choose (1, 3)
        let! s = Gen.choose (1, 2)
        let! t = Gen.choose (1, 2)
        let! p = Sss.Tests.Select.Windows.padding 1
        let! d = Gen.choose (1, 2)

        return {
            K = { H = k; W = l }
            S = { H = s; W = t }
            P = p
            D = { H = d; W = 1 }
        }
    }

let private activation =
    Gen.elements [
        Relu
        Relu6
        LeakyRelu 0.1
        Silu
        Gelu
        HardSwish
        HardSigmoid
        Mish
        Elu 0.5
        Tanh
        Sigmoid
    ]

let private flag = Gen.elements [ true; false ]

let rec private draft depth =
    let inner () =
        Gen.listOf (draft (depth - 1)) |> Gen.map (List.truncate 3)

    Gen.frequency [
        4,
        gen {
            let! out = Gen.choose (1, 6)
            let! window = window
            let! groups = Gen.choose (1, 3)
            let! bias = flag
            let! factor = flag
            return Conv(out, window, groups, bias, factor)
        }
        1, Gen.map3 (fun w b f -> Depthwise(w, b, f)) window flag flag
        1, Gen.map3 (fun n b f -> Full(n, b, f)) (Gen.choose (1, 5)) flag flag
        2,
        gen {
            let! out = Gen.choose (1, 6)
            let! window = window
            let! outPad = Gen.choose (0, 1)
            let! groups = Gen.choose (1, 3)
            let! bias = flag
            let! factor = flag
            return Deconv(out, window, outPad, groups, bias, factor)
        }
        1, Gen.map Respond (Gen.choose (1, 5))
        1,
        Gen.map2
            (fun n mode -> Larger(n, mode))
            (Gen.choose (1, 3))
            (Gen.elements [ UpsampleMode.Nearest; UpsampleMode.Bilinear ])
        2, Gen.map Norm flag
        1, Gen.map2 (fun n f -> Mixed(n, f)) (Gen.choose (1, 3)) flag
        5, Gen.map Act activation
        2, Gen.elements [ Slopes; Gains ]
        3,
        gen {
            let! kind = Gen.elements [ Max; Average; Average ]
            let! window = window
            let! ceil = flag
            let! countPad = flag
            return Pool(kind, window, ceil, countPad)
        }
        1, Gen.map Global (Gen.elements [ Max; Average ])
        1, Gen.map Shuffled (Gen.choose (1, 3))
        1, Gen.map2 (fun n f -> Attend(n, f)) (Gen.choose (1, 3)) flag
        1, Gen.oneof [ Gen.map Row flag; Gen.constant First ]
        1, Gen.constant Drop
        1, Gen.constant Flat
        if depth > 0 then
            2, Gen.map3 (fun b s f -> Sum(b, s, f)) (inner ()) (inner ()) flag
            1, Gen.map2 (fun b p -> Gated(b, p)) (inner ()) flag

            1,
            Gen.map2
                (fun a b -> Parted [ a; b ])
                (Gen.zip (Gen.choose (1, 3)) (inner ()))
                (Gen.zip (Gen.choose (1, 3)) (inner ()))

            2, Gen.map2 (fun a rest -> Cat(a :: rest)) (inner ()) (Gen.listOfLength 2 (inner ()))
    ]

/// Small networks of every layer of the language in any order.
let networks =
    gen {
        let! channels = Gen.choose (1, 4)
        let! height = Gen.choose (1, 7)
        let! width = Gen.choose (1, 7)
        let! length = Gen.choose (0, 6)
        let! body = Gen.listOfLength length (draft 2)
        let! classes = Gen.choose (1, 4)
        let! pooled = flag

        return
            Sss.Tests.Select.Sketches.network {
                Input = Shape.create channels height width
                Body = body
                Classes = classes
                Pooled = pooled
                Shared = 0
            }
    }
