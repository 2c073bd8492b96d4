/// Operations of the interpreter whose windows slide over an image.
module Sss.Tests.Select.SlidingWindows

open Sss.Core
open Sss.Tests.Select.Images

/// What is put before and after one axis: what is written, or for `same` as much as makes the output
/// ⌈size/stride⌉, the odd one after.
let private around written size kernel stride dilation =
    match written with
    | Some(before, after) -> before, after
    | None ->
        let outputs = size / stride + (if size % stride > 0 then 1 else 0)
        let all = max 0 ((outputs - 1) * stride + dilation * (kernel - 1) + 1 - size)
        all / 2, all - all / 2

let private paddings (x: Image) (kernel: Size) (stride: Size) (dilation: Size) pad =
    let vertical, horizontal =
        match pad with
        | Padding.Sides s -> Some(s.Top, s.Bottom), Some(s.Left, s.Right)
        | Padding.Same -> None, None

    around vertical x.Shape.Height kernel.H stride.H dilation.H,
    around horizontal x.Shape.Width kernel.W stride.W dilation.W

/// A convolution: every output reads its window of all channels of its group.
let convolve groups (kernel: Size) stride pad dilation output (weight: float[]) bias (x: Image) =
    let ins = x.Shape.Channels / groups
    let outs = output.Channels / groups
    let (top, _), (left, _) = paddings x kernel stride dilation pad

    build
        output
        (fun o h w ->
            let mutable sum = bias o

            for i in 0 .. ins - 1 do
                for kh in 0 .. kernel.H - 1 do
                    for kw in 0 .. kernel.W - 1 do
                        let y = h * stride.H - top + kh * dilation.H
                        let z = w * stride.W - left + kw * dilation.W

                        if isInside x y z then
                            let k = ((o * ins + i) * kernel.H + kh) * kernel.W + kw
                            sum <- sum + weight[k] * get x (o / outs * ins + i) y z

            sum
        )

/// PyTorch's windows: clipped to the padded input; an average divides by the clipped window's size
/// where padding counts, else by the number of positions that are in the input.
let pool (p: Pool) output (x: Image) =
    let (above, below), (before, after) =
        paddings x p.Kernel p.Stride (Size.square 1) p.Pad

    build
        output
        (fun c h w ->
            let top = h * p.Stride.H - above
            let left = w * p.Stride.W - before
            let bottom = min (top + p.Kernel.H) (x.Shape.Height + below)
            let right = min (left + p.Kernel.W) (x.Shape.Width + after)

            let seen = [
                for y in top .. bottom - 1 do
                    for z in left .. right - 1 do
                        if isInside x y z then
                            get x c y z
            ]

            match p.Kind with
            | Max -> List.max seen
            | Average when p.CountPad -> List.sum seen / float ((bottom - top) * (right - left))
            | Average -> List.average seen
        )

/// A transposed convolution: every value of the input is added, times the kernel, around the place where
/// its window starts.
let deconvolve (d: Deconv) (output: Shape) (weight: float[]) bias (x: Image) =
    let ins = x.Shape.Channels / d.Groups
    let outs = output.Channels / d.Groups
    let sums = build output (fun o _ _ -> bias o)

    for i in 0 .. x.Shape.Channels - 1 do
        for o in i / ins * outs .. i / ins * outs + outs - 1 do
            for h in 0 .. x.Shape.Height - 1 do
                for w in 0 .. x.Shape.Width - 1 do
                    for kh in 0 .. d.Kernel.H - 1 do
                        for kw in 0 .. d.Kernel.W - 1 do
                            let y = h * d.Stride.H + kh - d.Pad.H
                            let z = w * d.Stride.W + kw - d.Pad.W

                            if isInside sums y z then
                                let at = (o * output.Height + y) * output.Width + z
                                let k = ((o * ins + i % ins) * d.Kernel.H + kh) * d.Kernel.W + kw
                                sums.Data[at] <- sums.Data[at] + weight[k] * get x i h w

    sums

/// The image n times as high and wide; between pixels, from the middles of those around.
let upsample (u: Upsample) (output: Shape) (x: Image) =
    let between at size =
        let place = max 0.0 ((float at + 0.5) / float u.Factor - 0.5)
        let low = int (floor place)
        low, min (low + 1) (size - 1), place - float low

    build
        output
        (fun c h w ->
            match u.Mode with
            | UpsampleMode.Nearest -> get x c (h / u.Factor) (w / u.Factor)
            | UpsampleMode.Bilinear ->
                let top, bottom, down = between h x.Shape.Height
                let left, right, across = between w x.Shape.Width

                let row y =
                    (1.0 - across) * get x c y left + across * get x c y right

                (1.0 - down) * row top + down * row bottom
        )
