/// Images of the interpreter: plain arrays at double precision.
module Sss.Tests.Select.Images

open Sss.Core

/// One image inside the network: channel by channel, row by row.
type Image = { Shape: Shape; Data: float[] }

let get (x: Image) c h w =
    x.Data[(c * x.Shape.Height + h) * x.Shape.Width + w]

let isInside (x: Image) h w =
    h >= 0 && h < x.Shape.Height && w >= 0 && w < x.Shape.Width

let build (shape: Shape) (value: int -> int -> int -> float) =
    let data = Array.zeroCreate (int (Shape.count shape))

    for c in 0 .. shape.Channels - 1 do
        for h in 0 .. shape.Height - 1 do
            for w in 0 .. shape.Width - 1 do
                data[(c * shape.Height + h) * shape.Width + w] <- value c h w

    { Shape = shape; Data = data }

let map f (x: Image) = { x with Data = Array.map f x.Data }

let add (x: Image) (y: Image) =
    if x.Shape <> y.Shape then
        invalidOp $"a sum of {x.Shape} and {y.Shape}"

    {
        x with
            Data = Array.map2 (+) x.Data y.Data
    }
