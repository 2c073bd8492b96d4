namespace Sss.Torch

open Sss.Core
open TorchSharp

/// Single layers as functions on N×C×H×W tensors.
[<RequireQualifiedAccess>]
module internal LayerParts =

    let private pass (fresh: bool) : Part = { Run = (fun _ x -> x); Fresh = fresh }

    /// Batch normalisation; the factor multiplies scale and shift. Training updates the running
    /// statistics (of the variance, the unbiased one: PyTorch's rule).
    let private batchNorm (arrays: Arrays) (layer: Layer) (b: BatchNorm) factor =
        let scale = arrays.Weight(ArrayKey.make ArrayPart.Weight layer.Name)
        let shift = arrays.Weight(ArrayKey.make ArrayPart.Bias layer.Name)
        let mean = arrays.Statistic(ArrayKey.make ArrayPart.Mean layer.Name)
        let var = arrays.Statistic(ArrayKey.make ArrayPart.Variance layer.Name)

        let run mode (x: Tensor) (scale: Tensor) (shift: Tensor) =
            functional.batch_norm (x, mean, var, scale, shift, (mode = Training), b.Momentum, b.Eps)

        match factor with
        | None -> fun mode x -> run mode x scale shift
        | Some factor ->
            fun mode x ->
                use f: Tensor = factor ()
                use s = scale.mul f
                use t = shift.mul f
                run mode x s t

    /// Scale and shift of a normalisation, times the factor, as the activations are.
    let private affine (arrays: Arrays) (layer: Layer) factor : unit -> struct (Tensor * Tensor) =
        let scale = arrays.Weight(ArrayKey.make ArrayPart.Weight layer.Name)
        let shift = arrays.Weight(ArrayKey.make ArrayPart.Bias layer.Name)

        let fit (x: Tensor) =
            if arrays.IsLow then Products.lowered x else x.alias ()

        fun () ->
            match factor with
            | None -> struct (fit scale, fit shift)
            | Some factor ->
                use f: Tensor = factor ()
                use s = scale.mul f
                use t = shift.mul f
                struct (fit s, fit t)

    /// Channels in another order, taken where channels go last in memory, so that they do so afterwards.
    let private reorder (layer: Layer) (r: Reorder) : Tensor -> Tensor =
        let order = Reorder.order r layer.Input.Channels |> Array.map int64

        fun x ->
            use last = x.permute ([| 0L; 2L; 3L; 1L |])
            use indices = torch.tensor (order, device = x.device)
            use moved = last.index_select (3L, indices)
            moved.permute [| 0L; 3L; 1L; 2L |]

    let private groupNorm arrays (layer: Layer) (g: GroupNorm) factor : Tensor -> Tensor =
        let affine = affine arrays layer factor

        fun x ->
            let struct (s, t) = affine ()
            use scale = s
            use shift = t
            functional.group_norm (x, int64 g.Groups, scale, shift, g.Eps)

    /// Channels go last for it, where they lie in memory anyway.
    let private layerNorm arrays (layer: Layer) (l: LayerNorm) factor : Tensor -> Tensor =
        let affine = affine arrays layer factor
        let shape = [| int64 layer.Input.Channels |]

        fun x ->
            let struct (s, t) = affine ()
            use scale = s
            use shift = t
            use last = x.permute (0L, 2L, 3L, 1L)
            use y = functional.layer_norm (last, shape, scale, shift, l.Eps)
            y.permute (0L, 3L, 1L, 2L)

    /// One layer. `block`: the factor of the scaled branch that this layer ends. `fresh`: whether
    /// the input may be written over.
    let layer (arrays: Arrays) (block: Tensor option) (fresh: bool) (layer: Layer) : Part =
        let factor = Products.factorOf arrays layer block
        let made run = { Run = run; Fresh = true }
        let plain run = made (fun _ x -> run x)

        match layer.Op with
        | Op.Conv c ->
            let byProduct =
                arrays.IsOnCpu
                && not arrays.IsLow
                && WeightGradient.pays c layer.Input layer.Output

            {
                Run = Products.conv arrays layer c byProduct factor
                // A view then, as with `dense`.
                Fresh = not byProduct
            }
        | Op.DepthwiseConv c -> made (Products.depthwise arrays layer c factor)
        // The output is a view, and writing over a view costs autograd more than it saves.
        | Op.Dense d -> {
            plain (Products.dense arrays layer d factor) with
                Fresh = false
          }
        | Op.BatchNorm b -> made (batchNorm arrays layer b factor)
        | Op.GroupNorm g -> plain (groupNorm arrays layer g factor)
        // A view then, as with `dense`.
        | Op.LayerNorm l -> {
            plain (layerNorm arrays layer l factor) with
                Fresh = false
          }
        // An activation's own derivative reads its output.
        | Op.Activation a when fresh && Activations.overwrites a -> {
            plain (Activations.compileInPlace a) with
                Fresh = false
          }
        | Op.Activation a -> {
            plain (Activations.compile a) with
                Fresh = false
          }
        | Op.PRelu -> plain (ChannelParts.prelu arrays layer)
        | Op.LayerScale _ -> plain (ChannelParts.layerScale arrays layer factor)
        | Op.LocalResponse l -> plain (ChannelParts.localResponse arrays l)
        | Op.Deconv d -> made (UpsampleParts.deconv arrays layer d factor)
        | Op.Upsample u -> plain (UpsampleParts.upsample u)
        | Op.Pool p -> plain (PoolParts.pool layer p)
        | Op.GlobalPool kind -> plain (PoolParts.globalPool layer kind)
        | Op.Dropout 0.0 -> pass fresh
        | Op.Dropout p -> {
            Run =
                fun mode x ->
                    match mode with
                    | Training -> functional.dropout (x, p, true, false)
                    | Evaluation -> x
            Fresh = fresh
          }
        | Op.Flatten ->
            let shape = [| -1L; Shape.count layer.Input; 1L; 1L |]

            {
                Run = fun _ x -> x.reshape shape
                Fresh = false
            }
        | Op.Reorder r -> plain (reorder layer r)
        | Op.Attention a -> {
            plain (PositionParts.attention arrays layer a factor) with
                Fresh = false
          }
        | Op.Tokens t -> {
            plain (PositionParts.tokens arrays layer t) with
                Fresh = false
          }
        | Op.Pick -> {
            plain PositionParts.pick with
                Fresh = false
          }
