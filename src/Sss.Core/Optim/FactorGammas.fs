namespace Sss.Core

/// The penalty weights γ of all factors as one flat vector, in the order of `Parameters.factors`.
[<RequireQualifiedAccess>]
module FactorGammas =

    /// By kind: the recipe's γ of the factor's kind, times the `gamma` written at its declaration.
    let ofKinds (gamma: Gamma) (factors: FactorArray list) : float[] =
        factors
        |> Seq.collect (fun f ->
            Seq.replicate f.Scale.Count (f.Scale.Gamma * Recipe.gammaOf f.Scale.Kind gamma)
        )
        |> Array.ofSeq

    /// What a target's controller presses relative to each other: every factor as the `gamma` at its
    /// declaration has it (1 where none is written), kinds with a γ of 0 not at all. A kind's γ itself
    /// does not count: it is the strength of a penalty, which a target sets by itself. Where nothing would
    /// be pressed, everything is. What a declaration keeps is never pressed.
    let relative (gamma: Gamma) (factors: FactorArray list) : float[] =
        let each weightOf =
            factors
            |> Seq.collect (fun f ->
                Seq.replicate f.Scale.Count (if f.Scale.Keep then 0.0 else weightOf f.Scale)
            )
            |> Array.ofSeq

        let isNothing = Array.forall ((=) 0.0)

        let wanted =
            each (fun scale ->
                if Recipe.gammaOf scale.Kind gamma > 0.0 then
                    scale.Gamma
                else
                    0.0
            )

        if not (isNothing wanted) then
            wanted
        else
            let declared = each _.Gamma
            if isNothing declared then each (fun _ -> 1.0) else declared

    /// By instance: the factors of the named owners (layer or residual) get the given γ instead.
    /// Names that own no factors are the error.
    let withInstances
        (instances: Map<string, float>)
        (factors: FactorArray list)
        (gammas: float[])
        : Result<float[], string list> =
        let owners = factors |> List.map _.Owner |> Set.ofList

        let unknown =
            instances.Keys |> Seq.filter (fun k -> not (owners.Contains k)) |> List.ofSeq

        let own =
            factors
            |> Seq.collect (fun f -> Seq.replicate f.Scale.Count (instances.TryFind f.Owner))
            |> Array.ofSeq

        if unknown.IsEmpty then
            Ok(Array.map2 (fun gamma own -> Option.defaultValue gamma own) gammas own)
        else
            Error unknown

    /// Cost-weighted: γᵢ in proportion to γᵢ·costᵢ, with Σγ unchanged; costs are the macs or the
    /// params that a structure carries (0 or more). Where all costs are 0 nothing changes.
    let costWeighted (costs: float[]) (gammas: float[]) : float[] =
        let weighted = Array.map2 (*) gammas costs
        let total = Array.sum weighted

        if total = 0.0 then
            Array.copy gammas
        else
            let scale = Array.sum gammas / total
            Array.map (fun w -> w * scale) weighted
