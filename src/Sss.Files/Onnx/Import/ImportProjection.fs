namespace Sss.Files

open Sss.Core

/// Attentions together with the projection after them.
[<RequireQualifiedAccess>]
module internal ImportProjection =

    /// Whether an operation is a projection of channels at each position, with biases.
    let private isProjection (op: Op) =
        match op with
        | Op.Conv c ->
            c.Kernel = Size.square 1
            && c.Stride = Size.square 1
            && c.Groups = 1
            && c.Bias
            && c.Pad = Padding.none
        | Op.DepthwiseConv _
        | Op.Deconv _
        | Op.Dense _
        | Op.BatchNorm _
        | Op.GroupNorm _
        | Op.LayerNorm _
        | Op.LocalResponse _
        | Op.Upsample _
        | Op.Activation _
        | Op.PRelu
        | Op.LayerScale _
        | Op.Pool _
        | Op.GlobalPool _
        | Op.Dropout _
        | Op.Flatten
        | Op.Reorder _
        | Op.Attention _
        | Op.Tokens _
        | Op.Pick -> false

    /// The output projection that follows an attention, where the next layer can be it.
    let after vertices (item: Tree option) : int option =
        match item, ImportFactors.opOf vertices item with
        | Some(Tree.Layer number), Some op when isProjection op ->
            Some vertices[number].Shape.Channels
        | Some(Tree.Layer _ | Tree.Part _ | Tree.Residual _ | Tree.Gate _ | Tree.Concat _), _
        | None, _ -> None

    /// An attention with its output projection.
    let whole (op: Op) (out: int option) : Op option =
        match op with
        | Op.Attention a -> out |> Option.map (fun out -> Op.Attention { a with Out = Some out })
        | Op.Conv _
        | Op.DepthwiseConv _
        | Op.Deconv _
        | Op.Dense _
        | Op.BatchNorm _
        | Op.GroupNorm _
        | Op.LayerNorm _
        | Op.LocalResponse _
        | Op.Upsample _
        | Op.Activation _
        | Op.PRelu
        | Op.LayerScale _
        | Op.Pool _
        | Op.GlobalPool _
        | Op.Dropout _
        | Op.Flatten
        | Op.Reorder _
        | Op.Tokens _
        | Op.Pick -> None
