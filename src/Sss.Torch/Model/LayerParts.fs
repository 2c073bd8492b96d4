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

    /// Channels go last for it, where they are in memory anyway.
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

    let private made run = { Run = run; Fresh = true }

    let private plain (run: Tensor -> Tensor) = made (fun _ x -> run x)

    /// As `plain`, but the output may not be written over. It is a view, and writing over a view costs
    /// autograd more than it saves; or the layer's own derivative reads it.
    let private kept run = { plain run with Fresh = false }

    let private conv (arrays: Arrays) (layer: Layer) (c: Conv) factor : Part =
        let byProduct =
            arrays.IsOnCpu
            && not (WeightGradient.ownWayIsFast arrays.IsLow arrays.IsDouble)
            && WeightGradient.pays c layer.Input layer.Output

        {
            Run = Products.conv arrays layer c byProduct factor
            // A view then, as with `dense`.
            Fresh = not byProduct
        }

    let private dropout fresh p : Part = {
        Run =
            fun mode x ->
                match mode with
                | Training -> functional.dropout (x, p, true, false)
                | Evaluation -> x
        Fresh = fresh
    }

    let private flatten (layer: Layer) : Part =
        let shape = [| -1L; Shape.count layer.Input; 1L; 1L |]
        kept (fun x -> x.reshape shape)

    /// One layer. `block`: the factor of the scaled branch that this layer ends. `fresh`: whether
    /// the input may be written over.
    let layer (arrays: Arrays) (block: Tensor option) (fresh: bool) (layer: Layer) : Part =
        let factor = Products.factorOf arrays layer block

        match layer.Op with
        | Op.Conv c -> conv arrays layer c factor
        | Op.DepthwiseConv c -> made (Products.depthwise arrays layer c factor)
        | Op.Dense d -> kept (Products.dense arrays layer d factor)
        | Op.BatchNorm b -> made (batchNorm arrays layer b factor)
        | Op.GroupNorm g -> plain (groupNorm arrays layer g factor)
        | Op.LayerNorm l -> kept (layerNorm arrays layer l factor)
        | Op.Activation a when fresh && Activations.overwrites a ->
            kept (Activations.compileInPlace a)
        | Op.Activation a -> kept (Activations.compile a)
        | Op.PRelu -> plain (ChannelParts.prelu arrays layer)
        | Op.LayerScale _ -> plain (ChannelParts.layerScale arrays layer factor)
        | Op.LocalResponse l -> plain (ChannelParts.localResponse arrays l)
        | Op.Deconv d -> made (UpsampleParts.deconv arrays layer d factor)
        | Op.Upsample u -> plain (UpsampleParts.upsample u)
        | Op.Pool p -> plain (PoolParts.pool layer p)
        | Op.GlobalPool kind -> plain (PoolParts.globalPool layer kind)
        | Op.Dropout 0.0 -> pass fresh
        | Op.Dropout p -> dropout fresh p
        | Op.Flatten -> flatten layer
        | Op.Reorder r -> plain (reorder layer r)
        | Op.Attention a -> kept (PositionParts.attention arrays layer a factor)
        | Op.Tokens t -> kept (PositionParts.tokens arrays layer t)
        | Op.Pick -> kept PositionParts.pick
