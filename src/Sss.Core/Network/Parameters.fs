namespace Sss.Core

/// One trained array of a network.
type Parameter = {
    /// Of a weight or a bias.
    Key: ArrayKey
    Spec: ArraySpec
    /// Whether the recipe's decay (L2) acts on it; `language.md` §6 has the rule.
    Decays: bool
} with

    /// PyTorch's layouts: out × in/groups × kh × kw for convolutions, out × in for `dense`.
    member p.Shape = p.Spec.Shape

    member p.Role = p.Spec.Role

/// One array that training does not change by gradients: a running mean or variance.
type Statistic = {
    /// Of a mean or a variance.
    Key: ArrayKey
    Spec: ArraySpec
    /// Its number of values.
    Count: int
}

/// One array of factors.
type FactorArray = {
    Key: ArrayKey
    /// The layer or residual that declares them.
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

    /// Whether gradients change an array.
    let isTrained (role: ArrayRole) =
        match role with
        | ArrayRole.Weight
        | ArrayRole.Bias
        | ArrayRole.InnerWeight
        | ArrayRole.InnerBias
        | ArrayRole.PerChannel
        | ArrayRole.NormScale
        | ArrayRole.NormShift -> true
        | ArrayRole.RunningMean
        | ArrayRole.RunningVariance -> false

    let private arrays (layer: Layer) = Op.arrays layer.Op layer.Input

    /// The trained arrays of one layer. `underFactor`: the layer carries a factor or ends a scaled
    /// branch.
    let ofLayer (underFactor: bool) (layer: Layer) : Parameter list = [
        for spec in arrays layer do
            if isTrained spec.Role then
                {
                    Key = ArrayKey.make spec.Part layer.Name
                    Spec = spec
                    Decays =
                        match spec.Decay with
                        | ArrayDecay.Always -> true
                        | ArrayDecay.Never -> false
                        | ArrayDecay.UnderFactor -> underFactor
                }
    ]

    /// Names of the layers that end a scaled branch.
    let private scaledEnds (network: Network) =
        Network.scaledEnds network |> Seq.map (fun (_, last) -> last.Name) |> Set.ofSeq

    /// The trained arrays of a network, without factors.
    let ofNetwork (network: Network) : Parameter list =
        let ends = scaledEnds network

        Network.layers network
        |> Seq.collect (fun layer ->
            ofLayer (layer.Scale.IsSome || Set.contains layer.Name ends) layer
        )
        |> List.ofSeq

    /// Running statistics of every normalisation: one value per channel.
    let statistics (network: Network) : Statistic list = [
        for layer in Network.layers network do
            for spec in arrays layer do
                if not (isTrained spec.Role) then
                    {
                        Key = ArrayKey.make spec.Part layer.Name
                        Spec = spec
                        Count = int (size spec.Shape)
                    }
    ]

    /// The key of the factors that multiply a layer.
    let factorKey (layer: Layer) (scale: Scale) : ArrayKey =
        ArrayKey.make ArrayPart.Factor (Scale.ownerOf layer.Name scale)

    /// The key that an array of a smaller network has in the network it was made of. They differ where
    /// factors are shared and the layer that declared them was removed: another one declares them then.
    let keyIn (larger: Network) : ArrayKey -> ArrayKey =
        let shared =
            Network.layers larger
            |> Seq.choose (fun layer ->
                layer.Scale
                |> Option.filter (Scale.isDeclared >> not)
                |> Option.map (fun scale ->
                    ArrayKey.make ArrayPart.Factor layer.Name, factorKey layer scale
                )
            )
            |> Map.ofSeq

        fun key -> Map.tryFind key shared |> Option.defaultValue key

    /// The factors of a network.
    let factors (network: Network) : FactorArray list = [
        for owner, scale in Network.scales network do
            {
                Key = ArrayKey.make ArrayPart.Factor owner
                Owner = owner
                Scale = scale
            }
    ]
