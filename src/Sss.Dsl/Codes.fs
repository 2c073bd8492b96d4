namespace Sss.Dsl

/// The codes of this project's diagnostics. Codes are stable: a retired code is never used again.
[<RequireQualifiedAccess>]
module Codes =

    let private hundred (base': int) (numbers: int list) =
        numbers |> List.map (fun n -> "SSS" + (base' + n).ToString "000")

    /// Files 0, form 1, names and arguments 2, values 3, shapes 4, factors 5, recipes 6; warnings from
    /// 50 up in their hundred. Each has a page under `docs/errors`.
    let all: string list =
        List.concat [
            hundred 0 [ 1..7 ]
            hundred 100 [ 1..11 ]
            hundred 200 [ 1..6 ]
            hundred 200 [ 12..29 ]
            hundred 200 [ 51 ]
            hundred 300 [ 1..4 ]
            hundred 400 [ 1..16 ]
            hundred 400 [ 21; 22 ]
            hundred 500 [ 1..15 ]
            hundred 500 [ 51; 52 ]
            hundred 600 [ 1..9 ]
            hundred 600 [ 51 ]
        ]
