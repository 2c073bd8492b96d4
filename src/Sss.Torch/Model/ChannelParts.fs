namespace Sss.Torch

open Sss.Core
open TorchSharp

/// Layers that treat channels each in its own way as functions on N×C×H×W tensors.
[<RequireQualifiedAccess>]
module internal ChannelParts =

    let private column (x: Tensor) = x.view ([| 1L; -1L; 1L; 1L |])

    /// A trained slope for each channel where x is negative.
    let prelu (arrays: Arrays) (layer: Layer) : Tensor -> Tensor =
        let slope = arrays.Weight(ArrayKey.make ArrayPart.Weight layer.Name)

        if arrays.IsLow then
            fun x ->
                use slope = Products.lowered slope
                functional.prelu (x, slope)
        else
            fun x -> functional.prelu (x, slope)

    /// Local response normalisation. LibTorch's has no kernel for bfloat16 on the CPU.
    let localResponse (arrays: Arrays) (l: LocalResponse) : Tensor -> Tensor =
        let run (x: Tensor) =
            functional.local_response_norm (x, int64 l.Size, l.Alpha, l.Beta, l.K)

        if arrays.IsLow then
            fun x ->
                use wide = x.``to`` ScalarType.Float32
                use y = run wide
                Products.lowered y
        else
            run

    /// x times a trained number for each channel, which the factor multiplies.
    let layerScale
        (arrays: Arrays)
        (layer: Layer)
        (factor: (unit -> Tensor) option)
        : Tensor -> Tensor =
        let scale = arrays.Weight(ArrayKey.make ArrayPart.Weight layer.Name)

        let gain () : Tensor =
            match factor with
            | None -> scale.alias ()
            | Some factor ->
                use f = factor ()
                scale.mul f

        fun x ->
            use whole = gain ()

            use gain =
                if arrays.IsLow then
                    Products.lowered whole
                else
                    whole.alias ()

            use gain = column gain
            x.mul gain
