namespace Sss.Core

/// Random numbers for a given network, and random patterns of zeros among its factors. All of it is
/// drawn from an explicit generator: the same generator gives the same trial.
[<RequireQualifiedAccess>]
module VerifyNumbers =

    let private array shape (draw: Rng -> struct ('T * Rng)) rng : struct (Tensor<'T> * Rng) =
        let struct (data, rng) = Rng.many draw (int (Parameters.size shape)) rng
        struct ({ Shape = shape; Data = data }, rng)

    /// Normal with a standard deviation.
    let private spread deviation rng : struct (float * Rng) =
        let struct (x, rng) = Rng.normal rng
        struct (deviation * x, rng)

    /// Either sign, and never near 0, so that what is live stays visible in the output.
    let private apart low high rng : struct (float * Rng) =
        let struct (x, rng) = Rng.uniform low high rng
        let struct (negative, rng) = Rng.chance 0.3 rng
        struct ((if negative then -x else x), rng)

    /// One factor in four is exactly 1, as at the start of training.
    let private factor rng : struct (float * Rng) =
        let struct (one, rng) = Rng.chance 0.25 rng
        if one then struct (1.0, rng) else apart 0.3 1.7 rng

    let private draw (p: ArraySpec) =
        match p.Role with
        | ArrayRole.Weight
        | ArrayRole.InnerWeight ->
            let fan = p.Shape |> List.tail |> Parameters.size |> float
            spread (sqrt (2.0 / max 1.0 fan))
        | ArrayRole.Bias
        | ArrayRole.InnerBias -> spread 0.5
        | ArrayRole.NormScale -> apart 0.5 1.5
        | ArrayRole.NormShift -> spread 0.5
        | ArrayRole.PerChannel -> apart 0.1 0.9
        | ArrayRole.RunningMean -> spread 0.5
        | ArrayRole.RunningVariance -> Rng.uniform 0.4 2.0

    /// Random weights, running statistics and factors (none of them 0) for every array of a network.
    /// Weights keep the size of activations about the same from layer to layer.
    let weights (network: Network) (rng: Rng) : struct (Weights<float> * Rng) =
        let wanted = [
            for p in Parameters.ofNetwork network do
                p.Key, p.Shape, draw p.Spec
            for s in Parameters.statistics network do
                s.Key, s.Spec.Shape, draw s.Spec
            for f in Parameters.factors network do
                f.Key, [ f.Scale.Count ], factor
        ]

        let drawn, rng =
            ((Map.empty, rng), wanted)
            ||> List.fold (fun (all, rng) (key, shape, draw) ->
                let struct (tensor, rng) = array shape draw rng
                Map.add key tensor all, rng
            )

        struct (drawn, rng)

    /// A random image for a network.
    let image (network: Network) (rng: Rng) : struct (float[] * Rng) =
        Rng.many Rng.normal (int (Shape.count network.Input)) rng

    /// Every structure of a network, in the order of the text.
    let structures (network: Network) : Structure list = [
        for owner, scale in Network.scales network do
            for i in 0 .. scale.Count - 1 do
                {
                    Owner = owner
                    Kind = scale.Kind
                    Index = i
                }
    ]

    /// How a pattern is drawn. Each way finds faults that the others rarely reach.
    type private Way =
        /// Every structure by itself, with one probability.
        | Even of float
        /// All or nothing, an owner at a time: whole layers, branches and projections die.
        | Owners of float
        /// Every owner with a probability of its own.
        | Mixed
        /// Only structures of one kind.
        | Only of FactorKind * float

    /// `hasShared`: whether there are shared factors. (Others see the patterns that they always saw.)
    let private way hasShared rng : struct (Way * Rng) =
        let struct (density, rng) = Rng.float rng
        let struct (kind, rng) = Rng.below (if hasShared then 9 else 8) rng

        let way =
            match kind with
            | 0
            | 1 -> Even density
            | 2
            | 3 -> Owners(0.6 * density)
            | 4 -> Mixed
            | 5 -> Only(Neuron, density)
            | 6 -> Only(Group, density)
            | 7 -> Only(Block, density)
            | _ -> Only(Shared, density)

        struct (way, rng)

    /// Draws the structures of one owner that are 0.
    let private ofOwner way (structures: Structure list) rng : struct (Structure list * Rng) =
        let struct (own, rng) = Rng.float rng
        let struct (draws, rng) = Rng.many Rng.float structures.Length rng

        let chosen density =
            List.zip structures (List.ofArray draws)
            |> List.filter (fun (_, u) -> u < density)
            |> List.map fst

        let zeros =
            match way with
            | Even density -> chosen density
            | Owners density -> if own < density then structures else []
            | Mixed -> chosen own
            | Only(kind, density) -> chosen density |> List.filter (fun s -> s.Kind = kind)

        struct (zeros, rng)

    /// A random set of structures whose factors are 0: none in one pattern of twenty, all in one of
    /// twenty, else of any density, even or clustered.
    let zeros (network: Network) (rng: Rng) : struct (Set<Structure> * Rng) =
        let all = structures network
        let struct (extreme, rng) = Rng.below 20 rng

        match extreme with
        | 0 -> struct (Set.empty, rng)
        | 1 -> struct (Set.ofList all, rng)
        | _ ->
            let struct (way, rng) = way (all |> List.exists (fun s -> s.Kind = Shared)) rng

            let zeros, rng =
                (([], rng), all |> List.groupBy _.Owner)
                ||> List.fold (fun (zeros, rng) (_, structures) ->
                    let struct (chosen, rng) = ofOwner way structures rng
                    chosen @ zeros, rng
                )

            struct (Set.ofList zeros, rng)

    /// The weights with the factors of these structures at 0; what the others have is kept.
    let withZeros (zeros: Set<Structure>) (weights: Weights<float>) : Weights<float> =
        (weights, zeros |> Seq.groupBy _.Owner)
        ||> Seq.fold (fun weights (owner, structures) ->
            weights
            |> Map.change
                (ArrayKey.make ArrayPart.Factor owner)
                (Option.map (fun factors ->
                    let off = structures |> Seq.map _.Index |> Set.ofSeq

                    {
                        factors with
                            Data =
                                factors.Data
                                |> Array.mapi (fun i f -> if off.Contains i then 0.0 else f)
                    }
                ))
        )

    /// The same numbers at single precision.
    let single (weights: Weights<float>) : Weights<float32> =
        weights
        |> Map.map (fun _ tensor -> {
            Shape = tensor.Shape
            Data = Array.map float32 tensor.Data
        })
