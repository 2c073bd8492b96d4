namespace Sss.Torch

open Sss.Core
open TorchSharp

/// Layers over positions in a row, as functions on N×C×H×W tensors. Channels go last inside them,
/// where they are in memory anyway: N×T×C for T = H·W positions.
[<RequireQualifiedAccess>]
module internal PositionParts =

    /// N×C×H×W as N×T×C.
    let private rows (x: Tensor) : Tensor =
        use last = x.permute ([| 0L; 2L; 3L; 1L |])
        last.reshape ([| x.size 0; -1L; x.size 1 |])

    /// N×T×C as N×C×height×width.
    let private positions (height: int64) (width: int64) (rows: Tensor) : Tensor =
        use last = rows.reshape ([| rows.size 0; height; width; rows.size 2 |])
        last.permute [| 0L; 3L; 1L; 2L |]

    let private fit (arrays: Arrays) (x: Tensor) =
        if arrays.IsLow then Products.lowered x else x.alias ()

    /// A projection of all channels at each position, split into heads: N×heads×T×width.
    let private projection (arrays: Arrays) (layer: Layer) heads weightPart biasPart factor =
        let weight = arrays.Weight(ArrayKey.make weightPart layer.Name)
        let bias = arrays.Weight(ArrayKey.make biasPart layer.Name)

        let numbers () : struct (Tensor * Tensor) =
            match factor with
            | None -> struct (fit arrays weight, fit arrays bias)
            | Some factor ->
                use f: Tensor = factor ()
                use column = f.view ([| -1L; 1L |])
                use w = weight.mul column
                use b = bias.mul f
                struct (fit arrays w, fit arrays b)

        fun (x: Tensor) ->
            let struct (w, b) = numbers ()
            use w = w
            use b = b
            use y = functional.linear (x, w, b)
            use split = y.view ([| y.size 0; y.size 1; heads; -1L |])
            split.transpose (1L, 2L)

    /// What the heads give, before the output projection; the factor multiplies the values.
    let attention (arrays: Arrays) (layer: Layer) (a: Attention) factor : Tensor -> Tensor =
        let project = projection arrays layer (int64 a.Heads)
        let query = project ArrayPart.Query ArrayPart.QueryBias None
        let key = project ArrayPart.Key ArrayPart.KeyBias None
        let value = project ArrayPart.Weight ArrayPart.Bias factor
        let channels = int64 layer.Output.Channels

        fun x ->
            use rows = rows x
            use q = query rows
            use k = key rows
            use v = value rows
            use mixed = functional.scaled_dot_product_attention (q, k, v)
            use last = mixed.transpose (1L, 2L)
            use joined = last.reshape ([| x.size 0; -1L; channels |])
            positions (x.size 2) (x.size 3) joined

    let tokens (arrays: Arrays) (layer: Layer) (t: Tokens) : Tensor -> Tensor =
        let position = arrays.Weight(ArrayKey.make ArrayPart.Position layer.Name)

        let token =
            if t.WithClass then
                Some(arrays.Weight(ArrayKey.make ArrayPart.Token layer.Name))
            else
                None

        let add (rows: Tensor) =
            use across = position.t ()
            use fitting = fit arrays across
            use sum = rows.add fitting
            positions (rows.size 1) 1L sum

        fun x ->
            use rows = rows x

            match token with
            | None -> add rows
            | Some token ->
                use fitting = fit arrays token
                use first = fitting.expand ([| x.size 0; 1L; x.size 1 |])
                use all = torch.cat ([| first; rows |], 1L)
                add all

    /// The first position, in every channel.
    let pick (x: Tensor) : Tensor =
        use row = x.narrow (2L, 0L, 1L)
        row.narrow (3L, 0L, 1L)
