namespace Sss.Core.Select

open Sss.Core

/// What the analysis wants to know about a network's numbers, at double precision.
type internal Numbers = {
    /// The value at an index of an array; None where no weights are given. Constants are then known
    /// to be constant, but not their value.
    At: (string -> int -> float) option
    /// Whether factor `index` of `owner` is exactly 0. While training goes on: 0 for good.
    IsZero: string -> int -> bool
    /// What is constant is taken as it is while training: `bn` normalises with the batch's own
    /// statistics, dropout is at work, and a factor of 0 may come back unless `IsZero` says so.
    InTraining: bool
}

/// What is known of a channel: NaN when it is live, else the constant that it is everywhere (0: dead).
/// `unknown` stands for a constant whose value is not known, and is treated as other than 0.
[<RequireQualifiedAccess>]
module internal Known =

    let live = nan
    let dead = 0.0
    let unknown = infinity

    let isLive (state: float) = System.Double.IsNaN state
    let isDead (state: float) = (state = 0.0)
    let isConstant (state: float) = not (System.Double.IsNaN state)

    /// A constant other than 0.
    let isOther (state: float) = isConstant state && state <> 0.0

[<RequireQualifiedAccess>]
module internal Numbers =

    /// Of weights that have been checked against the network.
    let ofWeights<'T when 'T :> System.Numerics.INumberBase<'T>> (weights: Weights<'T>) : Numbers =
        let at key =
            let data = weights[key].Data
            fun i -> System.Double.CreateTruncating<'T> data[i]

        {
            At = Some at
            IsZero =
                fun owner ->
                    match Map.tryFind $"{owner}.factor" weights with
                    | Some factors -> fun i -> 'T.IsZero factors.Data[i]
                    | None -> fun _ -> false
            InTraining = false
        }

    /// Which of the layer's output channels have a factor of 0.
    let zeroChannels (numbers: Numbers) (layer: Layer) : bool[] =
        let channels = layer.Output.Channels

        match layer.Scale with
        | None -> Array.zeroCreate channels
        | Some scale ->
            let isZero = numbers.IsZero layer.Name
            let each = max 1 (channels / max 1 scale.Count)
            Array.init channels (fun o -> isZero (o / each))

    /// The factor of each of the layer's output channels. Without weights, 0 or 1.
    let factorsOf (numbers: Numbers) (layer: Layer) : float[] =
        match layer.Scale, numbers.At with
        | Some scale, Some at ->
            let factor = at $"{layer.Name}.factor"
            let channels = layer.Output.Channels
            let each = max 1 (channels / max 1 scale.Count)
            Array.init channels (fun o -> factor (o / each))
        | _ -> zeroChannels numbers layer |> Array.map (fun zero -> if zero then 0.0 else 1.0)

    /// The error function to about 1e-16 (Taylor series near 0, continued fraction far out).
    /// Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.6 and 7.1.14.
    let erf (x: float) =
        let a = abs x

        if a > 6.0 then
            float (sign x)
        elif a < 2.5 then
            // 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), all terms of one sign.
            let rec sum n term total =
                if abs term < 1e-18 * abs total then
                    total
                else
                    let term = term * 2.0 * x * x / float (2 * n + 1)
                    sum (n + 1) term (total + term)

            if x = 0.0 then
                0.0
            else
                2.0 / sqrt System.Math.PI * exp (-x * x) * sum 1 x x
        else
            // erfc(a) = e^(−a²)/√π · 1/(a + ½/(a + 1/(a + 3/2/(a + …)))), from the inside out.
            let tail = Seq.fold (fun rest n -> a + float n / 2.0 / rest) a (seq { 120..-1..1 })

            float (sign x) * (1.0 - exp (-a * a) / sqrt System.Math.PI / tail)

    /// An activation at one value.
    let activate activation (x: float) =
        match activation with
        | Relu -> max 0.0 x
        | Relu6 -> min 6.0 (max 0.0 x)
        | LeakyRelu slope -> if x >= 0.0 then x else slope * x
        | Silu -> x / (1.0 + exp -x)
        | Gelu -> 0.5 * x * (1.0 + erf (x / sqrt 2.0))
        | Tanh -> tanh x
        | Sigmoid -> 1.0 / (1.0 + exp -x)

    /// What `bn` makes of a constant in one channel; unknown without weights. A constant is its own
    /// mean over a batch, so that in training only the shift is left of it.
    let normalise (numbers: Numbers) (name: string) (eps: float) =
        match numbers.At with
        | None -> fun _ _ -> Known.unknown
        | Some at when numbers.InTraining -> fun channel _ -> at $"{name}.bias" channel
        | Some at ->
            let weight = at $"{name}.weight"
            let bias = at $"{name}.bias"
            let mean = at $"{name}.mean"
            let var = at $"{name}.var"

            fun channel (x: float) ->
                weight channel * (x - mean channel) / sqrt (var channel + eps) + bias channel

    /// The sum of `count` weights of an array from `start`.
    let sumOf (at: int -> float) start count =
        let mutable sum = 0.0

        for i in start .. start + count - 1 do
            sum <- sum + at i

        sum
