namespace Sss.Torch

open System
open Sss.Core
open TorchSharp

/// Layers that make images larger as functions on N×C×H×W tensors.
[<RequireQualifiedAccess>]
module internal UpsampleParts =

    /// LibTorch's `nearest` divides in single precision and takes a neighbour now and then (at 41 times,
    /// for one); `nearest-exact` looks from the middle of a pixel. (It warns where corners are not spoken
    /// of, although it has nothing to do with them.)
    let upsample (u: Upsample) : Tensor -> Tensor =
        let scale = [| float u.Factor; float u.Factor |]

        let mode =
            match u.Mode with
            | UpsampleMode.Nearest -> torch.InterpolationMode.NearestExact
            | UpsampleMode.Bilinear -> torch.InterpolationMode.Bilinear

        fun x -> functional.interpolate (x, null, scale, mode, Nullable false)

    /// out × in/groups as in × out/groups, LibTorch's order.
    let private turned (groups: int64) (w: Tensor) : Tensor =
        let outs, ins, rows, columns = w.size 0, w.size 1, w.size 2, w.size 3

        if groups = 1L then
            w.transpose (0L, 1L)
        else
            use apart = w.view ([| groups; outs / groups; ins; rows; columns |])
            use swapped = apart.transpose (1L, 2L)
            swapped.reshape ([| groups * ins; outs / groups; rows; columns |])

    /// A transposed convolution; the factor multiplies weights and bias.
    let deconv arrays (layer: Layer) (d: Deconv) factor : Mode -> Tensor -> Tensor =
        let stride, pad = Products.extents d.Stride, Products.extents d.Pad
        let outPad, dilation = Products.extents d.OutPad, [| 1L; 1L |]
        let groups = int64 d.Groups

        Products.weighted
            arrays
            layer.Name
            d.Bias
            factor
            (fun _ x w b ->
                use w = turned groups w
                functional.conv_transpose2d (x, w, b, stride, pad, outPad, dilation, groups)
            )
