namespace Sss.Report

open System.Collections.Generic
open Sss.Core

/// What became of the parts of a network, read off the network that is left: layers keep their names.
type internal SelectionOutcome = {
    /// The layers that are left, by name.
    Layers: IReadOnlyDictionary<string, Layer>
    /// Residuals whose two sides are both left.
    Residuals: IReadOnlySet<string>
    /// Concatenations that are left, with the names of their branches.
    Concats: IReadOnlyDictionary<string, string list>
}

[<RequireQualifiedAccess>]
module internal SelectionOutcome =

    /// The outcome of everything in a network that became `selected`.
    let ofSelected (selected: Network) : SelectionOutcome =
        let layers = Dictionary<string, Layer>()
        let residuals = HashSet<string>()
        let concats = Dictionary<string, string list>()

        for node in Network.nodes selected do
            match node with
            | Node.Layer layer -> layers[layer.Name] <- layer
            | Node.Residual r -> residuals.Add r.Name |> ignore
            | Node.Gate _
            | Node.Output _ -> ()
            | Node.Concat c -> concats[c.Name] <- c.Branches |> List.map _.Name

        {
            Layers = layers
            Residuals = residuals
            Concats = concats
        }

    /// The layer as it is left; None: it went.
    let layer (outcome: SelectionOutcome) (layer: Layer) : Layer option =
        match outcome.Layers.TryGetValue layer.Name with
        | true, left -> Some left
        | _ -> None

    /// Whether any layer of a body is left.
    let anyLeft (outcome: SelectionOutcome) (body: Node list) =
        Network.layersOf body |> Seq.exists (fun l -> outcome.Layers.ContainsKey l.Name)

    /// Whether the branch and the shortcut of a residual are left. Where the sum is gone, the side
    /// that has layers left is the one that stays; an empty branch is never the one.
    let sides (outcome: SelectionOutcome) (r: Residual) : struct (bool * bool) =
        if outcome.Residuals.Contains r.Name then
            struct (true, true)
        elif anyLeft outcome r.Branch then
            struct (true, false)
        else
            struct (false, true)

    /// Whether a branch of a concatenation is left. Where the concatenation is gone, the branch that
    /// has layers left is the one that stays.
    let branch (outcome: SelectionOutcome) (c: Concat) (branch: Branch) =
        match outcome.Concats.TryGetValue c.Name with
        | true, names -> List.contains branch.Name names
        | _ ->
            let others =
                c.Branches
                |> List.exists (fun b -> b.Name <> branch.Name && anyLeft outcome b.Body)

            anyLeft outcome branch.Body || (branch.Body.IsEmpty && not others)
