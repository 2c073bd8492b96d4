namespace Sss.Core

/// What one trained array is for.
type ParameterRole =
    /// A weight of `conv`, `dwconv` or `dense`.
    | Weight
    /// A bias of `conv`, `dwconv` or `dense`.
    | Bias
    /// The scale of a `bn` (its `weight` in files).
    | BnScale
    /// The shift of a `bn` (its `bias` in files).
    | BnShift

/// One trained array of a network.
type Parameter = {
    /// `LAYER.weight` or `LAYER.bias`.
    Key: string
    /// PyTorch's layouts: out × in/groups × kh × kw for convolutions, out × in for `dense`.
    Shape: int list
    Role: ParameterRole
    /// Whether the recipe's decay (L2) acts on it; `language.md` §6 has the rule.
    Decays: bool
}

/// One array of factors: `LAYER.factor`.
type FactorArray = {
    Key: string
    /// The layer or residual that carries them.
    Owner: string
    Scale: Scale
}

/// The arrays that a network is made of. Their order is the order of the text, and it is the order
/// in the flat vectors of training, in checkpoints and in files.
[<RequireQualifiedAccess>]
module Parameters =

    /// The number of values of an array.
    let size (shape: int list) =
        List.fold (fun n d -> n * int64 d) 1L shape

    let private weightShape (layer: Layer) =
        match layer.Op with
        | Op.Conv c ->
            Some([ c.Out; layer.Input.Channels / c.Groups; c.Kernel.H; c.Kernel.W ], c.Bias)
        | Op.DepthwiseConv c -> Some([ layer.Input.Channels; 1; c.Kernel.H; c.Kernel.W ], c.Bias)
        | Op.Dense d -> Some([ d.Out; int (Shape.count layer.Input) ], d.Bias)
        | _ -> None

    /// The trained arrays of one layer. `underFactor`: the layer carries a factor or ends a scaled
    /// branch; a bn there decays, since otherwise it would grow as its factor shrinks and the
    /// penalised problem would have no minimum.
    let ofLayer (underFactor: bool) (layer: Layer) : Parameter list =
        let array name shape role decays = {
            Key = $"{layer.Name}.{name}"
            Shape = shape
            Role = role
            Decays = decays
        }

        match layer.Op with
        | Op.BatchNorm _ ->
            let shape = [ layer.Output.Channels ]

            [
                array "weight" shape BnScale underFactor
                array "bias" shape BnShift underFactor
            ]
        | _ ->
            match weightShape layer with
            | None -> []
            | Some(shape, bias) -> [
                array "weight" shape Weight true
                if bias then
                    array "bias" [ layer.Output.Channels ] Bias false
              ]

    /// Names of the layers that end a scaled branch.
    let private scaledEnds (network: Network) =
        Network.nodes network
        |> Seq.choose (
            function
            | Node.Residual { Scale = Some _; Branch = branch } ->
                match List.tryLast branch with
                | Some(Node.Layer layer) -> Some layer.Name
                | _ -> None
            | _ -> None
        )
        |> Set.ofSeq

    /// The trained arrays of a network, without factors.
    let ofNetwork (network: Network) : Parameter list =
        let ends = scaledEnds network

        Network.layers network
        |> Seq.collect (fun layer ->
            ofLayer (layer.Scale.IsSome || Set.contains layer.Name ends) layer
        )
        |> List.ofSeq

    /// Running mean and variance of every `bn`: `LAYER.mean`, `LAYER.var`, one value a channel.
    let statistics (network: Network) : (string * int) list = [
        for layer in Network.layers network do
            match layer.Op with
            | Op.BatchNorm _ ->
                $"{layer.Name}.mean", layer.Output.Channels
                $"{layer.Name}.var", layer.Output.Channels
            | _ -> ()
    ]

    /// The factors of a network.
    let factors (network: Network) : FactorArray list = [
        for owner, scale in Network.scales network do
            {
                Key = $"{owner}.factor"
                Owner = owner
                Scale = scale
            }
    ]
