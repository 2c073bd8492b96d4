namespace Sss.Files

open Sss.Core

/// Attentions together with the projection after them.
[<RequireQualifiedAccess>]
module internal ImportProjection =

    /// What an operation can be in an attention.
    type private Role =
        | Attends of Attention
        /// A projection of channels at each position, with biases.
        | Projects
        | Neither

    let private role (op: Op) : Role =
        match op with
        | Op.Attention a -> Attends a
        | Op.Conv c when
            c.Kernel = Size.square 1
            && c.Stride = Size.square 1
            && c.Groups = 1
            && c.Bias
            && c.Pad = Padding.none
            ->
            Projects
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
        | Op.Pick -> Neither

    /// The output projection that follows an attention, where the next layer can be it.
    let after vertices (item: Tree option) : int option =
        match item, ImportFactors.opOf vertices item with
        | Some(Tree.Layer number), Some op when role op = Projects ->
            Some vertices[number].Shape.Channels
        | Some(Tree.Layer _ | Tree.Part _ | Tree.Residual _ | Tree.Gate _ | Tree.Concat _ | Tree.Output _),
          _
        | None, _ -> None

    /// An attention with its output projection.
    let whole (op: Op) (out: int option) : Op option =
        match role op with
        | Attends a -> out |> Option.map (fun out -> Op.Attention { a with Out = Some out })
        | Projects
        | Neither -> None
