/// Single layers of sketches: wishes bent until they fit.
module Sss.Tests.Select.SketchOps

open Sss.Core
open Sss.Tests.Shapes
open Sss.Tests.Select.Drafts

/// Names layers as the language does: the kind and a running number in its scope.
type Scope(prefix: string) =
    let counts = System.Collections.Generic.Dictionary<string, int>()

    member _.Next(word: string) =
        let n = (if counts.ContainsKey word then counts[word] else 0) + 1
        counts[word] <- n

        let joint =
            if System.Char.IsDigit word[word.Length - 1] then
                "_"
            else
                ""

        $"{prefix}{word}{joint}{n}"

    member _.Inner(name: string) = Scope($"{name}.")

    /// Whether it is the network's own.
    member _.IsOwn = (prefix = "")

let fits (s: Shape) = s.Height >= 1 && s.Width >= 1

let layer (scope: Scope) op scale (input: Shape) =
    Node.Layer {
        Name = scope.Next(Op.word op)
        Op = op
        Scale = scale
        Input = input
        Output = outputShape op input
    }

let factors kind count = {
    Kind = kind
    Owner = None
    Count = count
    Gamma = 1.0
    Init = 1.0
    Min = 0
    Keep = false
}

/// The window as wished, or one that always fits.
let bend make input (w: Window) =
    let wished = make w

    if fits (outputShape wished input) then
        wished
    else
        make plain

/// The largest number up to `wish` that divides both.
let divisor wish a b =
    seq { max 1 (min wish (min a b)) .. -1 .. 1 }
    |> Seq.find (fun g -> a % g = 0 && b % g = 0)

let convOp out (w: Window) groups bias =
    Op.Conv {
        Out = out
        Kernel = w.K
        Stride = w.S
        Pad = w.P
        Dilation = w.D
        Groups = groups
        Bias = bias
    }

/// Images stay small: what would make a large one larger only reads it.
let deconvOp out (input: Shape) outPad groups bias (w: Window) =
    let isLarge = max input.Height input.Width > 6
    let stride = if isLarge then Size.square 1 else w.S

    Op.Deconv {
        Out = out
        Kernel = w.K
        Stride = stride
        Pad =
            match w.P with
            | Padding.Sides s -> { H = s.Top; W = s.Left }
            | Padding.Same -> Size.square 0
        OutPad = {
            H = min outPad (stride.H - 1)
            W = min outPad (stride.W - 1)
        }
        Groups = groups
        Bias = bias
    }

let bnOp = Op.BatchNorm { Eps = 1e-5; Momentum = 0.1 }

/// Padding of a pool is at most half its window.
let poolOp kind ceil countPad (w: Window) =
    Op.Pool {
        Kind = kind
        Kernel = w.K
        Stride = w.S
        Pad =
            match w.P with
            | Padding.Same -> Padding.Same
            | Padding.Sides s ->
                Padding.Sides {
                    Top = min s.Top (w.K.H / 2)
                    Left = min s.Left (w.K.W / 2)
                    Bottom = min s.Bottom (w.K.H / 2)
                    Right = min s.Right (w.K.W / 2)
                }
        Ceil = ceil
        CountPad = (kind = Average && countPad)
    }
