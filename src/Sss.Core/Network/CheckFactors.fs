namespace Sss.Core

/// Where factors may be on layers (`language.md` §4). Bodies here are flat: scopes are gone.
module internal CheckFactors =

    /// A layer of a draft with what the rules ask about its surroundings.
    type Site = {
        Op: Op
        /// The operation right before it in the same body, if that is a layer.
        Before: Op option
        /// The operation right after it in the same body, if that is a layer.
        After: Op option
    }

    let private groupingOf (op: Op) : Grouping option =
        match (Op.facts op).Carries with
        | Carries.Factors grouping -> Some grouping
        | Carries.FactorsOfLayerBefore
        | Carries.Nothing -> None

    /// The problem with a factor of a kind on channels that are grouped so.
    let private onGroups word (kind: FactorKind) (grouping: Grouping) : FactorProblem option =
        match kind, grouping with
        | Block, _ -> Some(FactorProblem.BlockFactorOnLayer word)
        | Group, Grouping.Depthwise -> Some(FactorProblem.GroupFactorOnDepthwise word)
        | Group, Grouping.One -> Some(FactorProblem.GroupFactorWithoutGroups word)
        | Neuron, Grouping.Groups count -> Some(FactorProblem.NeuronFactorOnGroups(word, count))
        | Group, Grouping.Groups _
        | Neuron, Grouping.One
        | Neuron, Grouping.Depthwise
        // Which channels are joined is known once the whole network is.
        | Shared, _ -> None

    /// The problem with a factor of a kind on a layer, if there is one.
    let problem (kind: FactorKind) (site: Site) : FactorProblem option =
        let facts = Op.facts site.Op

        match facts.Carries with
        | Carries.Nothing -> Some(FactorProblem.FactorOnPlainLayer(facts.Word, kind))
        | Carries.Factors grouping ->
            match onGroups facts.Word kind grouping, site.After with
            | Some problem, _ -> Some problem
            | None, Some after when (Op.facts after).CancelsGain ->
                Some(FactorProblem.FactorBeforeNorm facts.Word)
            | None, _ -> None
        | Carries.FactorsOfLayerBefore ->
            match kind, Option.bind groupingOf site.Before with
            | Shared, _ -> None
            | Block, _ -> Some(FactorProblem.BlockFactorOnLayer facts.Word)
            | _, Some grouping -> onGroups facts.Word kind grouping
            | _, None -> Some(FactorProblem.FactorOnLoneNorm kind)

    let private groupsOf (op: Op) : int =
        match groupingOf op with
        | Some(Grouping.Groups count) -> count
        | Some Grouping.One
        | Some Grouping.Depthwise
        | None -> 1

    /// How many factors a declaration makes on a layer.
    let count (kind: FactorKind) (site: Site) (output: Shape) : int =
        match kind, (Op.facts site.Op).Carries with
        | Block, _ -> 1
        | (Neuron | Shared), _ -> output.Channels
        | Group, Carries.FactorsOfLayerBefore ->
            site.Before |> Option.map groupsOf |> Option.defaultValue 1
        | Group, Carries.Factors _
        | Group, Carries.Nothing -> groupsOf site.Op
