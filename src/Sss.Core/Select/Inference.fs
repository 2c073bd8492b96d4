namespace Sss.Core

open System
open System.Numerics

/// What an affine map of each output channel, y ← gain·y + shift, still has to be done.
type private Affine = { Gain: float[]; Shift: float[] }

/// Folding at one number type.
type private InferenceFold<'T when 'T :> INumberBase<'T>>() =

    static member Read (weights: Weights<'T>) (key: ArrayKey) : float[] =
        weights[key].Data |> Array.map (fun v -> Double.CreateTruncating<'T> v)

    static member Vector(values: float[]) : Tensor<'T> = {
        Shape = [ values.Length ]
        Data = values |> Array.map (fun v -> 'T.CreateTruncating<float> v)
    }

    /// The layer's weights times the map's gain, with a bias.
    static member Absorb (affine: Affine) (layer: Layer) (weights: Weights<'T>) =
        let weight = ArrayKey.make ArrayPart.Weight layer.Name
        let biasKey = ArrayKey.make ArrayPart.Bias layer.Name
        let whole = weights[weight]
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
            if Op.hasBias layer.Op then
                InferenceFold<'T>.Read weights biasKey
            else
                Array.zeroCreate affine.Gain.Length

        let shifted = Array.map3 (fun b g t -> b * g + t) start affine.Gain affine.Shift

        weights
        |> Map.add weight scaled
        |> Map.add biasKey (InferenceFold<'T>.Vector shifted)

    /// The scale and shift of a normalisation, or the scale alone of `layerscale`, times a gain.
    static member Rescale (gain: float[]) (layer: Layer) (weights: Weights<'T>) =
        (weights, Op.arrays layer.Op layer.Input)
        ||> List.fold (fun weights spec ->
            let key = ArrayKey.make spec.Part layer.Name

            match spec.Role with
            | ArrayRole.NormScale
            | ArrayRole.NormShift ->
                weights
                |> Map.add
                    key
                    (InferenceFold<'T>.Read weights key
                     |> Array.map2 (*) gain
                     |> InferenceFold<'T>.Vector)
            // Those with weights and a bias absorb the gain.
            | ArrayRole.Weight
            | ArrayRole.Bias
            | ArrayRole.InnerWeight
            | ArrayRole.InnerBias
            | ArrayRole.PerChannel
            | ArrayRole.RunningMean
            | ArrayRole.RunningVariance -> weights
        )

    /// The factor of a layer as a gain of each channel (a group's factor counts for all of its
    /// channels), times the factor of the branch that the layer ends.
    static member Factors (weights: Weights<'T>) (block: float) (layer: Layer) : Affine =
        let channels = layer.Output.Channels

        {
            Gain =
                match layer.Scale with
                | None -> Array.create channels block
                | Some scale ->
                    let factors = InferenceFold<'T>.Read weights (Parameters.factorKey layer scale)

                    Array.init channels (fun c -> block * factors[c / (channels / scale.Count)])
            Shift = Array.zeroCreate channels
        }

    /// What a layer does to each channel in evaluation, where that is affine.
    static member Norm (weights: Weights<'T>) (layer: Layer) : Affine option =
        let get part =
            let values = InferenceFold<'T>.Read weights (ArrayKey.make part layer.Name)
            fun channel -> values[channel]

        (Op.facts layer.Op).Affine
        |> Option.map (fun affine ->
            let affine = affine get
            let all = Array.init layer.Output.Channels affine

            {
                Gain = all |> Array.map (fun (struct (gain, _)) -> gain)
                Shift = all |> Array.map (fun (struct (_, shift)) -> shift)
            }
        )

/// Networks for prediction alone: what is constant once training is over is taken into the weights.
[<RequireQualifiedAccess>]
module Inference =

    /// First one map, then another.
    let private andThen (second: Affine) (first: Affine) = {
        Gain = Array.map2 (*) first.Gain second.Gain
        Shift = Array.map3 (fun s g t -> s * g + t) first.Shift second.Gain second.Shift
    }

    /// Whether a layer's weights can take up an affine map of its output, which gives it a bias.
    let private absorbs (layer: Layer) = (Op.facts layer.Op).Bias.IsSome

    /// The layer without factors, and with a bias where it can have one.
    let private bare (layer: Layer) =
        Node.Layer {
            layer with
                Scale = None
                Op = Op.withBias layer.Op layer.Input layer.Output
        }

    /// The affine layers that nodes begin with, each with what it does, and the nodes after them.
    let rec private leadingNorms<'T when 'T :> INumberBase<'T>>
        (weights: Weights<'T>)
        (nodes: Node list)
        : (Layer * Affine) list * Node list =
        match nodes with
        | Node.Layer layer :: rest ->
            match InferenceFold<'T>.Norm weights layer with
            | Some affine ->
                let norms, following = leadingNorms weights rest
                (layer, affine) :: norms, following
            | None -> [], nodes
        | []
        | Node.Residual _ :: _
        | Node.Gate _ :: _
        | Node.Concat _ :: _
        | Node.Output _ :: _ -> [], nodes

    /// A layer with what its weights can take up of itself and of the layers after it; the layers that
    /// are left after it. `block`: as for `body`.
    let private layerFolded<'T when 'T :> INumberBase<'T>>
        (block: float)
        (layer: Layer)
        (rest: Node list)
        (weights: Weights<'T>)
        : Node * Weights<'T> * Node list =
        let factors (rest: Node list) layer =
            InferenceFold<'T>.Factors weights (if rest.IsEmpty then block else 1.0) layer

        match
            (if absorbs layer then
                 leadingNorms weights rest
             else
                 [], rest)
        with
        | (_ :: _ as norms), rest ->
            let last = fst (List.last norms)

            let affine =
                (InferenceFold<'T>.Factors weights 1.0 layer, norms)
                ||> List.fold (fun affine (norm, normalise) ->
                    affine
                    |> andThen normalise
                    |> andThen (
                        if norm.Name = last.Name then
                            factors rest norm
                        else
                            InferenceFold<'T>.Factors weights 1.0 norm
                    )
                )

            bare layer, InferenceFold<'T>.Absorb affine layer weights, rest
        | [], _ ->
            let affine = factors rest layer

            if affine.Gain |> Array.forall ((=) 1.0) then
                Node.Layer { layer with Scale = None }, weights, rest
            elif absorbs layer then
                bare layer, InferenceFold<'T>.Absorb affine layer weights, rest
            elif Op.takesFactor layer.Op then
                bare layer, InferenceFold<'T>.Rescale affine.Gain layer weights, rest
            else
                Node.Layer layer, weights, rest

    /// `block`: the factor of the scaled branch that the body is, for its last layer to take up.
    let rec private body<'T when 'T :> INumberBase<'T>>
        (block: float)
        (nodes: Node list)
        (weights: Weights<'T>)
        : Node list * Weights<'T> =
        let after rest (node: Node, weights) =
            let nodes, weights = body<'T> block rest weights
            node :: nodes, weights

        match nodes with
        | [] -> [], weights
        | Node.Layer layer :: rest ->
            let node, weights, rest = layerFolded block layer rest weights
            after rest (node, weights)
        | Node.Residual r :: rest ->
            let takes =
                Network.lastLayer r.Branch |> Option.exists (fun last -> Op.takesFactor last.Op)

            let factor =
                if takes && r.Scale.IsSome then
                    (InferenceFold<'T>.Read weights (ArrayKey.make ArrayPart.Factor r.Name))[0]
                else
                    1.0

            let branch, weights = body<'T> factor r.Branch weights
            let shortcut, weights = body<'T> 1.0 r.Shortcut weights

            after
                rest
                (Node.Residual {
                    r with
                        Scale = if takes then None else r.Scale
                        Branch = branch
                        Shortcut = shortcut
                 },
                 weights)
        | (Node.Gate _ | Node.Concat _ | Node.Output _ as node) :: rest ->
            let bodies, weights =
                (weights, Node.bodies node)
                ||> List.mapFold (fun weights nodes -> body<'T> 1.0 nodes weights)

            after rest (Node.withBodies bodies node, weights)

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
