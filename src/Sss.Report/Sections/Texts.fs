namespace Sss.Report

open DiffPlex.DiffBuilder
open DiffPlex.DiffBuilder.Model
open Giraffe.ViewEngine
open Sss.Core
open Sss.Dsl
open Sss.Files

/// The recipe, and the texts of the two networks.
[<RequireQualifiedAccess>]
module internal Texts =

    /// Lines around a difference.
    let private context = 3

    /// A longer difference is cut.
    let private mostLines = 5000

    /// The recipe as the language writes it, and how the run went.
    let recipe (facts: RunFacts) : XmlNode list =
        let recipe =
            facts.Result
            |> Option.map _.Recipe
            |> Option.orElse (facts.Dense |> Option.bind _.Recipe)

        match recipe with
        | None -> []
        | Some recipe -> [
            Markup.section "recipe" "Recipe" [
                match facts.Result with
                | Some r ->
                    Markup.facts [
                        "method", r.Method
                        "seed", string r.Seed
                        match r.Validation with
                        | Some v ->
                            "chosen epoch",
                            $"{v.Epoch}, {Metric.ofQuality v.Quality} of the validation images"
                        | None -> ()
                        "training",
                        ReadableNumber.brief (round (10.0 * r.Seconds.Train) / 10.0) + " s"
                        "selection",
                        ReadableNumber.brief (round (100.0 * r.Seconds.Select) / 100.0) + " s"
                    ]
                | None -> ()
                match facts.Dense, facts.Preparation with
                | Some dense, Some preparation ->
                    let words = Preparation.text dense.Network.Input preparation
                    Markup.para $"How images are prepared: {words}."
                | _ -> ()
                Markup.scroll "Recipe" [ pre [] [ code [] [ str (Language.printRecipe recipe) ] ] ]
            ]
          ]

    let private mark (line: DiffPiece) =
        match line.Type with
        | ChangeType.Inserted -> "+", "added"
        | ChangeType.Deleted -> "−", "removed"
        | _ -> " ", ""

    /// Changed lines with a few around them; None marks lines that are left out.
    let private hunks (lines: DiffPiece[]) =
        let near =
            let changed = lines |> Array.map (fun l -> l.Type <> ChangeType.Unchanged)

            let at = Array.create lines.Length false

            changed
            |> Array.iteri (fun i c ->
                if c then
                    for j in max 0 (i - context) .. min (lines.Length - 1) (i + context) do
                        at[j] <- true
            )

            at

        [
            for i in 0 .. lines.Length - 1 do
                if near[i] then
                    Some lines[i]
                elif i = 0 || near[i - 1] then
                    None
        ]

    /// The difference of the two texts.
    let difference (facts: RunFacts) : XmlNode list =
        match facts.Dense, facts.Selected with
        | Some dense, Some selected ->
            let before, after = Language.print dense.Network, Language.print selected.Network

            let lines = InlineDiffBuilder.Diff(before, after).Lines.ToArray() |> hunks

            let line (piece: DiffPiece option) =
                match piece with
                | None -> span [ _class "diff-line skipped" ] [ str "⋯" ]
                | Some piece ->
                    let sign, kind = mark piece

                    span [ _class ("diff-line " + kind) ] [
                        str (sign + " " + (piece.Text |> Option.ofObj |> Option.defaultValue ""))
                    ]

            [
                Markup.section "difference" "The difference between the two networks" [
                    Markup.note
                        "network.sss against selected.sss, without the recipe: lines with − went, \
                         lines with + came."
                    Markup.scroll "Difference" [
                        pre
                            [ _class "difference" ]
                            (lines |> List.truncate mostLines |> List.map line)
                    ]
                    if lines.Length > mostLines then
                        Markup.note $"{lines.Length - mostLines} more lines are in the files."
                ]
            ]
        | _ -> []
