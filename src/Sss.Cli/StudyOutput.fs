namespace Sss.Cli

open System
open Spectre.Console
open Sss.Core
open Sss.Files
open Sss.Torch

/// A study on the terminal: a line per run while it goes, and the table at its end.
[<RequireQualifiedAccess>]
module StudyOutput =

    let private line (number: int) (total: int) event =
        let place = $"[{(string number).PadLeft (string total).Length}/{total}]"

        match event with
        | StudyEvent.Done(job, result, seconds) ->
            let share =
                RowText.share (float result.Selected.Macs) (float (max 1L result.Dense.Macs))

            let size =
                if job.Kind = StudyKind.Selected then
                    $", {share} of the macs"
                else
                    $", {Number.grouped result.Selected.Macs} macs"

            let time =
                match seconds with
                | Some s -> $", {s:``0.0``} s"
                | None -> ", done before"

            $"{place} {StudyJobs.label job}: {Metric.ofQuality result.Test.Quality}{size}{time}"
        | StudyEvent.Failed(job, reason) -> $"{place} {StudyJobs.label job}: FAILED: {reason}"

    let private plain quiet total work =
        let mutable number = 0

        work (fun event ->
            number <- number + 1

            match event with
            // Errors are reported in any case.
            | StudyEvent.Failed _ -> Terminal.error (line number total event)
            | StudyEvent.Done _ when quiet -> ()
            | StudyEvent.Done _ -> Terminal.error (line number total event)
        )

    let private live total work =
        let console = Terminal.progress ()
        let mutable number = 0

        let progress =
            console
                .Progress()
                .AutoClear(true)
                .Columns(
                    TaskDescriptionColumn(Alignment = Justify.Left),
                    ProgressBarColumn(Width = max 8 (min 40 (console.Profile.Width - 50))),
                    PercentageColumn(),
                    RemainingTimeColumn()
                )

        progress.Start(fun context ->
            let task = context.AddTask("runs", maxValue = float (max 1 total))

            work (fun event ->
                number <- number + 1
                console.WriteLine(Escape.lines (line number total event))
                task.Increment 1.0
                task.Description <- $"{number} of {total} runs"
            )
        )

    /// Runs work that emits the ends of this many runs, and shows them.
    let show quiet (total: int) (work: (StudyEvent -> unit) -> 'T) : 'T =
        if not quiet && Terminal.watched () then
            live total work
        else
            plain quiet total work

    let private cells (dense: RunSize) label (row: SeedRow) = [
        $"{label}{row.Name}"
        RowText.accuracy row
        RowText.difference row
        RowText.grouped row.Macs
        RowText.share (float row.Macs) (float dense.Macs)
        RowText.grouped row.Params
        RowText.epochs row
        RowText.compute (SeedRows.trainMacs row)
        RowText.verdict row
    ]

    let private heading = [
        ""
        "accuracy %"
        "selected ahead by"
        "macs"
        "of dense"
        "params"
        "epochs"
        "training macs"
        "verdict"
    ]

    /// What the numbers behind ± are.
    let private legend (rows: SeedRow list) = [
        if rows |> List.exists (fun row -> row.Deviation.IsSome) then
            "accuracy: mean ± standard deviation over the seeds; selected ahead by: points, mean of the"
            "paired differences ± its standard error"
    ]

    /// The rows of one network. `dense`: the whole one's size.
    let table (dense: RunSize) (rows: SeedRow list) : string list =
        if rows.IsEmpty then
            []
        else
            Terminal.columns (heading :: List.map (cells dense "") rows) @ legend rows

    /// The rows of each point of a study.
    let tables (study: Study) : string list =
        let rows = study.Points |> List.map (fun point -> point, Study.rows point study)

        match study.Runs with
        | [] -> []
        | first :: _ ->
            // A run's whole network: a control's own is smaller.
            let dense = Study.anySelected study |> Option.defaultValue first |> _.Result.Dense

            Terminal.columns (
                heading
                :: [
                    for point, rows in rows do
                        for row in rows do
                            cells dense $"{point}  " row
                ]
            )
            @ legend (List.collect snd rows)
