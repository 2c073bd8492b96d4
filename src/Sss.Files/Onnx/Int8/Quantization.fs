namespace Sss.Files

open System

/// The values that a tensor takes, from the lowest to the highest.
[<Struct>]
type ValueRange = { Low: float32; High: float32 }

/// How the values of a tensor are stored in 8 bits: value = Scale · (code − Zero), with codes from 0 to 255.
[<Struct>]
type Quantizer = {
    /// The step between neighbouring codes, above 0.
    Scale: float32
    /// The code of the value 0.
    Zero: byte
}

/// Weights in 8 bits with one step for each output channel: value = Scales[channel] · code.
type QuantizedWeights = {
    /// From −127 to 127, in the order of the weights.
    Codes: sbyte[]
    Scales: float32[]
}

/// Rounding to 8 bits and back: affine for activations, symmetric for weights (B. Jacob et al., "Quantization and training of
/// neural networks for efficient integer-arithmetic-only inference", CVPR 2018, section 2).
[<RequireQualifiedAccess>]
module Quantization =

    let private top = 255.0f

    /// The largest code of a weight. −128 is not used, so that a weight and its negative have the same size.
    let private most = 127.0f

    /// No step is smaller: divided by it, float32 would overflow.
    let private least = 1e-20f

    /// The step for values up to a size. Where all are 0 any step holds them. One of usual size is safe: engines multiply and
    /// divide steps, and with a tiny one ONNX Runtime gave wrong scores. A large one would round the bias of the layer that
    /// reads them, which is stored in steps of this one times the weights'.
    let private step (size: float32) =
        if size = 0.0f then 1.0f / 256.0f else max least size

    let private rounded (low: float32) (high: float32) (value: float32) =
        MathF.Round(value, MidpointRounding.ToEven) |> max low |> min high

    let private finite (value: float32) =
        if Single.IsFinite value then value else 0.0f

    /// The quantizer whose codes cover a range. The range is widened to hold 0, since padding is 0 and has to be exact.
    let quantizer (range: ValueRange) : Quantizer =
        let low, high = min 0.0f (finite range.Low), max 0.0f (finite range.High)
        // Each bound by itself: their difference may overflow.
        let scale = step (high / top - low / top)

        {
            Scale = scale
            Zero = byte (rounded 0.0f top (-low / scale))
        }

    /// The nearest code of a value; values beyond the range get its ends.
    let code (q: Quantizer) (value: float32) : byte =
        byte (rounded 0.0f top (MathF.Round(value / q.Scale) + float32 q.Zero))

    /// The value of a code.
    let value (q: Quantizer) (code: byte) : float32 =
        q.Scale * float32 (int code - int q.Zero)

    /// What a bias of 32 bits may use of them: sums of products are added to it.
    let private biasRoom = 1073741824.0f

    /// Weights of `channels` output channels that are after each other, each with the smallest step that covers it.
    /// `input`: the step of what the weights multiply. `bias`: one value a channel, or empty; it is stored in steps of the
    /// input's times the weights', and a large one widens them until it fits.
    let weights (channels: int) (input: float32) (bias: float32[]) (data: float32[]) =
        let size = if channels = 0 then 0 else data.Length / channels

        let scales =
            Array.init
                channels
                (fun c ->
                    let largest =
                        ReadOnlySpan(data, c * size, size).ToArray()
                        |> Array.fold (fun m v -> max m (abs (finite v))) 0.0f

                    let forBias =
                        if bias.Length = 0 then
                            0.0f
                        else
                            abs (finite bias[c]) / biasRoom / input

                    step (max (largest / most) forBias)
                )

        {
            Codes =
                data
                |> Array.mapi (fun i v -> sbyte (rounded -most most (finite v / scales[i / size])))
            Scales = scales
        }

    /// A bias in whole steps, which are the input's step times that of the channel's weights.
    let bias (input: float32) (scales: float32[]) (values: float32[]) : int[] =
        Array.map2
            (fun scale v -> int (rounded -biasRoom biasRoom (finite v / (input * scale))))
            scales
            values
