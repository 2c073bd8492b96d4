namespace Sss.Report

open Sss.Files

/// All points of all studies in one table: how far the selected networks are ahead of each row.
[<RequireQualifiedAccess>]
module internal StudyComparison =

    /// The network, and for how long its recipe trains: a page may have the same one twice.
    let title (study: Study) : string =
        match Study.anySelected study with
        | Some run -> $"{study.Network}, {run.Result.Recipe.Epochs} epochs"
        | None -> study.Network

    /// The selected networks' row of a point.
    let selected (rows: SeedRow list) : SeedRow option =
        let name = StudyKind.word StudyKind.Selected
        rows |> List.tryFind (fun row -> row.Name = name)

    /// Heading and cells; None: nothing is compared.
    let table (studies: Study list) : (string list * string list list) option =
        let points = [
            for study in studies do
                for point in study.Points do
                    let rows = Study.rows point study

                    match selected rows with
                    | Some own -> $"{title study}, {point}", own, rows
                    | None -> ()
        ]

        let controls =
            StudyKind.controls
            |> List.map StudyKind.word
            |> List.filter (fun name ->
                points
                |> List.exists (fun (_, _, rows) ->
                    rows |> List.exists (fun row -> row.Name = name)
                )
            )

        let cell name (_, own, rows) =
            rows
            |> List.tryFind (fun (row: SeedRow) -> row.Name = name)
            |> Option.map (RowText.marked own)
            |> Option.defaultValue "–"

        if controls.IsEmpty then
            None
        else
            Some(
                "" :: (points |> List.map (fun (title, _, _) -> title)),
                [
                    "selected, accuracy, %"
                    :: (points |> List.map (fun (_, own, _) -> RowText.accuracy own))
                    for name in controls do
                        $"ahead of {name} by" :: List.map (cell name) points
                ]
            )
