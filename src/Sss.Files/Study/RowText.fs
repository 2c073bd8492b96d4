namespace Sss.Files

open System.Globalization

/// The cells of a row as a person reads them, the same on a terminal, in Markdown and in a report.
[<RequireQualifiedAccess>]
module RowText =

    let private write (format: string) (value: float) =
        value.ToString(format, CultureInfo.InvariantCulture)

    let private spread (format: string) (spread: float option) =
        match spread with
        | Some s -> " ± " + write format s
        | None -> ""

    /// A fraction in percent, without the sign of percent.
    let percent (fraction: float) : string = write "0.00" (100.0 * fraction)

    /// Mean accuracy in percent, and the standard deviation over the seeds.
    let accuracy (row: SeedRow) : string =
        percent row.Accuracy + spread "0.00" (row.Deviation |> Option.map ((*) 100.0))

    /// How many points of accuracy the selected network is ahead, and the standard error of that;
    /// empty where nothing is compared.
    let difference (row: SeedRow) : string =
        match row.Difference with
        | None -> ""
        | Some d ->
            // A zero has no sign, whichever side it was rounded from.
            let text = percent (abs d)

            let sign =
                if text = "0.00" then ""
                elif d > 0.0 then "+"
                else "−"

            sign + text + spread "0.00" (row.StandardError |> Option.map ((*) 100.0))

    /// The same for Markdown, bold where it is beyond chance.
    let marked (selected: SeedRow) (row: SeedRow) : string =
        if SeedRows.isBeyondChance selected row then
            $"**{difference row}**"
        else
            difference row

    /// A count in thousands.
    let grouped (count: int64) : string =
        count.ToString("#,0", CultureInfo.InvariantCulture)

    /// A part of a whole in percent.
    let share (part: float) (whole: float) : string =
        if whole > 0.0 then
            write "0.0" (100.0 * part / whole) + " %"
        else
            "–"

    /// 1234567 as `1.23e6`; a dash where it is not known.
    let compute (macs: float option) : string =
        match macs with
        | Some value -> write "0.00e0" value
        | None -> "–"

    /// The epochs of the runs: one number, or the least and the most.
    let epochs (row: SeedRow) : string =
        match row.Runs |> List.map _.Epochs |> List.distinct with
        | [] -> "–"
        | [ one ] -> string one
        | several -> $"{List.min several}–{List.max several}"

    /// How many of the runs are exact.
    let verdict (row: SeedRow) : string =
        match row.Runs.Length, SeedRows.exact row with
        | 0, _ -> "–"
        | 1, 1 -> "exact"
        | 1, _ -> row.Runs.Head.Verdict
        | all, exact -> $"{exact} of {all} exact"
