namespace Sss.Core.Select

open Sss.Core

/// Which factors stay, and which are folded into weights.
[<RequireQualifiedAccess>]
module internal FactorFolding =

    /// The one group that is left of a grouped convolution: without groups it carries no such factor.
    let private isLoneGroup (layer: Layer) (scale: Scale) : bool =
        scale.Kind = Group
        && scale.Count < 2
        && (
            match (Op.facts layer.Op).Carries with
            | Carries.Factors(Grouping.Groups _) -> false
            | Carries.Factors(Grouping.One | Grouping.Depthwise)
            | Carries.FactorsOfLayerBefore
            | Carries.Nothing -> true
        )

    /// Owners whose factors may stay where the language lets them stand. The others are folded. `shared`:
    /// those of shared factors.
    let private standing (shared: Set<string>) (network: Network) =
        let rec inBody isLast body = [
            for i, node in List.indexed body do
                let following = List.tryItem (i + 1) body
                let isOutput = isLast && following.IsNone

                let isCancelled =
                    match following with
                    | Some(Node.Layer next) -> (Op.facts next.Op).CancelsGain
                    | Some(Node.Residual _)
                    | Some(Node.Gate _)
                    | Some(Node.Concat _)
                    | Some(Node.Output _)
                    | None -> false

                match node with
                | Node.Layer { Scale = None }
                | Node.Residual { Scale = None }
                | Node.Gate _
                | Node.Concat _
                | Node.Output _ -> ()
                | Node.Layer { Scale = Some { Kind = Shared } } -> ()
                | Node.Layer({ Scale = Some scale } as layer) ->
                    let isOwn =
                        match (Op.facts layer.Op).Carries with
                        | Carries.Factors _ -> true
                        | Carries.FactorsOfLayerBefore
                        | Carries.Nothing -> false

                    if
                        not (isOwn && isCancelled) && not isOutput && not (isLoneGroup layer scale)
                    then
                        layer.Name
                | Node.Residual { Scale = Some _; Name = name } -> name

                for inner in Node.bodies node do
                    yield! inBody (Network.asOutput node).IsSome inner
        ]

        Set.union shared (Set.ofList (inBody true network.Body))

    /// Residuals by the layer that ends their scaled branch, where that layer can take up a factor.
    let ends (network: Network) =
        Network.residuals network
        |> Seq.filter (fun r -> r.Scale.IsSome)
        |> Seq.choose (fun r ->
            BackwardAnalysis.factorTaker r.Branch |> Option.map (fun last -> last, r.Name)
        )
        |> Map.ofSeq

    let unscale folded (network: Network) =
        let keep name scale =
            scale
            |> Option.filter (fun s -> not (Set.contains (Scale.ownerOf name s) folded))

        network
        |> Network.map
            (fun l -> { l with Scale = keep l.Name l.Scale })
            (fun r -> { r with Scale = keep r.Name r.Scale })

    /// Owners whose factors are folded when `scaled` is what is left of `network`. `shared`: owners of
    /// shared factors that may stay.
    let folded
        keepFactors
        (shared: Set<string>)
        (network: Network)
        (scaled: Network)
        : Set<string> =
        let stays =
            if keepFactors then
                standing shared scaled
            else
                // A residual that ends in nothing that takes up a factor keeps it; checked networks
                // have none.
                Network.residuals scaled
                |> Seq.filter (fun r ->
                    r.Scale.IsSome && (BackwardAnalysis.factorTaker r.Branch).IsNone
                )
                |> Seq.map _.Name
                |> Set.ofSeq

        Network.scales network
        |> Seq.map fst
        |> Seq.filter (fun owner -> not (stays.Contains owner))
        |> Set.ofSeq
