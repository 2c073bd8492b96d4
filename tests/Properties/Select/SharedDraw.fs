/// Random sketches of stages: networks whose channels are joined, as people write them.
module Sss.Tests.Select.SharedDraw

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts
open Sss.Tests.Select.Windows
open Sss.Tests.Select.Parts

let private window = {
    plain with
        K = Size.square 3
        P = Padding.square 1
}

let private windows = Gen.elements [ plain; window ]

let private act =
    Gen.frequency [ 5, Gen.constant Relu; 1, Gen.constant Tanh; 1, Gen.constant Sigmoid ]

/// What makes channels: a convolution with a bn, or with a bias.
let private maker out factor =
    gen {
        let! window = windows
        let! norm = percent 70
        let! scaled = percent factor

        return
            if norm then
                [ Conv(out, window, 1, false, false); Norm scaled ]
            else
                [ Conv(out, window, 1, true, scaled) ]
    }

/// The inner layers of a block, with factors of their own.
let private inner =
    gen {
        let! out = Gen.choose (2, 5)
        let! made = maker out 70
        let! act = act
        let! depth = percent 30
        let! deep = windows
        let! norm = percent 60

        return
            made
            @ [ Act act ]
            @ (if depth then
                   [ Depthwise(deep, not norm, false) ]
                   @ (if norm then [ Norm false ] else [])
                   @ [ Act act ]
               else
                   [])
    }

/// A part of a stage that keeps its channels.
let private block out =
    Gen.frequency [
        6,
        gen {
            let! inner = Gen.frequency [ 4, inner; 1, Gen.constant [] ]
            let! ends = maker out 0
            let! factor = percent 50
            let! before = percent 25
            // Normalised before the branch, as in a network that ends in a sum.
            let early = if before then [ Norm false; Act Relu ] else []
            return [ Sum(early @ inner @ ends, [], factor) ]
        }
        1,
        gen {
            let! ends = maker out 0
            let! skip = maker out 0
            let! factor = percent 50
            return [ Sum(ends, skip, factor) ]
        }
        2,
        gen {
            let! squeeze = squeeze
            let! pooled = percent 70
            return [ Gated(squeeze @ [ Conv(out, plain, 1, true, false); Act Sigmoid ], pooled) ]
        }
        2,
        gen {
            let! window = windows
            let! norm = percent 60
            let! act = act

            return
                [ Depthwise(window, not norm, false) ]
                @ (if norm then [ Norm false ] else [])
                @ [ Act act ]
        }
        1, Gen.map (fun act -> [ Norm false; Act act ]) act
        1, Gen.constant [ Act Relu ]
        1, Gen.constant [ Slopes ]
        1, Gen.constant [ Parted [ 1, []; 1, [ Act Relu ] ] ]
    ]

/// A stage: what makes its channels, then blocks that keep them.
let private stage isFirst =
    gen {
        let! out = Gen.choose (2, 6)
        let! stem = maker out 0
        let! act = act
        let! projected = if isFirst then Gen.constant false else percent 60
        let! inner = inner
        let! ends = maker out 0
        let! factor = percent 50
        let! count = Gen.choose (1, 3)
        let! blocks = Gen.listOfLength count (block out)

        let start =
            if projected then
                [ Sum(inner @ ends, stem, factor) ]
            else
                stem @ [ Act act ]

        return start @ List.concat blocks
    }

/// Draws a sketch of one stage or two, sometimes with any statements between them.
let sketch =
    gen {
        let! channels = Gen.choose (1, 3)
        let! size = Gen.choose (1, 4)
        let! first = stage true
        let! second = Gen.frequency [ 1, Gen.constant []; 2, stage false ]
        let! between = Gen.frequency [ 4, Gen.constant []; 1, simple 20 ]
        let! classes = Gen.choose (1, 3)
        let! shared = Gen.choose (1, 1_000_000)

        return {
            Input = Shape.create channels size size
            Body = first @ between @ second
            Classes = classes
            Pooled = false
            Shared = shared
        }
    }
