/// Random sketches: their parts in every order and nesting.
module Sss.Tests.Select.Draw

open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts
open Sss.Tests.Select.Windows
open Sss.Tests.Select.Parts

let rec private statements depth factors =
    let inner = body (depth - 1) 70

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
                let! ends = Gen.choose (0, 3)
                let! scaled = percent 50

                let tail =
                    match ends with
                    | 0 -> []
                    | 1 -> [ Conv(out, plain, 1, false, scaled) ]
                    | 2 -> [ Conv(out, plain, 1, false, scaled); Gains ]
                    | _ -> [ Conv(out, plain, 1, false, false); Norm scaled ]

                return [ Sum(branch @ tail, shortcut, factor) ]
            }
            3,
            gen {
                let! count = Gen.choose (2, 3)

                let! branches =
                    Gen.listOfLength count (Gen.frequency [ 2, Gen.constant []; 3, inner ])

                return [ Cat branches ]
            }
            2,
            gen {
                let! inner = Gen.frequency [ 2, squeeze; 1, inner ]
                let! pooled = percent 60
                return [ Gated(inner, pooled) ]
            }
            2, split inner
        ]

and private body depth factors =
    gen {
        let! count = Gen.choose (1, 3)
        let! parts = Gen.listOfLength count (statements depth factors)
        return List.concat parts
    }

/// Draws a sketch. Factors on the trunk are rare: a trunk layer that dies ends the trial early.
let sketch =
    gen {
        let! channels = Gen.choose (1, 4)
        let! size = Gen.frequency [ 3, extent 1 4; 1, extent 4 7 ]

        let! depth =
            Gen.frequency [ 1, Gen.constant 0; 3, Gen.constant 1; 6, Gen.constant 2 ]

        let! trunk = body depth 9
        let! head = Gen.frequency [ 1, Gen.constant []; 1, head ]
        let! classes = Gen.choose (1, 4)
        let! pooled = percent 15

        // Factors in a further output are common: it may die and stays all the same.
        let! exits =
            Gen.frequency [
                2, Gen.constant []
                1, Gen.listOfLength 1 (Gen.map Exit (body 1 40))
                1, Gen.listOfLength 2 (Gen.map Exit (body 1 20))
            ]

        let! at = Gen.choose (0, trunk.Length)

        return {
            Input = Shape.create channels size.H size.W
            Body = List.take at trunk @ exits @ List.skip at trunk @ head
            Classes = classes
            Pooled = pooled
            Shared = 0
        }
    }
