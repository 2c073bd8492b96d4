namespace Sss.Files

open Sss.Core

/// Where factors may come to stand in an imported network.
[<RequireQualifiedAccess>]
module internal ImportFactors =

    /// Numbers of factors, so that the checker says which it does not want.
    type Count = { mutable Next: int }

    let none () : Count = { Next = 0 }

    let private place number : Place = {
        Span =
            Some {
                Line = number
                Column = 1
                Length = 1
            }
        CalledFrom = []
    }

    let scale (count: Count) kind : DraftScale option =
        count.Next <- count.Next + 1

        Some {
            Kind = kind
            Gamma = 1.0
            Init = 1.0
            Min = 0
            Keep = false
            Place = place count.Next
        }

    let private kindOf (op: Op) : FactorKind option =
        match (Op.facts op).Carries with
        | Carries.Factors(Grouping.One | Grouping.Depthwise) -> Some Neuron
        | Carries.Factors(Grouping.Groups _) -> Some Group
        | Carries.FactorsOfLayerBefore
        | Carries.Nothing -> None

    let opOf (vertices: Map<int, Vertex>) (item: Tree option) : Op option =
        match item with
        | Some(Tree.Layer number) ->
            match vertices[number].Made with
            | Made.Layer(op, _) -> Some op
            | Made.Image
            | Made.Sum _
            | Made.Product _
            | Made.Joined _
            | Made.Part _ -> None
        | Some(Tree.Part _ | Tree.Residual _ | Tree.Gate _ | Tree.Concat _ | Tree.Output _)
        | None -> None

    let private isMixing (op: Op) =
        match (Op.facts op).Coupling with
        | Coupling.Mixes _ -> true
        | Coupling.Apart
        | Coupling.Moves _
        | Coupling.Reads _ -> false

    let private isDepthwise (op: Op) =
        match (Op.facts op).Carries with
        | Carries.Factors Grouping.Depthwise -> true
        | Carries.Factors(Grouping.One | Grouping.Groups _)
        | Carries.FactorsOfLayerBefore
        | Carries.Nothing -> false

    /// The kind of factors on a layer between two others: on a `bn` those of the layer before it, none
    /// before a normalisation over channels, and none before a `dwconv`, whose own do the same.
    let kindAt (before: Op option) (op: Op) (after: Op list) : FactorKind option =
        let next = List.tryHead after

        let firstWeights =
            after |> List.tryFind (fun op -> (Op.facts op).Family = Family.Weights)

        let cancels op = (Op.facts op).CancelsGain

        match (Op.facts op).Carries, before with
        | Carries.Factors _, _ when next |> Option.exists (fun op -> cancels op || isMixing op) ->
            None
        | (Carries.Factors _ | Carries.FactorsOfLayerBefore), _ when
            firstWeights |> Option.exists isDepthwise
            ->
            None
        | Carries.Factors _, _ -> kindOf op
        | Carries.FactorsOfLayerBefore, Some layer -> kindOf layer
        | Carries.FactorsOfLayerBefore, None
        | Carries.Nothing, _ -> None

    /// Factors at the end of a side of a sum, which the layers that the sum joins share.
    let sharedAt (op: Op) : FactorKind option =
        match (Op.facts op).Carries with
        | Carries.Factors _
        | Carries.FactorsOfLayerBefore -> Some Shared
        | Carries.Nothing -> None

    /// Whether a branch may carry a factor: by the layer that it ends in.
    let endsScaled vertices (body: Tree list) =
        match opOf vertices (List.tryLast body) with
        | Some op -> (Op.facts op).EndsScaledBranch
        | None -> false
