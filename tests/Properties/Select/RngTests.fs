module Sss.Tests.Select.RngTests

open Xunit
open FsCheck.Xunit
open Sss.Core

let private value (struct (v, _: Rng)) = v

/// The first draws of the published generator from a known position (step: golden gamma). The
/// numbers are those of the reference recursion worked in 128-bit arithmetic by the test itself.
[<Property>]
let ``a draw follows the published recursion`` (seed: uint64) =
    let rng = {
        Seed = seed
        Gamma = 0x9E3779B97F4A7C15UL
    }

    let word = System.Numerics.BigInteger.Pow(2I, 64)
    let mul (a: bigint) (b: bigint) = a * b % word
    let z = (bigint seed + bigint rng.Gamma) % word
    let z = mul (z ^^^ (z >>> 30)) (bigint 0xBF58476D1CE4E5B9UL)
    let z = mul (z ^^^ (z >>> 27)) (bigint 0x94D049BB133111EBUL)
    let z = z ^^^ (z >>> 31)
    bigint (value (Rng.next rng)) = z

[<Property>]
let ``the same generator draws the same`` (seed: int) =
    let rng = Rng.create seed
    value (Rng.many Rng.normal 20 rng) = value (Rng.many Rng.normal 20 rng)

[<Property>]
let ``draws stay in their ranges`` (seed: int) (count: int) =
    let count = abs (count % 1000) + 1
    let struct (numbers, rng) = Rng.many (Rng.below count) 50 (Rng.create seed)
    let struct (parts, _) = Rng.many Rng.float 50 rng

    numbers |> Array.forall (fun n -> n >= 0 && n < count)
    && parts |> Array.forall (fun u -> u >= 0.0 && u < 1.0)

[<Property>]
let ``a permutation holds every number once`` (seed: int) (count: int) =
    let count = abs (count % 100)

    Array.sort (value (Rng.permutation count (Rng.create seed))) = [| 0 .. count - 1 |]

/// Correlation of two streams of 4,000 normals: its spread is 1/√4000 = 0.016, so 0.1 is six of it.
let private correlation a b =
    let xs = value (Rng.many Rng.normal 4000 a)
    let ys = value (Rng.many Rng.normal 4000 b)
    Array.fold2 (fun sum x y -> sum + x * y) 0.0 xs ys / 4000.0

[<Property(MaxTest = 20)>]
let ``split and forked streams are unrelated`` (seed: int) (index: int) =
    let rng = Rng.create seed
    let struct (left, right) = Rng.split rng

    abs (correlation left right) < 0.1
    && abs (correlation (Rng.fork index rng) (Rng.fork (index + 1) rng)) < 0.1
    && abs (correlation rng (Rng.fork index rng)) < 0.1

[<Property(MaxTest = 20)>]
let ``normals have mean 0 and variance 1`` (seed: int) =
    let xs = value (Rng.many Rng.normal 10000 (Rng.create seed))
    let mean = Array.average xs
    let variance = Array.averageBy (fun x -> x * x) xs
    abs mean < 0.06 && abs (variance - 1.0) < 0.09
