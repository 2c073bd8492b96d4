namespace Sss.Report

open System
open System.Globalization

/// Numbers for people, regardless of the language of the system.
[<RequireQualifiedAccess>]
module internal ReadableNumber =

    let private write (format: string) (value: float) =
        value.ToString(format, CultureInfo.InvariantCulture)

    /// 1234567 as `1,234,567`.
    let grouped (n: int64) =
        n.ToString("#,0", CultureInfo.InvariantCulture)

    /// 0.1234 as `12.3 %`; an unknown part as a dash.
    let percent (fraction: float) =
        if Double.IsFinite fraction then
            write "0.0" (fraction * 100.0) + " %"
        else
            "–"

    /// The part of a total; of nothing, all.
    let share (part: int64) (total: int64) =
        if total = 0L then 1.0 else float part / float total

    /// Four digits after the point.
    let fixed4 (value: float) =
        if Double.IsFinite value then write "0.0000" value else "–"

    /// Few digits, regardless of the size.
    let brief (value: float) =
        if Double.IsFinite value then
            write "0.######" value
        else
            "–"

    /// 0.00000012 as `1.2e-07`.
    let tiny (value: float) =
        if value = 0.0 then "0"
        elif Double.IsFinite value then write "0.0e-00" value
        else "–"

    /// Milliseconds.
    let milliseconds (value: float) =
        if value >= 100.0 then write "0" value
        elif value >= 10.0 then write "0.0" value
        else write "0.00" value

    /// A coordinate of a drawing: at most two digits after the point.
    let coordinate (value: float) = write "0.##" value
