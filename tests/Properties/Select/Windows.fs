/// Random windows, paddings and what else single statements of sketches are made of.
module Sss.Tests.Select.Windows

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
