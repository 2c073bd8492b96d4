/// Shapes of single operations.
[<AutoOpen>]
module Sss.Tests.Shapes

open Sss.Core

/// The output shape of an operation; 0x0x0 where the input does not fit.
let outputShape (op: Op) (input: Shape) : Shape =
    Op.output op input |> Result.defaultValue (Shape.create 0 0 0)
