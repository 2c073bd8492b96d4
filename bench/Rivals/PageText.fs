namespace Sss.Bench.Rivals

open System.Globalization

/// Cells of the pages.
[<RequireQualifiedAccess>]
module internal PageText =

    /// A row of a table.
    let line cells = "| " + String.concat " | " cells + " |"

    let number (value: float) =
        value.ToString("0.####", CultureInfo.InvariantCulture)
