namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// What a hover shows of a statement: what it is in the network, and what it costs.
[<RequireQualifiedAccess>]
module internal StatementText =

    /// A piece of the language.
    let code (text: string) = "```sss\n" + text + "\n```"

    /// Texts that are not empty, apart from each other.
    let paragraphs (parts: string list) =
        parts |> List.filter (fun p -> p <> "") |> String.concat "\n\n"

    /// A list.
    let bullets (items: string list) =
        items |> List.map (fun item -> "- " + item) |> String.concat "\n"

    let private shape (s: Shape option) =
        s |> Option.map string |> Option.defaultValue "?"

    let private names (facts: StatementFacts) : string =
        let all =
            facts.Instances
            |> List.collect _.Nodes
            |> List.map (fun n -> Node.name n.Node)
            |> List.distinct

        match all with
        | [] -> ""
        | [ one ] -> $"`{one}`"
        | all ->
            let shown =
                all
                |> List.truncate 4
                |> List.map (fun name -> $"`{name}`")
                |> String.concat ", "

            shown + (if all.Length > 4 then $" and {all.Length - 4} more" else "")

    /// `1x28x28 → 16x28x28`, for each different pair.
    let private shapes (facts: StatementFacts) : string =
        let pairs =
            facts.Instances
            |> List.map (fun i -> $"{shape i.Input} → {shape i.Output}")
            |> List.distinct

        String.concat ", " (List.truncate 4 pairs)
        + (if pairs.Length > 4 then ", …" else "")

    /// What something costs; `share`: what is said behind its macs.
    let costs (cost: Cost) (share: string) : string list = [
        Numbers.counted cost.Params "param"
        Numbers.grouped cost.Macs + " macs" + share
        if cost.Factors > 0L then
            Numbers.counted cost.Factors "factor"
    ]

    /// What something costs, and its share of the whole.
    let cost (document: Document) (cost: Cost) : string list =
        let share =
            if cost.Macs = 0L then
                ""
            else
                ", " + Numbers.share cost.Macs (Document.macs document) + " of the network"

        costs cost share

    let private arrays (layer: Layer) : string list = [
        for spec in Op.arrays layer.Op layer.Input do
            let part = (string (ArrayKey.make spec.Part "")).TrimStart '.'
            let size = spec.Shape |> List.map string |> String.concat "x"
            $"{part}: {size}"
    ]

    let private layersOf (instance: Instance) : Layer list =
        instance.Nodes
        |> List.choose (fun n ->
            match n.Node with
            | Node.Layer layer -> Some layer
            | Node.Residual _
            | Node.Gate _
            | Node.Concat _
            | Node.Output _ -> None
        )

    /// A statement: what it is in the network, and what it costs.
    let statement (document: Document) (placed: PlacedStatement) (first: string) : string =
        let facts = Document.factsOf document placed

        match facts.Instances with
        | [] -> first
        | head :: _ ->
            let own =
                match placed.Statement.Kind with
                | StatementKind.Apply(word, _, _) when Words.isKind word.Value -> layersOf head
                | StatementKind.Apply _
                | StatementKind.Repeat _
                | StatementKind.Residual _
                | StatementKind.Gate _
                | StatementKind.Output _
                | StatementKind.Concat _
                | StatementKind.Split _
                | StatementKind.Body _
                | StatementKind.Broken -> []

            paragraphs [
                (if own.IsEmpty then
                     first
                 else
                     own
                     |> List.map (fun l -> LayerWords.written l.Op)
                     |> String.concat "\n"
                     |> code)
                $"{names facts}: {shapes facts}"
                bullets [
                    if head.Input.IsSome && head.Output.IsSome then
                        for layer in own do
                            yield! arrays layer

                    yield! cost document facts.Cost
                ]
            ]
