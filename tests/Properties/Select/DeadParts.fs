/// Random statements in which channels die: what becomes of them, and who reads them.
module Sss.Tests.Select.DeadParts

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts
open Sss.Tests.Select.Windows

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

let private halve kind =
    Pool(
        kind,
        {
            plain with
                K = Size.square 2
                S = Size.square 2
        },
        false,
        true
    )

/// What makes an image larger, and mostly smaller again.
let private larger =
    gen {
        let! kind = Gen.elements [ Max; Average ]
        let! mode = Gen.elements [ UpsampleMode.Nearest; UpsampleMode.Bilinear ]
        let! again = percent 70
        return Larger(2, mode) :: (if again then [ halve kind ] else [])
    }

/// A transposed convolution that keeps the size, doubles it, or does anything.
let transposed factors =
    gen {
        let! out, groups = grouped
        let! bias = percent 50
        let! factor = percent factors
        let! k = extent 1 3
        let! s = extent 1 2
        let! pad = extent 0 1
        let! outPad = Gen.choose (0, 1)
        let two = Size.square 2

        return!
            Gen.frequency [
                3, Gen.constant [ Deconv(out, framed, 0, groups, bias, factor) ]
                2,
                Gen.constant [
                    Deconv(out, { plain with K = two; S = two }, 0, groups, bias, factor)
                    halve Max
                ]
                1,
                Gen.constant [
                    Deconv(
                        out,
                        {
                            plain with
                                K = k
                                S = s
                                P = Padding.even pad
                        },
                        outPad,
                        groups,
                        bias,
                        factor
                    )
                ]
            ]
    }

/// Operations that hand dead channels on, and constants where they can, of those that other parts
/// rarely have right behind a layer that dies.
let private rare =
    let one draft = Gen.map List.singleton draft

    Gen.frequency [
        7, one (Gen.map2 (fun window bias -> Depthwise(window, bias, false)) uneven (percent 40))
        7, one (Gen.map (fun window -> Pool(Max, window, false, false)) uneven)
        6, one (Gen.map (fun window -> Pool(Average, window, false, true)) uneven)
        3, one (Gen.map (fun window -> Pool(Average, window, true, false)) uneven)
        2, one (Gen.constant Slopes)
        1, one (Gen.constant Gains)
        1, one (Gen.constant Drop)
        6, larger
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

        let! reader =
            Gen.frequency [ 2, Gen.constant [ Conv(2, window, 1, bias, false) ]; 2, transposed 0 ]

        return [ Conv(out, plain, 1, false, factor) ] @ maker @ List.concat operations @ reader
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

/// Groups that die in a normalisation, by its own factors or by those of the layer before.
let mixed factors =
    gen {
        let! n = Gen.choose (1, 3)
        let! each = Gen.choose (1, 3)
        let! before = percent 60
        let! own = percent factors
        let! act = activation
        let! isRead = percent 70
        // A channel of a group of its own dies alone.
        let! makes = percent 40
        let! maker = if makes then constantMaker else Gen.constant []
        let! size = Gen.choose (1, 4)
        let! response = percent 33

        return
            [ Conv(n * each, plain, 1, false, before) ]
            @ maker
            @ [ (if response then Respond size else Mixed(n, own)); Act act ]
            @ (if isRead then [ Conv(2, plain, 1, false, false) ] else [])
    }
