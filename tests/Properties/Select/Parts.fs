/// Random statements of sketches: what networks are made of, often as people write them.
module Sss.Tests.Select.Parts

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts
open Sss.Tests.Select.Windows
open Sss.Tests.Select.DeadParts

/// What is inside of a gate as it is used: fewer channels, an activation, as many as before.
let squeeze =
    gen {
        let! out = channels
        let! factor = percent 70
        let! act = activation
        return [ Conv(out, plain, 1, true, factor); Act act ]
    }

/// A split as it is used: a part that passes, and a shuffle after it.
let split (inner: Gen<Draft list>) =
    gen {
        let! out = Gen.choose (2, 8)
        let! factor = percent 70
        let! count = Gen.choose (2, 3)

        let part =
            Gen.zip (Gen.choose (1, 3)) (Gen.frequency [ 1, Gen.constant []; 2, inner ])

        let! parts = Gen.listOfLength count part
        let! groups = Gen.choose (1, 3)
        let! before = percent 70
        let! makes = percent 40
        let! maker = if makes then constantMaker else Gen.constant []

        return
            (if before then
                 Conv(out, plain, 1, false, factor) :: maker
             else
                 [])
            @ [ Parted parts; Shuffled groups ]
    }

/// Gates whose channels die, on channels that do.
let gated =
    gen {
        let! out = channels
        let! inner = squeeze
        let! factor = percent 75
        let! own = percent 75

        let! tail =
            Gen.elements [ [ Act Relu ]; [ Act Sigmoid ]; [ Act Relu; Act Sigmoid ]; [] ]

        let! makes = percent 40
        let! maker = if makes then constantMaker else Gen.constant []
        let! pooled = percent 60

        return
            [ Conv(out, plain, 1, false, factor) ]
            @ maker
            @ [ Gated(inner @ [ Conv(out, plain, 1, false, own) ] @ tail, pooled) ]
    }

/// Channels of a grouped layer in turn: what is left of them is a shuffle again.
let turned factors =
    gen {
        let! n = Gen.choose (2, 3)
        let! each = Gen.choose (2, 3)
        let! factor = percent factors

        return [
            Conv(n * 2, plain, 1, false, false)
            Conv(n * each, plain, n, false, factor)
            Shuffled each
        ]
    }

/// Positions as a transformer has them, or attention on an image as it is.
let attention factors =
    gen {
        let! out = Gen.frequency [ 4, Gen.constant 1; 1, channels ]
        let! heads = Gen.choose (1, 3)
        let! before = percent 85
        let! factor = percent factors
        let! makes = percent 55
        let! maker = if makes then constantMaker else Gen.constant []
        let! withClass = percent 50
        let! tail = Gen.frequency [ 2, Gen.constant []; 1, Gen.constant [ First ] ]

        let! rows = Gen.frequency [ 3, Gen.constant []; 1, Gen.constant [ Row withClass ] ]

        return
            [ Conv(out, plain, 1, false, before) ]
            @ maker
            @ rows
            @ [ Attend(heads, factor) ]
            @ tail
    }

/// Channels that die or become constant, at positions in a row.
let rows =
    gen {
        let! out = channels
        let! makes = percent 50
        let! maker = if makes then constantMaker else Gen.constant []
        let! picks = percent 65
        let! withClass = percent 50

        return
            [ Conv(out, plain, 1, false, true) ]
            @ maker
            @ [ if picks then First else Row withClass ]
            @ [ Conv(2, plain, 1, false, false) ]
    }

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
        4, turned factors
        6, gated
        18, attention factors
        7, rows
        29, mixed factors
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
