module Sss.Tests.Files.QuantizationTests

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Files

/// Sizes of numbers that networks have, from tiny to huge.
let private number =
    Gen.map2
        (fun mantissa exponent -> float32 mantissa / 1000.0f * MathF.Pow(10.0f, float32 exponent))
        (Gen.choose (-1000, 1000))
        (Gen.choose (-6, 6))

let private numbers low high =
    Gen.choose (low, high)
    |> Gen.bind (fun n -> Gen.arrayOfLength n number)
    |> Arb.fromGen

/// Half a step, and what float32 loses on the way.
let private isWithin (step: float32) (a: float32) (b: float32) =
    abs (float a - float b)
    <= 0.5 * float step + 1e-6 * (abs (float a) + float step)

[<Property(MaxTest = 500)>]
let ``a value of a range is within half a step of what its code stands for`` () =
    Prop.forAll
        (numbers 1 20)
        (fun values ->
            let q = Quantization.quantizer (ValueHistogram.extend ValueHistogram.nothing values)

            values
            |> Array.forall (fun v ->
                isWithin q.Scale v (Quantization.value q (Quantization.code q v))
            )
        )

[<Property(MaxTest = 500)>]
let ``0 is exact in every range, and the least value of a range above 0`` () =
    Prop.forAll
        (numbers 1 5)
        (fun values ->
            let range = ValueHistogram.extend ValueHistogram.nothing values
            let q = Quantization.quantizer range
            let zero = Quantization.code q 0.0f

            Quantization.value q zero = 0.0f
            && zero = q.Zero
            && (range.Low < 0.0f || q.Zero = 0uy)
        )

[<Property(MaxTest = 500)>]
let ``the codes of a channel cover it with the smallest step`` (channels: PositiveInt) =
    Prop.forAll
        (numbers 1 12)
        (fun row ->
            let channels = 1 + channels.Get % 4

            let data =
                Array.init
                    (channels * row.Length)
                    (fun i -> row[i % row.Length] * float32 (1 + i / row.Length))

            let w = Quantization.weights channels 1.0f [||] data

            w.Scales.Length = channels
            && Array.forall2
                (fun (codes: sbyte[], values: float32[]) scale ->
                    let isZero = values |> Array.forall ((=) 0.0f)

                    Array.forall2
                        (fun (c: sbyte) v -> isWithin scale v (scale * float32 c))
                        codes
                        values
                    && (isZero || codes |> Array.exists (fun c -> abs (int c) = 127))
                )
                (Array.zip
                    (Array.chunkBySize row.Length w.Codes)
                    (Array.chunkBySize row.Length data))
                w.Scales
        )

[<Property(MaxTest = 500)>]
let ``a bias is within half a step, whatever its size`` () =
    Prop.forAll
        (numbers 1 8)
        (fun values ->
            let input = 0.01f
            // Weights that are small beside the bias.
            let w =
                Quantization.weights values.Length input values (Array.create values.Length 1e-3f)

            Quantization.bias input w.Scales values
            |> Array.mapi (fun i whole ->
                let step = input * w.Scales[i]
                isWithin step values[i] (step * float32 whole)
            )
            |> Array.forall id
        )

[<Property(MaxTest = 300)>]
let ``a range without the outermost values lies in the whole one and holds the rest``
    (percent: PositiveInt)
    =
    Prop.forAll
        (numbers 1 400)
        (fun values ->
            let fraction = 0.5 + float (percent.Get % 50) / 100.0
            let whole = ValueHistogram.extend ValueHistogram.nothing values
            let h = ValueHistogram.add values (ValueHistogram.ofRange whole)
            let part = ValueHistogram.choose (RangeRule.Within fraction) h

            // Values at an end may be a rounding beyond it.
            let slack = 1e-6f * (abs whole.Low + abs whole.High)

            let inside =
                values
                |> Array.filter (fun v -> v >= part.Low - slack && v <= part.High + slack)
                |> Array.length

            ValueHistogram.choose RangeRule.MinMax h = whole
            && part.Low >= whole.Low - slack
            && part.High <= whole.High + slack
            && float inside >= fraction * float values.Length - 1e-9
        )

[<Fact>]
let ``the outermost values are cut on both sides`` () =
    let values = [| yield! Array.init 1000 (fun i -> float32 i / 1000.0f); -100.0f; 100.0f |]
    let whole = ValueHistogram.extend ValueHistogram.nothing values
    let h = ValueHistogram.add values (ValueHistogram.ofRange whole)
    let part = ValueHistogram.choose (RangeRule.Within 0.99) h
    Assert.Equal({ Low = -100.0f; High = 100.0f }, whole)
    // To a part of 200 / 4096.
    Assert.InRange(part.Low, -0.05f, 0.01f)
    Assert.InRange(part.High, 0.94f, 1.05f)

[<Fact>]
let ``numbers that are not finite do not spoil a range`` () =
    let values = [| nanf; 1.0f; nanf; -2.0f |]
    Assert.Equal({ Low = -2.0f; High = 1.0f }, ValueHistogram.extend ValueHistogram.nothing values)

    let q =
        Quantization.quantizer {
            Low = Single.NegativeInfinity
            High = nanf
        }

    Assert.True(q.Scale > 0.0f && Single.IsFinite q.Scale)
