/// Random statements of sketches: what networks are made of, often as people write them.
module Sss.Tests.Select.Parts

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts

let one = Padding.square 1

let extent low high =
    Gen.map2 (fun h w -> { H = h; W = w }) (Gen.choose (low, high)) (Gen.choose (low, high))

/// True in this percentage of calls.
let percent n =
    Gen.map (fun i -> i <= n) (Gen.choose (1, 100))

/// Padding of any form: alike on opposite sides, on each side another, or `same`.
let padding most =
    Gen.frequency [
        2, Gen.map Padding.even (extent 0 most)
        2,
        gen {
            let! top = Gen.choose (0, most)
            let! left = Gen.choose (0, most)
            let! bottom = Gen.choose (0, most)
            let! right = Gen.choose (0, most)

            return
                Padding.Sides {
                    Top = top
                    Left = left
                    Bottom = bottom
                    Right = right
                }
        }
        1, Gen.constant Padding.Same
    ]

/// 3x3 with padding on all sides.
let framed = {
    plain with
        K = Size.square 3
        P = one
}

/// Padding that is not alike on opposite sides, mostly. Most of it keeps the size, so that residuals
/// around it have something to add to.
let uneven =
    let two = Size.square 2

    Gen.frequency [
        2, Gen.constant { plain with K = two; P = Padding.Same }
        3,
        gen {
            let! top = Gen.choose (0, 1)
            let! left = Gen.choose (0, 1)

            let pad =
                Padding.Sides {
                    Top = top
                    Left = left
                    Bottom = 1 - top
                    Right = 1 - left
                }

            return { plain with K = two; P = pad }
        }
        1,
        gen {
            let! k = extent 2 3
            let! pad = padding 1
            return { plain with K = k; P = pad }
        }
    ]

/// Mostly as networks are: 3x3 with padding, or 1x1; else anything.
let window =
    Gen.frequency [
        3, Gen.constant framed
        1, uneven
        4, Gen.constant plain
        2,
        gen {
            let! k = extent 1 3
            let! s = extent 1 2
            let! p = padding 2
            let! d = extent 1 2
            return { K = k; S = s; P = p; D = d }
        }
    ]

let channels = Gen.choose (1, 6)

let activation =
    Gen.frequency [
        4, Gen.constant Relu
        2, Gen.constant Sigmoid
        2, Gen.constant HardSigmoid
        4, Gen.elements [ Relu6; LeakyRelu 0.1; Silu; Gelu; HardSwish; Mish; Elu 0.5; Tanh ]
    ]

/// Channels and groups that divide, mostly one group.
let grouped =
    gen {
        let! out = channels
        let! groups = Gen.frequency [ 3, Gen.constant 1; 2, Gen.choose (2, 3) ]
        return (if groups > 1 then groups * ((out + 1) / 2) else out), groups
    }

let pool =
    gen {
        let! kind = Gen.elements [ Max; Average; Average; Average ]
        let! k = extent 1 3
        let! s = extent 1 2
        let! odd = uneven

        let! window =
            Gen.frequency [
                1, Gen.constant { plain with K = k; S = s }
                1, Gen.constant { framed with K = k; S = s }
                2, Gen.constant framed
                2, Gen.constant { odd with S = s }
            ]

        let! ceil = percent 50
        let! countPad = percent 70
        return Pool(kind, window, ceil, countPad)
    }

/// What makes a constant of a dead channel.
let constantMaker =
    Gen.frequency [
        // A bn right after a convolution would take its factors.
        3, Gen.constant [ Act Relu; Norm false ]
        3,
        gen {
            let! window = window
            let! bias = percent 70
            return [ Depthwise(window, bias, false) ]
        }
        2, Gen.constant [ Act Sigmoid ]
    ]

/// What hands constants on, or does not.
let passer =
    Gen.frequency [
        3, Gen.map (fun a -> [ Act a ]) activation
        11, Gen.frequency [ 5, Gen.constant [ Slopes ]; 1, Gen.constant [ Gains ] ]
        30, Gen.map List.singleton pool
        2, Gen.constant [ Depthwise(plain, false, false) ]
        9, Gen.constant [ Drop ]
        2, constantMaker
        2, Gen.constant [ Depthwise(framed, true, false) ]
        3, Gen.map (fun window -> [ Depthwise(window, true, false) ]) uneven
    ]

/// Dead channels, what becomes of them, and who reads them.
let deadEnds factors =
    gen {
        let! out, inner = grouped
        let! window = window
        let! factor = percent factors
        let! makes = percent 65
        let! maker = if makes then constantMaker else Gen.constant []
        let! count = Gen.choose (0, 3)
        let! passers = Gen.listOfLength count passer
        let! outs, groups = grouped
        let! bias = percent 50
        let! norm = percent 40

        let! reader =
            Gen.frequency [
                3, Gen.constant plain
                1, Gen.constant window
                2, Gen.constant framed
                3, uneven
            ]


        return
            [ Conv(out, window, inner, false, factor) ]
            @ maker
            @ List.concat passers
            @ [ Conv(outs, reader, groups, bias && not norm, false) ]
            @ (if norm then [ Norm false ] else [])
    }

/// Operations that hand dead channels on, and constants where they can, of those that other parts
/// rarely have right behind a layer that dies.
let private rare =
    Gen.frequency [
        7, Gen.map2 (fun window bias -> Depthwise(window, bias, false)) uneven (percent 40)
        7, Gen.map (fun window -> Pool(Max, window, false, false)) uneven
        6, Gen.map (fun window -> Pool(Average, window, false, true)) uneven
        3, Gen.map (fun window -> Pool(Average, window, true, false)) uneven
        2, Gen.constant Slopes
        1, Gen.constant Gains
        1, Gen.constant Drop
    ]

/// Few channels that die together, what becomes of them in rare operations, and a reader.
let rarely factors =
    gen {
        let! out = Gen.choose (1, 3)
        let! factor = percent factors
        let! makes = percent 45
        let! maker = if makes then constantMaker else Gen.constant []
        let! count = Gen.choose (1, 3)
        let! operations = Gen.listOfLength count rare
        let! odd = uneven
        let! window = Gen.elements [ odd; odd; plain ]
        let! bias = percent 50

        return
            [ Conv(out, plain, 1, false, factor) ]
            @ maker
            @ operations
            @ [ Conv(2, window, 1, bias, false) ]
    }

/// Single channels that die in front of or after a grouped convolution: equal ones in every group
/// may go.
let groups factors =
    gen {
        let! n = Gen.choose (2, 3)
        let! each = Gen.choose (2, 3)
        let! before = percent factors
        let! behind = percent factors

        return [
            Conv(n * 2, plain, 1, false, before)
            Conv(n * each, plain, n, false, false)
            Depthwise(plain, false, behind)
            Conv(2, plain, 1, false, false)
        ]
    }

/// Groups that die in a group normalisation, by its own factors or by those of the layer before.
let mixed factors =
    gen {
        let! n = Gen.choose (1, 3)
        let! each = Gen.choose (1, 3)
        let! before = percent 60
        let! own = percent factors
        let! act = activation
        let! isRead = percent 70
        // A channel of a group of its own dies alone.
        let! makes = percent 30
        let! maker = if makes then constantMaker else Gen.constant []

        return
            [ Conv(n * each, plain, 1, false, before) ]
            @ maker
            @ [ Mixed(n, own); Act act ]
            @ (if isRead then [ Conv(2, plain, 1, false, false) ] else [])
    }

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
        18, deadEnds factors
        18, rarely factors
        8, groups factors
        4, turned factors
        6, gated
        18, attention factors
        7, rows
        17, mixed factors
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
