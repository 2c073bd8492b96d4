/// Random sketches with random zeros, and smaller ones of each: what FsCheck draws and shrinks.
module Sss.Tests.Select.Cases

open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Select.Drafts
open Sss.Tests.Select.Sketches
open Sss.Tests.Select.Draw
open Sss.Tests.Select.Smaller

/// One (network, numbers, pattern) triple.
type Case = {
    Sketch: Sketch
    /// Seeds the weights and the images.
    Seed: int
    /// Factors that are 0, numbered over the whole network in the order of the text.
    Zeros: int list
    Options: SelectOptions
}

let private options =
    gen {
        let! round = Gen.frequency [ 4, Gen.constant 1; 1, Gen.choose (2, 4) ]
        let! keep = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
        return { Round = round; KeepFactors = keep }
    }

let private caseOf (sketch: Gen<Sketch>) =
    gen {
        let! sketch = sketch
        let! seed = Gen.choose (0, 1_000_000)
        let! options = options
        let net = network sketch

        let struct (drawn, _) = VerifyNumbers.zeros net (Rng.fork 1 (Rng.create seed))
        let all = VerifyNumbers.structures net

        // A trunk layer that dies ends the trial, so most patterns spare one channel of each.
        let isInside (s: Structure) = s.Owner.Contains '.'
        let! owners = Gen.subListOf (all |> List.map _.Owner |> List.distinct)
        let! some = Gen.subListOf all
        let whole = all |> List.filter (fun s -> isInside s && List.contains s.Owner owners)

        let parts =
            some |> List.filter (fun s -> isInside s || s.Index > 0 || s.Kind = Block)

        let! way = Gen.choose (1, 4)

        let zeros =
            match way with
            | 1 -> Set.ofList whole
            | 2 -> Set.ofList parts
            | 3 -> Set.ofList (whole @ parts)
            | _ -> drawn

        return {
            Sketch = sketch
            Seed = seed
            Zeros = [
                for i, structure in List.indexed all do
                    if zeros.Contains structure then
                        i
            ]
            Options = options
        }
    }

let private shrinkCase (case: Case) =
    seq {
        if case.Options <> Selection.defaults then
            {
                case with
                    Options = Selection.defaults
            }

        for zeros in shrinkList (fun _ -> Seq.empty) case.Zeros do
            { case with Zeros = zeros }

        for sketch in shrinkSketch case.Sketch do
            { case with Sketch = sketch }
    }

/// Draws cases.
let cases = Arb.fromGenShrink (caseOf sketch, shrinkCase)

/// Draws cases of networks with shared factors.
let sharedCases = Arb.fromGenShrink (caseOf SharedDraw.sketch, shrinkCase)

/// A case worked out: the network, its weights with the zeros in them, and two images.
type Trial = {
    Network: Network
    Weights: Weights<float>
    Images: float[] list
}

/// Works a case out.
let trial (case: Case) : Trial =
    let net = network case.Sketch
    let all = VerifyNumbers.structures net |> Array.ofList

    let zeros =
        case.Zeros
        |> List.filter (fun i -> i < all.Length)
        |> List.map (fun i -> all[i])
        |> Set.ofList

    let struct (weights, rng) = VerifyNumbers.weights net (Rng.create case.Seed)
    let struct (first, rng) = VerifyNumbers.image net rng
    let struct (second, _) = VerifyNumbers.image net rng

    {
        Network = net
        Weights = VerifyNumbers.withZeros zeros weights
        Images = [ first; second ]
    }
