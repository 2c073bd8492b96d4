namespace Sss.Core

/// Where factors may stand on layers (`language.md` §4). Bodies here are flat: scopes are gone.
module internal CheckFactors =

    /// A layer of a draft with what the rules ask about its surroundings.
    type Site = {
        Op: Op
        /// The operation right before it in the same body, if that is a layer.
        Before: Op option
        /// The operation right behind it in the same body, if that is a layer.
        After: Op option
    }

    let private isGrouped =
        function
        | Op.Conv c -> c.Groups > 1
        | _ -> false

    let private groupsOf =
        function
        | Op.Conv c -> c.Groups
        | _ -> 1

    /// The problem with a factor of a kind on a layer, if there is one.
    let problem (kind: FactorKind) (site: Site) : FactorProblem option =
        let word = Op.word site.Op

        /// The rules on groups, for a layer with weights or for the bn that follows one.
        let onWeights (weights: Op) =
            match kind, weights with
            | Group, Op.DepthwiseConv _ -> Some(FactorProblem.GroupFactorOnDepthwise word)
            | Group, op when not (isGrouped op) -> Some(FactorProblem.GroupFactorWithoutGroups word)
            | Neuron, op when isGrouped op ->
                Some(FactorProblem.NeuronFactorOnGroups(word, groupsOf op))
            | _ -> None

        match site.Op, kind with
        | (Op.Conv _ | Op.DepthwiseConv _ | Op.Dense _ | Op.BatchNorm _), Block ->
            Some(FactorProblem.BlockFactorOnLayer word)
        | (Op.Conv _ | Op.DepthwiseConv _ | Op.Dense _), _ ->
            match site.After, onWeights site.Op with
            | _, Some problem -> Some problem
            | Some(Op.BatchNorm _), None -> Some(FactorProblem.FactorBeforeNorm word)
            | _ -> None
        | Op.BatchNorm _, _ ->
            match site.Before with
            | Some(Op.Conv _ | Op.DepthwiseConv _ | Op.Dense _ as weights) -> onWeights weights
            | _ -> Some(FactorProblem.FactorOnLoneNorm kind)
        | _ -> Some(FactorProblem.FactorOnPlainLayer(word, kind))

    /// How many factors a declaration makes on a layer.
    let count (kind: FactorKind) (site: Site) (output: Shape) : int =
        match kind, site.Op, site.Before with
        | Block, _, _ -> 1
        | Neuron, _, _ -> output.Channels
        | Group, (Op.Conv _ as op), _ -> groupsOf op
        | Group, _, Some op -> groupsOf op
        | Group, _, None -> 1
