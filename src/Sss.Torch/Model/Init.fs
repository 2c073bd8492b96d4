namespace Sss.Torch

open System
open Sss

/// Random numbers as a function of named integers: the same names give the same stream on every
/// machine. SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
[<Struct; NoEquality; NoComparison>]
type internal Stream = {
    mutable State: uint64
} with

    /// The next 64 bits.
    member s.Next() =
        s.State <- s.State + 0x9E3779B97F4A7C15UL
        let mutable z = s.State
        z <- (z ^^^ (z >>> 30)) * 0xBF58476D1CE4E5B9UL
        z <- (z ^^^ (z >>> 27)) * 0x94D049BB133111EBUL
        z ^^^ (z >>> 31)

    /// Uniform in [0, 1), 53 bits.
    member s.Uniform() =
        float (s.Next() >>> 11) / 9007199254740992.0

    /// Uniform in 0 … n − 1 by the high part of a product; the bias is below n·2⁻⁶⁴.
    member s.Below(n: int) =
        int (Math.BigMul(s.Next(), uint64 n) >>> 64)

    /// Normal with mean 0 and variance 1 (Box and Muller, the cosine half).
    member s.Normal() =
        let radius = sqrt (-2.0 * log (1.0 - s.Uniform()))
        radius * cos (2.0 * Math.PI * s.Uniform())

/// Makes streams.
[<RequireQualifiedAccess>]
module internal Stream =

    /// The stream of a list of names, for example seed, purpose and step.
    let create (names: int64 list) : Stream =
        let mutable stream = { State = 0UL }

        for name in names do
            stream.State <- stream.State ^^^ uint64 name
            stream.State <- stream.Next()

        stream

/// Start values of training.
[<RequireQualifiedAccess>]
module Init =

    /// He's rule: normal with variance 2 / fan-in (He et al., "Delving Deep into Rectifiers",
    /// 2015, eq. 10). Fan-in: values that one output reads.
    let private he (stream: byref<Stream>) (shape: int list) =
        let count = Parameters.size shape
        let fanIn = count / int64 (List.head shape)
        let deviation = sqrt (2.0 / float fanIn)
        let data = Array.zeroCreate (int count)

        for i in 0 .. data.Length - 1 do
            data[i] <- float32 (deviation * stream.Normal())

        data

    let private constant (value: float32) (shape: int list) =
        Array.create (int (Parameters.size shape)) value

    /// Weights by He's rule, biases 0, bn scale 1 and shift 0, running mean 0 and variance 1, every
    /// factor at its declared start. Depends on network and seed alone.
    let weights (seed: int) (network: Network) : Weights<float32> =
        let mutable stream = Stream.create [ int64 seed; 1L ]

        let trained = [
            for p in Parameters.ofNetwork network do
                let data =
                    match p.Role with
                    | Weight -> he &stream p.Shape
                    | BnScale -> constant 1.0f p.Shape
                    | Bias
                    | BnShift -> constant 0.0f p.Shape

                p.Key, { Shape = p.Shape; Data = data }
        ]

        let statistics = [
            for key, count in Parameters.statistics network do
                let value = if key.EndsWith ".var" then 1.0f else 0.0f

                key,
                {
                    Shape = [ count ]
                    Data = constant value [ count ]
                }
        ]

        let factors = [
            for f in Parameters.factors network do
                let shape = [ f.Scale.Count ]

                f.Key,
                {
                    Shape = shape
                    Data = constant (float32 f.Scale.Init) shape
                }
        ]

        Map.ofList (trained @ statistics @ factors)
