/// Gradients of random networks, of all their outputs, against differences at double precision.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.GradientLaws

open System
open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Torch
open Sss.Tests.Select
open TorchSharp

/// The change of a function of everything that a network gives along a random direction of its weights and factors: by the
/// gradient, and by central differences of smaller and smaller steps, each with how much the function bends over the step.
let private along (network: Network) (seed: int) =
    use _ = Engine.scope ()
    let struct (weights, _) = VerifyNumbers.weights network (Rng.create seed)
    use model = Engine.ok (Model.createDouble (Engine.get ()) network weights)
    torch.manual_seed(int64 seed).Dispose()

    let real (shape: int64[]) =
        torch.randn (shape, dtype = torch.float64)

    let s = network.Input
    let x = real [| 3L; int64 s.Channels; int64 s.Height; int64 s.Width |]
    let times = real [| 3L; int64 (Network.values network) |]

    let vectors =
        [ model.Weights; model.Factors ]
        |> List.filter (fun v -> v.Values.numel () > 0L)

    let directions = vectors |> List.map (fun v -> real v.Values.shape)

    let loss () =
        // Dropout draws the same masks each time.
        torch.manual_seed(int64 seed + 1L).Dispose()
        let y = model.Run(Training, x)
        (y * times).sum() + (y * y).mean()

    loss().backward()

    let slope =
        List.zip vectors directions
        |> List.sumBy (fun (v, d) -> (v.Gradient * d).sum().item<float>())

    let starts = vectors |> List.map _.Values.detach().clone()

    let at (h: float) =
        use _ = torch.no_grad ()

        for v, start, d in List.zip3 vectors starts directions do
            v.Values.copy_ (start + d * h.ToScalar()) |> ignore

        (loss ()).item<float>()

    let here = at 0.0

    let difference h =
        let before, after = at -h, at h
        (after - before) / (2.0 * h), abs (after + before - 2.0 * here) / h

    slope, List.map difference [ 1e-5; 1e-6; 1e-7 ]

[<Fact>]
let ``gradients of random networks agree with differences`` () =
    let mutable tried, kinks = 0, 0

    let law (sketch: Drafts.Sketch, seed: int) =
        let network = Sketches.network sketch
        let gradient, differences = along network seed
        let scale = 1.0 + abs gradient
        tried <- tried + 1

        // A relu that gets to 0 within a large step does not within a small one. One that is at exactly 0, or a pool with equal
        // numbers, has no slope there.
        let isKink = snd (List.last differences) > 1e-3 * scale

        if differences |> List.exists (fun (d, _) -> abs (gradient - d) <= 1e-4 * scale) then
            true
        else
            kinks <- kinks + 1
            isKink || not (Double.IsFinite scale)

    let cases =
        Arb.fromGenShrink (
            Gen.zip Draw.sketch (Gen.choose (0, 1_000_000)),
            fun (sketch, seed) ->
                seq { for smaller in Smaller.shrinkSketch sketch -> smaller, seed }
        )

    Check.One(Config.QuickThrowOnFailure.WithMaxTest 500, Prop.forAll cases law)
    Assert.True(tried >= 500 && kinks < tried / 4, $"{kinks} of {tried} networks have a kink there")
