namespace Sss.Core

/// Search by halves.
[<RequireQualifiedAccess>]
module internal Bisection =

    /// The largest count from `low` to `high` for which `holds` is true, where it is true up to some count and false from there on. It is
    /// taken to be true for `low`.
    let rec last (holds: int -> bool) (low: int) (high: int) : int =
        if low = high then
            low
        else
            let mid = (low + high + 1) / 2

            if holds mid then
                last holds mid high
            else
                last holds low (mid - 1)
