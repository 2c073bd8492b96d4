namespace Sss.Tests.Prox

open FsCheck
open FsCheck.FSharp
open Sss.Core

/// A vector of moderate size with values that hit thresholds, ties and zeros often.
type Vector = Vector of float[]

/// Two vectors of one length.
type Pair = Pair of float[] * float[]

/// A step size.
type Eta = Eta of float

/// Generators shared by the laws of penalties and of APG.
module Gen =

    /// Multiples of 1/8 between −4 and 4 (so that ties happen), or any number of that size.
    let coordinate =
        Gen.frequency [
            3, Gen.choose (-32, 32) |> Gen.map (fun i -> float i / 8.0)
            2, Gen.choose (-400000, 400000) |> Gen.map (fun i -> float i / 100000.0)
            1, Gen.constant 0.0
        ]

    /// A vector of a given length.
    let vectorOf length = Gen.arrayOfLength length coordinate

    /// A step size between 1/16 and 4.
    let step = Gen.choose (1, 64) |> Gen.map (fun i -> float i / 16.0)

    /// Drops coordinates and moves values to 0 or to integers.
    let shrinkVector (x: float[]) =
        seq {
            if x.Length > 1 then
                yield x[1..]
                yield x[.. x.Length - 2]

            for i in 0 .. x.Length - 1 do
                if x[i] <> 0.0 then
                    yield Array.updateAt i 0.0 x

                if x[i] <> round x[i] then
                    yield Array.updateAt i (round x[i]) x
        }

/// What `[<Property>]` draws from.
type Arbitraries =

    static member Vector() : Arbitrary<Vector> =
        Arb.fromGenShrink (
            Gen.choose (1, 8) |> Gen.bind Gen.vectorOf |> Gen.map Vector,
            fun (Vector x) -> Gen.shrinkVector x |> Seq.map Vector
        )

    static member Pair() : Arbitrary<Pair> =
        let gen =
            Gen.choose (1, 8)
            |> Gen.bind (fun n ->
                Gen.map2 (fun x y -> Pair(x, y)) (Gen.vectorOf n) (Gen.vectorOf n)
            )

        Arb.fromGenShrink (
            gen,
            fun (Pair(x, y)) ->
                seq {
                    if x.Length > 1 then
                        Pair(x[1..], y[1..])

                    for u in Gen.shrinkVector x do
                        if u.Length = x.Length then
                            Pair(u, y)

                    for u in Gen.shrinkVector y do
                        if u.Length = y.Length then
                            Pair(x, u)
                }
        )

    static member Eta() : Arbitrary<Eta> =
        Arb.fromGenShrink (
            Gen.step |> Gen.map Eta,
            fun (Eta s) -> if s = 1.0 then Seq.empty else Seq.singleton (Eta 1.0)
        )
