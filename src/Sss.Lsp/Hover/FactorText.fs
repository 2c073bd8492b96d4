namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// What a hover shows of scaling factors.
[<RequireQualifiedAccess>]
module internal FactorText =

    /// What is removed where one factor of a kind is zero.
    let private removed (kind: FactorKind) =
        match kind with
        | Neuron -> "its channel is removed, with everything that only it feeds"
        | Group ->
            "its group is removed: the producers of its inputs, its filters, and the columns that read it"
        | Block -> "the branch is removed; the shortcut stays"
        | Shared ->
            "its channel is removed from every layer that shares the factors, with everything that only it feeds"

    let private each (kind: FactorKind) count =
        match kind with
        | Neuron -> $"one for each of the {Numbers.grouped count} channels"
        | Group -> $"one for each of the {Numbers.grouped count} groups"
        | Block -> "one for the whole branch"
        | Shared -> $"one for each of the {Numbers.grouped count} channels that the layers share"

    /// The layer or residual that the factors of a node are named after.
    let private ownerOf (network: Network) (name: string) : string =
        Network.layers network
        |> Seq.tryFind (fun layer -> layer.Name = name)
        |> Option.bind _.Scale
        |> Option.map (Scale.ownerOf name)
        |> Option.defaultValue name

    /// The layers that share the factors of one; nothing where it has them alone.
    let private sharing (document: Document) (name: string) : string =
        document.Known.Value.Network
        |> Option.bind (fun network ->
            Map.tryFind (ownerOf network name) (Network.carriers network)
        )
        |> Option.filter (fun layers -> layers.Length > 1)
        |> Option.map (fun layers ->
            let names = layers |> List.map (fun l -> $"`{l.Name}`")
            let shown = names |> List.truncate 12 |> String.concat ", "
            "Shared by " + shown + (if names.Length > 12 then ", …" else "") + "."
        )
        |> Option.defaultValue ""

    /// What the first factor of a declaration saves, if it alone is zero.
    let private saving (document: Document) (name: string) : string =
        match document.Known.Value.Network with
        | None -> ""
        | Some network ->
            let owner = ownerOf network name
            let whole = Selection.wouldBe network (fun _ _ -> false) None
            let without = Selection.wouldBe network (fun o i -> o = owner && i = 0) None

            match whole, without with
            | Some whole, Some without when whole <> without ->
                let factor = Numbers.counted (whole.Params - without.Params) "param"

                $"One alone that is zero saves {factor} and {Numbers.grouped (whole.Macs - without.Macs)} macs."
            | Some _, Some _ -> "One alone that is zero removes nothing: something else needs it."
            | _ -> "Nothing would be left of the network without it."

    /// The factors of a statement.
    let ofStatement (document: Document) (placed: PlacedStatement) : string =
        let facts = Document.factsOf document placed

        let scaled =
            facts.Instances
            |> List.collect _.Nodes
            |> List.choose (fun n ->
                if n.Place.Span = Some placed.Statement.Span then
                    Node.scale n.Node |> Option.map (fun scale -> Node.name n.Node, scale)
                else
                    None
            )

        match scaled with
        | [] -> ""
        | (owner, scale) :: _ ->
            let where =
                if scaled.Length > 1 then
                    $" This is `{owner}`, the first of {scaled.Length}."
                else
                    $" This is `{owner}`."

            StatementText.paragraphs [
                $"Scaling factors: {each scale.Kind (int64 scale.Count)}.{where}"
                $"If a factor is zero, {removed scale.Kind}."
                sharing document owner
                saving document owner
                StatementText.bullets [
                    $"starts at {NumberText.real scale.Init}"
                    $"penalty: {NumberText.real scale.Gamma} times the recipe's gamma"

                    if scale.Keep then
                        "a target leaves all of them alone"
                    elif scale.Min > 0 then
                        $"a target leaves at least {scale.Min} of them"
                ]
            ]
