/// Keys of arrays beside their texts.
module Sss.Tests.Select.ArrayKeyLaws

open System
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open Sss.Core

let private parts =
    Gen.elements [
        ArrayPart.Weight
        ArrayPart.Bias
        ArrayPart.Mean
        ArrayPart.Variance
        ArrayPart.Factor
    ]

/// Names of a few pieces, so that many begin with the whole of another, some with its part too. `-` and
/// `/` stand on both sides of the point in the order of characters.
let private owners =
    Gen.elements [ "."; "-"; "/"; "_"; "1"; "a"; "b"; "w"; "bias"; "weight"; "weights"; "é" ]
    |> Gen.listOf
    |> Gen.map (List.truncate 5 >> String.concat "")

let private keys = Gen.map2 ArrayKey.make parts owners

/// Two keys, of which the second often begins as the first.
let private pairs =
    gen {
        let! first = keys
        let! apart = keys
        let! more = owners
        let! longer = Gen.elements [ first.Owner + more; ArrayKey.text first + more ]
        let! part = parts
        return! Gen.elements [ first, apart; first, ArrayKey.make part longer ]
    }
    |> Arb.fromGen

[<Property(MaxTest = 20_000)>]
let ``keys are in the order of their texts`` () =
    Prop.forAll
        pairs
        (fun (a, b) ->
            let texts = String.CompareOrdinal(ArrayKey.text a, ArrayKey.text b)
            sign (compare a b) = sign texts && sign (compare b a) = -(sign texts)
        )

[<Property(MaxTest = 5_000)>]
let ``keys are equal where their texts are`` () =
    Prop.forAll
        pairs
        (fun (a, b) ->
            let isSame = ArrayKey.text a = ArrayKey.text b
            (a = b) = isSame && (not isSame || hash a = hash b)
        )

[<Property(MaxTest = 5_000)>]
let ``the text of a key is parsed to the key`` () =
    Prop.forAll
        (Arb.fromGen keys)
        (fun key ->
            ArrayKey.tryParse (ArrayKey.text key) = Some key
            && ArrayKey.tryOwner key.Part key = Some key.Owner
        )

[<Property(MaxTest = 5_000)>]
let ``any text is that of one key or of none`` () =
    let texts = Gen.map2 (fun (a: string) b -> a + b) owners owners

    Prop.forAll
        (Arb.fromGen texts)
        (fun text ->
            match ArrayKey.tryParse text with
            | Some key -> ArrayKey.text key = text
            | None -> true
        )

[<Fact>]
let ``what is not OWNER.PART is no key`` () =
    for text in
        [
            ""
            "."
            "weight"
            "conv1"
            "conv1."
            "conv1.Weight"
            "conv1.weight "
            "a.scale"
        ] do
        Assert.Equal(None, ArrayKey.tryParse text)

    Assert.Equal(
        Some(ArrayKey.make ArrayPart.Variance "stage1.bn2"),
        ArrayKey.tryParse "stage1.bn2.var"
    )
