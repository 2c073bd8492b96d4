/// Random sketches: what networks are made of, in every order, and often as people write them.
module Sss.Tests.Select.Draw

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts

let private one = Size.square 1

let private extent low high =
    Gen.map2 (fun h w -> { H = h; W = w }) (Gen.choose (low, high)) (Gen.choose (low, high))

/// True so many times in a hundred.
let private percent n =
    Gen.map (fun i -> i <= n) (Gen.choose (1, 100))

/// Mostly as networks are: 3x3 with padding, or 1x1; else anything.
let private window =
    Gen.frequency [
        3,
        Gen.constant {
            plain with
                K = Size.square 3
                P = one
        }
        4, Gen.constant plain
        2,
        gen {
            let! k = extent 1 3
            let! s = extent 1 2
            let! p = extent 0 2
            let! d = extent 1 2
            return { K = k; S = s; P = p; D = d }
        }
    ]

let private channels = Gen.choose (1, 6)

let private activation =
    Gen.frequency [
        4, Gen.constant Relu
        2, Gen.constant Sigmoid
        4, Gen.elements [ Relu6; LeakyRelu 0.1; Silu; Gelu; Tanh ]
    ]

/// Channels and groups that divide, mostly one group.
let private grouped =
    gen {
        let! out = channels
        let! groups = Gen.frequency [ 3, Gen.constant 1; 2, Gen.choose (2, 3) ]
        return (if groups > 1 then groups * ((out + 1) / 2) else out), groups
    }

let private pool =
    gen {
        let! kind = Gen.elements [ Max; Average; Average; Average ]
        let! k = extent 1 3
        let! s = extent 1 2
        let! pads = percent 75
        let! ceil = percent 50

        let window = {
            plain with
                K = k
                S = s
                P = if pads then one else plain.P
        }

        return Pool(kind, window, ceil)
    }

/// What makes a constant of a dead channel.
let private constantMaker =
    Gen.frequency [
        // A bn right behind a convolution would take its factors.
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
let private passer =
    Gen.frequency [
        3, Gen.map (fun a -> [ Act a ]) activation
        7, Gen.map List.singleton pool
        2, Gen.constant [ Depthwise(plain, false, false) ]
        3, Gen.constant [ Drop ]
        2, constantMaker
        2,
        Gen.constant [
            Depthwise(
                {
                    plain with
                        K = Size.square 3
                        P = one
                },
                true,
                false
            )
        ]
    ]

/// Dead channels, what becomes of them, and who reads them.
let private deadEnds factors =
    gen {
        let! out, inner = grouped
        let! window = window
        let! factor = percent factors
        let! makes = percent 75
        let! maker = if makes then constantMaker else Gen.constant []
        let! count = Gen.choose (0, 2)
        let! passers = Gen.listOfLength count passer
        let! outs, groups = grouped
        let! bias = percent 50
        let! norm = percent 40

        let! reader =
            Gen.frequency [
                3, Gen.constant plain
                1, Gen.constant window
                2,
                Gen.constant {
                    plain with
                        K = Size.square 3
                        P = one
                }
            ]


        return
            [ Conv(out, window, inner, false, factor) ]
            @ maker
            @ List.concat passers
            @ [ Conv(outs, reader, groups, bias && not norm, false) ]
            @ (if norm then [ Norm false ] else [])
    }

/// Single channels that die in front of or behind a grouped convolution: equal ones in every group
/// may go.
let private groups factors =
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

/// One statement or a few that belong together, factors so many times in a hundred.
let private simple factors =
    Gen.frequency [
        4,
        gen {
            let! out, groups = grouped
            let! window = window
            let! bias = percent 50
            let! factor = percent factors
            return [ Conv(out, window, groups, bias, factor) ]
        }
        4,
        gen {
            let! out, groups = grouped
            let! window = window
            let! factor = percent factors
            let! act = activation
            return [ Conv(out, window, groups, false, false); Norm factor; Act act ]
        }
        6, deadEnds factors
        2, groups factors
        2,
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

/// What may stand only where height and width are done with.
let private flat =
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
let private head =
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

let rec private statements depth factors =
    let inner = body (depth - 1) 75

    if depth = 0 then
        simple factors
    else
        Gen.frequency [
            4, simple factors
            4,
            gen {
                let! branch = inner
                let! factor = percent 60
                let! shape = Gen.choose (0, 5)
                let! out = channels

                let! shortcut =
                    match shape with
                    | 0 -> inner
                    | 1
                    | 2 -> Gen.constant [ Conv(out, plain, 1, false, true); Act Relu; Norm false ]
                    | _ -> Gen.constant []

                // Branches as they are used end in a convolution and a bn, or in a convolution.
                let! ends = Gen.choose (0, 2)
                let! scaled = percent 50

                let tail =
                    match ends with
                    | 0 -> []
                    | 1 -> [ Conv(out, plain, 1, false, scaled) ]
                    | _ -> [ Conv(out, plain, 1, false, false); Norm scaled ]

                return [ Sum(branch @ tail, shortcut, factor) ]
            }
            3,
            gen {
                let! count = Gen.choose (2, 3)

                let! branches =
                    Gen.listOfLength count (Gen.frequency [ 1, Gen.constant []; 3, inner ])

                return [ Cat branches ]
            }
        ]

and private body depth factors =
    gen {
        let! count = Gen.choose (1, (if depth >= 2 then 3 else 2))
        let! parts = Gen.listOfLength count (statements depth factors)
        return List.concat parts
    }

/// Draws a sketch. Factors on the trunk are rare: a trunk layer that dies ends the trial early.
let sketch =
    gen {
        let! channels = Gen.choose (1, 4)
        let! size = Gen.frequency [ 3, extent 1 4; 1, extent 4 7 ]

        let! depth =
            Gen.frequency [ 1, Gen.constant 0; 4, Gen.constant 1; 3, Gen.constant 2 ]

        let! trunk = body depth 12
        let! head = Gen.frequency [ 1, Gen.constant []; 1, head ]
        let! classes = Gen.choose (1, 4)
        let! pooled = percent 15

        return {
            Input = Shape.create channels size.H size.W
            Body = trunk @ head
            Classes = classes
            Pooled = pooled
        }
    }
