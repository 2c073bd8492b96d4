/// Shared factors on layers of a random network.
module Sss.Tests.Select.Sharing

open Sss.Core
open Sss.Core.Select
open Sss.Tests.Select.SketchOps

let private withScale name scale (network: Network) : Network =
    Network.map (fun l -> if l.Name = name then { l with Scale = scale } else l) id network

/// The network in which this layer declares shared factors, where they are any; layers that would carry
/// others too lose theirs.
let rec private declare (network: Network) (layer: Layer) : Network =
    let shared, problems =
        network
        |> withScale layer.Name (Some(factors Shared layer.Output.Channels))
        |> SharedFactors.resolve

    match problems with
    | [] -> shared
    | [ _, FactorProblem.SharedWithOwn(_, other) ] -> declare (withScale other None network) layer
    | _ -> network

let rec private beforeNorm (body: Node list) : string list = [
    for node, following in List.pairwise body do
        match node, following with
        | Node.Layer l, Node.Layer { Op = Op.BatchNorm _ } -> l.Name
        | _ -> ()

    for node in body do
        yield! List.collect beforeNorm (Node.bodies node)
]

/// Declares shared factors on random layers of those that may; 0: on none.
let share (seed: int) (network: Network) : Network =
    if seed = 0 then
        network
    else
        let before = Set.ofList (beforeNorm network.Body)

        let may =
            Network.layers network
            |> Seq.filter (fun l ->
                match (Op.facts l.Op).Carries with
                | Carries.Factors _
                | Carries.FactorsOfLayerBefore -> not (before.Contains l.Name)
                | Carries.Nothing -> false
            )
            |> List.ofSeq

        let struct (draws, _) = Rng.many Rng.float may.Length (Rng.create seed)

        (network, List.zip may (List.ofArray draws))
        ||> List.fold (fun network (layer, draw) ->
            let isShared =
                Network.layers network
                |> Seq.exists (fun l ->
                    l.Name = layer.Name && l.Scale |> Option.exists (fun s -> s.Kind = Shared)
                )

            if draw < 0.7 && not isShared then
                declare network layer
            else
                network
        )
