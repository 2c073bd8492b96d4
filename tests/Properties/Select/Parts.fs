/// Random statements of sketches: what networks are made of, often as people write them.
module Sss.Tests.Select.Parts

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts
open Sss.Tests.Select.Windows
open Sss.Tests.Select.DeadParts

/// One statement or a few that belong together, factors with this percentage.
let simple factors =
    Gen.frequency [
        4,
        gen {
            let! out, groups = grouped
            let! window = window
            let! bias = percent 50
            let! factor = percent factors
            return [ Conv(out, window, groups, bias, factor) ]
        }
        10,
        gen {
            let! out, groups = grouped
            let! window = window
            let! factor = percent factors
            let! act = activation
            return [ Conv(out, window, groups, false, false); Norm factor; Act act ]
        }
        20, deadEnds factors
        18, rarely factors
        8, groups factors
        21, mixed factors
        11,
        gen {
            let! window = window
            let! factor = percent factors
            let! act = activation
            let! norm = percent 50

            return
                if norm then
                    [ Depthwise(window, false, false); Norm factor; Act act ]
                else
                    [ Depthwise(window, true, factor) ]
        }
        9, transposed factors
        2, constantMaker
        2, passer
    ]

/// What may be only where height and width are done with.
let flat =
    Gen.oneof [
        Gen.constant [ Flat ]
        Gen.constant [ Flat ]
        Gen.map (fun kind -> [ Global kind ]) (Gen.elements [ Max; Average ])
        gen {
            let! factor = percent 60
            let! out = channels
            let! act = activation
            let! bias = percent 50
            return [ Full(out, bias, factor); Act act ]
        }
        gen {
            let! factor = percent 60
            let! out = channels
            return [ Full(out, false, false); Norm factor ]
        }
    ]

/// A head: what is constant reaches dense layers through `flatten` and pools.
let head =
    gen {
        let! out = channels

        let! before =
            Gen.frequency [
                1, Gen.constant []
                3, Gen.constant [ Conv(out, plain, 1, false, true) ]
            ]

        let! makes = percent 75
        let! maker = if makes then constantMaker else Gen.constant []
        let! passes = percent 30
        let! passers = if passes then passer else Gen.constant []
        let! count = Gen.choose (1, 2)
        let! parts = Gen.listOfLength count flat
        return before @ maker @ passers @ List.concat parts
    }
