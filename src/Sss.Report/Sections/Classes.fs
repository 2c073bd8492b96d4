namespace Sss.Report

open System
open Giraffe.ViewEngine
open Sss.Files

/// What the selected network makes of each class, and the dense network beside it where it was trained too.
[<RequireQualifiedAccess>]
module internal Classes =

    /// Beyond this many classes a matrix is too fine to be read.
    let private mostInMatrix = 20

    let private share (value: float option) =
        value |> Option.map ReadableNumber.percent |> Option.defaultValue "–"

    /// Points of recall that the selected network is ahead of the dense one.
    let private ahead (row: ClassRow) (dense: ClassRow) =
        Option.map2 (fun a b -> 100.0 * (a - b)) (ClassRow.recall row) (ClassRow.recall dense)

    let private table (result: RunResult) =
        let dense = result.DenseClasses |> List.map (fun row -> row.Name, row) |> Map.ofList
        let hasDense = not dense.IsEmpty
        let beside (row: ClassRow) = Map.tryFind row.Name dense

        // What has lost most stands first; without the dense network, what is recognised least.
        let order (row: ClassRow) =
            match beside row |> Option.bind (ahead row) with
            | Some difference -> difference
            | None -> ClassRow.recall row |> Option.defaultValue infinity

        let cells (row: ClassRow) = [
            [ str row.Name ]
            [ str (string row.Images) ]
            [
                span [ _class "share" ] [ str (share (ClassRow.recall row)) ]
                Markup.bar (ClassRow.recall row |> Option.defaultValue 0.0)
            ]
            if hasDense then
                [ str (beside row |> Option.bind ClassRow.recall |> share) ]

                [
                    match beside row |> Option.bind (ahead row) with
                    | Some points -> str $"{points:``+0.0;-0.0;0.0``}"
                    | None -> str "–"
                ]
            [ str (share (ClassRow.precision row)) ]
            [ str (ClassRow.othersText id row) ]
        ]

        Markup.table
            "Classes"
            [
                "class", Markup.Text
                "images", Markup.Number
                "recall", Markup.Drawing
                if hasDense then
                    "recall, dense", Markup.Number
                    "points ahead", Markup.Number
                "precision", Markup.Number
                "taken for", Markup.Text
            ]
            (result.Classes |> List.sortBy order |> List.map cells)

    /// A row for each class, a column for what its images are taken for.
    let private matrix (rows: ClassRow list) =
        let cell (row: ClassRow) (column: ClassRow) =
            if row.Name = column.Name then
                row.Right
            else
                row.TakenFor
                |> List.tryFind (fst >> (=) column.Name)
                |> Option.map snd
                |> Option.defaultValue 0

        details [] [
            summary [] [ str "The confusion matrix" ]
            Markup.note "A row for each class, a column for what its images are taken for."
            Markup.table
                "Confusion matrix"
                (("", Markup.Text) :: (rows |> List.map (fun row -> row.Name, Markup.Number)))
                [
                    for row in rows do
                        [ str row.Name ]
                        :: [
                            for column in rows do
                                match cell row column with
                                | 0 -> [ str "" ]
                                | n when row.Name = column.Name -> [ strong [] [ str (string n) ] ]
                                | n -> [ str (string n) ]
                        ]
                ]
        ]

    /// The section; empty where `result.json` has no classes.
    let section (facts: RunFacts) : XmlNode list =
        match facts.Result with
        | Some result when not result.Classes.IsEmpty -> [
            Markup.section "classes" "Classes" [
                match ClassRow.lost result.Classes with
                | [] -> ()
                | names ->
                    let list = String.Join(", ", List.truncate 8 names)

                    p [ _class "verdict bad" ] [
                        strong [] [ str "✗ lost" ]
                        str $" – no test image is recognised of {list}."
                    ]
                Markup.note
                    "The selected network on the test images. Recall: the share of a class's images that are \
                     recognised. Precision: the share of the images taken for it that are of it."
                table result
                if result.Classes.Length <= mostInMatrix then
                    matrix result.Classes
            ]
          ]
        | Some _
        | None -> []
