namespace Sss.Tests.Optim

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Prox

[<Properties(MaxTest = 500)>]
module SaliencyLaws =

    /// Strengths, λ, mean squares and savings of some structures; a few of each are 0.
    let private setting (count: PositiveInt) (seed: int) =
        let random = System.Random seed
        let count = count.Get % 40 + 1

        let each scale =
            Array.init
                count
                (fun _ ->
                    if random.Next 6 = 0 then
                        0.0
                    else
                        scale * (0.05 + random.NextDouble())
                )

        each 2.0, each 1.0, each 1e-4, each 1e6

    let private near (a: float[]) (b: float[]) =
        Array.forall2 (fun x y -> abs (x - y) <= 1e-9 * max (abs x) (abs y)) a b

    let private worth (magnitudes: float[]) (squares: float[]) (savings: float[]) i =
        magnitudes[i] ** 2.0 * squares[i] / max 1.0 savings[i]

    [<Property>]
    let ``who goes first is who is worth least for its macs`` count seed =
        let _, magnitudes, squares, savings = setting count seed
        let strengths = Array.create magnitudes.Length 1.0
        let weights = Saliency.weights strengths magnitudes squares savings

        let perMac = worth magnitudes squares savings
        let reach i = magnitudes[i] / weights[i]

        let alive =
            [| 0 .. weights.Length - 1 |] |> Array.filter (fun i -> magnitudes[i] > 0.0)

        Array.forall ((=) 0.0) squares
        || Array.allPairs alive alive
           |> Array.forall (fun (i, j) -> perMac i > perMac j || reach i <= reach j * (1.0 + 1e-9))

    [<Property>]
    let ``units do not count: of the loss, of macs, of a factor against the weights behind it``
        count
        seed
        =
        let strengths, magnitudes, squares, savings = setting count seed
        let savings = savings |> Array.map ((+) 1.0)
        let weights = Saliency.weights strengths magnitudes squares savings
        // λ·t and weights/t are the same function; g is g/t then.
        let other = Array.mapi (fun i m -> m * float (i % 3 + 1)) magnitudes
        let steeper = Array.mapi (fun i s -> s / float (i % 3 + 1) ** 2.0) squares

        let isKnown =
            Array.map3 (fun strength m s -> strength * m * s) strengths magnitudes squares
            |> Array.exists (fun known -> known > 0.0)

        let order (m: float[]) (w: float[]) =
            Array.map2 (fun m w -> if m * w = 0.0 then 0.0 else m / w) m w

        near weights (Saliency.weights strengths magnitudes (Array.map ((*) 7.0) squares) savings)
        && near
            weights
            (Saliency.weights strengths magnitudes squares (Array.map ((*) 3.0) savings))
        && (not isKnown
            || near
                (order magnitudes weights)
                (order other (Saliency.weights strengths other steeper savings)))

    [<Property>]
    let ``weights are finite, and 0 exactly where nothing is pressed`` count seed =
        let strengths, magnitudes, squares, savings = setting count seed
        let weights = Saliency.weights strengths magnitudes squares savings

        Array.forall2
            (fun strength weight ->
                System.Double.IsFinite weight && (weight = 0.0) = (strength = 0.0)
            )
            strengths
            weights

    [<Property>]
    let ``before the first gradient only the strengths count`` count seed =
        let strengths, magnitudes, squares, savings = setting count seed
        let nothing = Array.map (fun _ -> 0.0) squares
        Saliency.weights strengths magnitudes nothing savings = strengths

    [<Fact>]
    let ``twice the strength, four times the macs and half of the factor, in numbers`` () =
        let weights =
            Saliency.weights [| 1.0; 2.0; 1.0; 1.0; 1.0 |] [| 1.0; 1.0; 1.0; 0.5; 1.0 |] [|
                1.0
                1.0
                1.0
                1.0
                0.0
            |] [| 100.0; 100.0; 400.0; 100.0; 100.0 |]

        // Worth in medians: 1 and 1 and a quarter, a quarter; the median of the four is 1 (the upper one). Squared
        // it is 1, 1 and a sixteenth; who is worth nothing counts for a thousandth.
        Assert.Equal<float[]>([| 1.0; 2.0; 16.0; 8.0; 1e6 |], weights)

    [<Property>]
    let ``the stronger of two keeps more of itself than in proportion to its worth`` count seed =
        let _, magnitudes, squares, savings = setting count seed
        let strengths = Array.create magnitudes.Length 1.0
        let weights = Saliency.weights strengths magnitudes squares savings

        let worth = worth magnitudes squares savings
        // The part of itself that a structure loses to a common γ.
        let lost i = weights[i] / magnitudes[i]

        // Below a thousandth of the median all count alike; who is within a thousandth of the best is above it.
        let best = Seq.init weights.Length worth |> Seq.max

        let known =
            [| 0 .. weights.Length - 1 |]
            |> Array.filter (fun i -> worth i > 0.0 && worth i >= 1e-3 * best)

        Array.allPairs known known
        |> Array.forall (fun (weak, strong) ->
            worth weak > worth strong
            || lost strong / lost weak <= (worth weak / worth strong) * (1.0 + 1e-9)
        )
