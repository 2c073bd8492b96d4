/// Random sketches with random zeros, and smaller ones of each: what FsCheck draws and shrinks.
module Sss.Tests.Select.Cases

open FsCheck
open FsCheck.FSharp
open Sss
open Sss.Tests.Select.Drafts

/// One (network, numbers, pattern) triple.
type Case = {
    Sketch: Sketch
    /// Seeds the weights and the images.
    Seed: int
    /// Factors that are 0, numbered over the whole network in the order of the text.
    Zeros: int list
    Options: SelectOptions
}

let private one = Size.square 1

let private extent low high =
    Gen.map2 (fun h w -> { H = h; W = w }) (Gen.choose (low, high)) (Gen.choose (low, high))

/// Mostly as networks are: 3x3 with padding, or 1x1; else anything.
let private window =
    Gen.frequency [
        3,
        Gen.constant {
            K = Size.square 3
            S = one
            P = one
            D = one
        }
        3,
        Gen.constant {
            K = one
            S = one
            P = Size.square 0
            D = one
        }
        2,
        gen {
            let! k = extent 1 3
            let! s = extent 1 2
            let! p = extent 0 2
            let! d = extent 1 2
            return { K = k; S = s; P = p; D = d }
        }
    ]

let private channels = Gen.choose (1, 6)
let private often = Gen.frequency [ 2, Gen.constant true; 1, Gen.constant false ]
let private flag = Gen.elements [ true; false ]

let private activation =
    Gen.frequency [
        4, Gen.constant Relu
        4, Gen.elements [ Relu6; LeakyRelu 0.1; Silu; Gelu; Tanh; Sigmoid ]
    ]

let private simple =
    Gen.frequency [
        6,
        gen {
            let! out = channels
            let! window = window
            let! groups = Gen.frequency [ 3, Gen.constant 1; 2, Gen.choose (2, 3) ]
            // Grouped convolutions need numbers that divide.
            let out = if groups > 1 then groups * ((out + 1) / 2) else out
            let! bias = flag
            let! factor = often
            return [ Conv(out, window, groups, bias, factor) ]
        }
        4,
        gen {
            let! out = channels
            let! window = window
            let! groups = Gen.frequency [ 4, Gen.constant 1; 2, Gen.choose (2, 3) ]
            let out = if groups > 1 then groups * ((out + 1) / 2) else out
            let! factor = often
            let! act = activation
            return [ Conv(out, window, groups, false, false); Norm factor; Act act ]
        }
        2,
        gen {
            let! window = window
            let! bias = flag
            let! factor = often
            return [ Depthwise(window, bias, factor) ]
        }
        2,
        gen {
            let! window = window
            let! factor = often
            let! act = activation
            return [ Depthwise(window, false, false); Norm factor; Act act ]
        }
        2, Gen.constant [ Norm false ]
        4, Gen.map (fun a -> [ Act a ]) activation
        1,
        gen {
            let! kind = Gen.elements [ Max; Average ]
            let! window = window
            let! ceil = flag
            return [ Pool(kind, window, ceil) ]
        }
        1, Gen.constant [ Drop ]
    ]

/// What may stand only where height and width are done with.
let private flat =
    Gen.oneof [
        Gen.constant [ Flat ]
        Gen.map (fun kind -> [ Global kind ]) (Gen.elements [ Max; Average ])
        gen {
            let! out = channels
            let! bias = flag
            let! factor = often
            let! act = activation
            return [ Full(out, bias, factor); Act act ]
        }
        gen {
            let! out = channels
            let! factor = often
            return [ Full(out, false, false); Norm factor ]
        }
    ]

let rec private statements depth =
    let inner = body (depth - 1)

    if depth = 0 then
        simple
    else
        Gen.frequency [
            6, simple
            3,
            gen {
                let! branch = inner
                let! factor = often
                let! shape = Gen.choose (0, 3)

                let! shortcut =
                    match shape with
                    | 0 -> inner
                    | _ -> Gen.constant []

                // Branches as they are used end in a convolution and a bn, or in a convolution.
                let! out = channels
                let! ends = Gen.choose (0, 2)
                let! scaled = flag

                let window = {
                    K = one
                    S = one
                    P = Size.square 0
                    D = one
                }

                let tail =
                    match ends with
                    | 0 -> []
                    | 1 -> [ Conv(out, window, 1, false, scaled) ]
                    | _ -> [ Conv(out, window, 1, false, false); Norm scaled ]

                return [ Sum(branch @ tail, shortcut, factor) ]
            }
            2,
            gen {
                let! count = Gen.choose (2, 3)

                let! branches =
                    Gen.listOfLength count (Gen.frequency [ 1, Gen.constant []; 3, inner ])

                return [ Cat branches ]
            }
        ]

and private body depth =
    gen {
        let! count = Gen.choose (1, (if depth >= 2 then 4 else 3))
        let! parts = Gen.listOfLength count (statements depth)
        return List.concat parts
    }

let private sketch =
    gen {
        let! channels = Gen.choose (1, 4)
        let! size = extent 3 7

        let! depth =
            Gen.frequency [ 1, Gen.constant 0; 3, Gen.constant 1; 4, Gen.constant 2 ]

        let! trunk = body depth
        let! head = Gen.frequency [ 2, Gen.constant []; 1, flat ]
        let! classes = Gen.choose (1, 4)
        let! pooled = Gen.frequency [ 4, Gen.constant false; 1, Gen.constant true ]

        return {
            Input = Shape.create channels size.H size.W
            Body = trunk @ head
            Classes = classes
            Pooled = pooled
        }
    }

let private options =
    gen {
        let! round = Gen.frequency [ 4, Gen.constant 1; 1, Gen.choose (2, 4) ]
        let! keep = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
        return { Round = round; KeepFactors = keep }
    }

let private case =
    gen {
        let! sketch = sketch
        let! seed = Gen.choose (0, 1_000_000)
        let! options = options
        let net = network sketch

        let struct (zeros, _) = VerifyNumbers.zeros net (Rng.fork 1 (Rng.create seed))

        let all = VerifyNumbers.structures net

        return {
            Sketch = sketch
            Seed = seed
            Zeros = [
                for i, structure in List.indexed all do
                    if zeros.Contains structure then
                        i
            ]
            Options = options
        }
    }

/// Each list with one element left out, or with one made smaller.
let rec private shrinkList shrink items =
    match items with
    | [] -> Seq.empty
    | head :: tail ->
        seq {
            tail
            yield! Seq.map (fun smaller -> smaller :: tail) (shrink head)
            yield! Seq.map (fun smaller -> head :: smaller) (shrinkList shrink tail)
        }

let private plainWindow = {
    K = one
    S = one
    P = Size.square 0
    D = one
}

let rec private shrinkDraft draft : Draft seq =
    seq {
        match draft with
        | Conv(out, window, groups, bias, factor) ->
            if out > 1 then
                Conv(out - 1, window, groups, bias, factor)

            if groups > 1 then
                Conv(out, window, 1, bias, factor)

            if window <> plainWindow then
                Conv(out, plainWindow, groups, bias, factor)

            if bias then
                Conv(out, window, groups, false, factor)

            if factor then
                Conv(out, window, groups, bias, false)
        | Depthwise(window, bias, factor) ->
            if window <> plainWindow then
                Depthwise(plainWindow, bias, factor)

            if bias then
                Depthwise(window, false, factor)

            if factor then
                Depthwise(window, bias, false)
        | Full(out, bias, factor) ->
            if out > 1 then
                Full(out - 1, bias, factor)

            if factor then
                Full(out, bias, false)
        | Norm true -> Norm false
        | Act a when a <> Relu -> Act Relu
        | Pool(kind, window, true) -> Pool(kind, window, false)
        | Sum(branch, shortcut, factor) ->
            if factor then
                Sum(branch, shortcut, false)

            yield! Seq.map (fun b -> Sum(b, shortcut, factor)) (shrinkList shrinkDraft branch)
            yield! Seq.map (fun s -> Sum(branch, s, factor)) (shrinkList shrinkDraft shortcut)
        | Cat branches -> yield! Seq.map Cat (shrinkList (shrinkList shrinkDraft) branches)
        | _ -> ()
    }

/// A block is also made smaller by what stands in it.
let private unwrap draft =
    match draft with
    | Sum(branch, shortcut, _) -> [ branch; shortcut ]
    | Cat branches -> branches
    | _ -> []

let private shrinkSketch (sketch: Sketch) =
    seq {
        for i, draft in List.indexed sketch.Body do
            for inner in unwrap draft do
                {
                    sketch with
                        Body = List.take i sketch.Body @ inner @ List.skip (i + 1) sketch.Body
                }

        for body in shrinkList shrinkDraft sketch.Body do
            { sketch with Body = body }

        if sketch.Pooled then
            { sketch with Pooled = false }

        if sketch.Input.Height > 1 then
            {
                sketch with
                    Sketch.Input.Height = sketch.Input.Height - 1
            }

        if sketch.Input.Width > 1 then
            {
                sketch with
                    Sketch.Input.Width = sketch.Input.Width - 1
            }

        if sketch.Input.Channels > 1 then
            {
                sketch with
                    Sketch.Input.Channels = sketch.Input.Channels - 1
            }

        if sketch.Classes > 1 then
            { sketch with Classes = 1 }
    }

let private shrinkCase (case: Case) =
    seq {
        if case.Options <> Selection.defaults then
            {
                case with
                    Options = Selection.defaults
            }

        for zeros in shrinkList (fun _ -> Seq.empty) case.Zeros do
            { case with Zeros = zeros }

        for sketch in shrinkSketch case.Sketch do
            { case with Sketch = sketch }
    }

/// Draws cases.
let cases = Arb.fromGenShrink (case, shrinkCase)

/// A case worked out: the network, its weights with the zeros in them, and two images.
type Trial = {
    Network: Network
    Weights: Weights<float>
    Images: float[] list
}

/// Works a case out.
let trial (case: Case) : Trial =
    let net = network case.Sketch
    let all = VerifyNumbers.structures net |> Array.ofList

    let zeros =
        case.Zeros
        |> List.filter (fun i -> i < all.Length)
        |> List.map (fun i -> all[i])
        |> Set.ofList

    let struct (weights, rng) = VerifyNumbers.weights net (Rng.create case.Seed)
    let struct (first, rng) = VerifyNumbers.image net rng
    let struct (second, _) = VerifyNumbers.image net rng

    {
        Network = net
        Weights = VerifyNumbers.withZeros zeros weights
        Images = [ first; second ]
    }
