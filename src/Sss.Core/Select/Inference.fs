namespace Sss.Core

open System
open System.Numerics

/// What an affine map of each output channel, y ← gain·y + shift, still has to be done.
type private Affine = { Gain: float[]; Shift: float[] }

/// Folding at one number type.
type private InferenceFold<'T when 'T :> INumberBase<'T>>() =

    static member Read (weights: Weights<'T>) (key: string) : float[] =
        weights[key].Data |> Array.map (fun v -> Double.CreateTruncating<'T> v)

    static member Vector(values: float[]) : Tensor<'T> = {
        Shape = [ values.Length ]
        Data = values |> Array.map (fun v -> 'T.CreateTruncating<float> v)
    }

    /// The layer's weights times the map's gain, with a bias; `bias`: whether it has one already.
    static member Absorb (affine: Affine) (bias: bool) (name: string) (weights: Weights<'T>) =
        let whole = weights[$"{name}.weight"]
        let each = whole.Data.Length / affine.Gain.Length

        let scaled = {
            whole with
                Data =
                    whole.Data
                    |> Array.mapi (fun i w ->
                        'T
                            .CreateTruncating<float>(
                                Double.CreateTruncating<'T> w * affine.Gain[i / each]
                            )
                    )
        }

        let start =
            if bias then
                InferenceFold<'T>.Read weights $"{name}.bias"
            else
                Array.zeroCreate affine.Gain.Length

        let shifted = Array.map3 (fun b g t -> b * g + t) start affine.Gain affine.Shift

        weights
        |> Map.add $"{name}.weight" scaled
        |> Map.add $"{name}.bias" (InferenceFold<'T>.Vector shifted)

    /// A bn's scale and shift times a gain.
    static member Rescale (gain: float[]) (name: string) (weights: Weights<'T>) =
        let scaled part =
            InferenceFold<'T>.Read weights $"{name}.{part}"
            |> Array.map2 (*) gain
            |> InferenceFold<'T>.Vector

        weights
        |> Map.add $"{name}.weight" (scaled "weight")
        |> Map.add $"{name}.bias" (scaled "bias")

    /// The factor of a layer as a gain of each channel (a group's factor counts for all of its
    /// channels), times the factor of the branch that the layer ends.
    static member Factors (weights: Weights<'T>) (block: float) (layer: Layer) : Affine =
        let channels = layer.Output.Channels

        {
            Gain =
                match layer.Scale with
                | None -> Array.create channels block
                | Some scale ->
                    let factors = InferenceFold<'T>.Read weights $"{layer.Name}.factor"
                    Array.init channels (fun c -> block * factors[c / (channels / scale.Count)])
            Shift = Array.zeroCreate channels
        }

    /// y = (x − mean)/√(var + ε)·scale + shift, with the running statistics.
    static member Norm (weights: Weights<'T>) (name: string) (b: BatchNorm) : Affine =
        let get part =
            InferenceFold<'T>.Read weights $"{name}.{part}"

        let gain =
            Array.map2 (fun s v -> s / Math.Sqrt(v + b.Eps)) (get "weight") (get "var")

        {
            Gain = gain
            Shift = Array.map3 (fun t m g -> t - m * g) (get "bias") (get "mean") gain
        }

/// Networks for prediction alone: what is constant once training is over is taken into the weights.
[<RequireQualifiedAccess>]
module Inference =

    /// First one map, then another.
    let private andThen (second: Affine) (first: Affine) = {
        Gain = Array.map2 (*) first.Gain second.Gain
        Shift = Array.map3 (fun s g t -> s * g + t) first.Shift second.Gain second.Shift
    }

    /// Whether a layer has weights that an affine map of its output can go into, and whether it has
    /// a bias already.
    let private biasOf (op: Op) =
        match op with
        | Op.Conv c -> Some c.Bias
        | Op.DepthwiseConv c -> Some c.Bias
        | Op.Dense d -> Some d.Bias
        | _ -> None

    /// The layer without factors, and with a bias where it can have one.
    let private bare (layer: Layer) =
        Node.Layer {
            layer with
                Scale = None
                Op = Op.withBias layer.Op
        }

    let private takesFactor (op: Op) = (biasOf op).IsSome || op.IsBatchNorm

    /// `block`: the factor of the scaled branch that the body is, for its last layer to take up.
    let rec private body<'T when 'T :> INumberBase<'T>>
        (block: float)
        (nodes: Node list)
        (weights: Weights<'T>)
        : Node list * Weights<'T> =
        let behind rest (node: Node, weights) =
            let nodes, weights = body<'T> block rest weights
            node :: nodes, weights

        let factors layer (rest: Node list) =
            InferenceFold<'T>.Factors weights (if rest.IsEmpty then block else 1.0) layer

        match nodes with
        | [] -> [], weights
        | Node.Layer first :: Node.Layer({ Op = Op.BatchNorm b } as bn) :: rest when
            (biasOf first.Op).IsSome
            ->
            let affine =
                InferenceFold<'T>.Factors weights 1.0 first
                |> andThen (InferenceFold<'T>.Norm weights bn.Name b)
                |> andThen (factors bn rest)

            let bias = biasOf first.Op = Some true
            behind rest (bare first, InferenceFold<'T>.Absorb affine bias first.Name weights)
        | Node.Layer layer :: rest ->
            let affine = factors layer rest

            match biasOf layer.Op with
            | _ when affine.Gain |> Array.forall ((=) 1.0) ->
                behind rest (Node.Layer { layer with Scale = None }, weights)
            | Some bias ->
                behind rest (bare layer, InferenceFold<'T>.Absorb affine bias layer.Name weights)
            | None when layer.Op.IsBatchNorm ->
                behind rest (bare layer, InferenceFold<'T>.Rescale affine.Gain layer.Name weights)
            | None -> behind rest (Node.Layer layer, weights)
        | Node.Residual r :: rest ->
            let takes =
                match List.tryLast r.Branch with
                | Some(Node.Layer last) -> takesFactor last.Op
                | _ -> false

            let factor =
                if takes && r.Scale.IsSome then
                    (InferenceFold<'T>.Read weights $"{r.Name}.factor")[0]
                else
                    1.0

            let branch, weights = body<'T> factor r.Branch weights
            let shortcut, weights = body<'T> 1.0 r.Shortcut weights

            behind
                rest
                (Node.Residual {
                    r with
                        Scale = if takes then None else r.Scale
                        Branch = branch
                        Shortcut = shortcut
                 },
                 weights)
        | Node.Concat c :: rest ->
            let branches, weights =
                (weights, c.Branches)
                ||> List.mapFold (fun weights branch ->
                    let nodes, weights = body<'T> 1.0 branch.Body weights
                    { branch with Body = nodes }, weights
                )

            behind rest (Node.Concat { c with Branches = branches }, weights)

    /// The same function in evaluation mode, up to rounding, as a network with fewer layers: each
    /// bn is folded into the `conv`, `dwconv` or `dense` in front of it, and every factor into the
    /// weights that it scales. Not for training: a bn's batch statistics are gone. The weights must
    /// be the network's; the result's may hold arrays that the folded network has no use for.
    let fold<'T when 'T :> INumberBase<'T>>
        (network: Network)
        (weights: Weights<'T>)
        : Network * Weights<'T> =
        let nodes, weights = body<'T> 1.0 network.Body weights
        { network with Body = nodes }, weights
