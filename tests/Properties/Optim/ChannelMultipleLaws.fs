namespace Sss.Tests.Optim

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Tests.Prox

[<Properties(MaxTest = 500)>]
module ChannelMultipleLaws =

    /// Layers of some widths with a magnitude and a weight for each neuron, some of them 0; the last two
    /// stand alone.
    let private setting (widths: PositiveInt list) seed =
        let widths = widths |> List.truncate 5 |> List.map (fun w -> w.Get % 40 + 1)

        let layers =
            widths |> List.mapi (fun k w -> List.replicate w (Some k)) |> List.concat

        let layers = Array.ofList (layers @ [ None; None ])
        let random = System.Random seed

        let some () =
            if random.Next 8 = 0 then 0.0 else random.NextDouble()

        let each () =
            Array.init layers.Length (fun _ -> some ())

        layers, each (), each ()

    let private together (layers: int option[]) magnitudes weights =
        ChannelMultiple.together
            (ChannelMultiple.lanes 8 (fun i -> layers[i]) magnitudes weights)
            magnitudes
            weights

    [<Property>]
    let ``whoever goes first, at most one layer is left with an odd rest``
        (widths: PositiveInt list)
        seed
        (gone: NonNegativeInt)
        =
        let layers, magnitudes, weights = setting widths seed
        let pressed = together layers magnitudes weights

        // What may not go, of weight 0, is computed all the same.
        let staying, going =
            [| 0 .. layers.Length - 1 |]
            |> Array.filter (fun i -> layers[i].IsSome && magnitudes[i] > 0.0)
            |> Array.partition (fun i -> weights[i] = 0.0)

        let order =
            going
            // The mean of a lane is the same for all in it but for rounding.
            |> Array.sortBy (fun i -> round (1e9 * magnitudes[i] / pressed[i]), magnitudes[i])

        let count = Array.countBy (fun i -> layers[i]) >> Map.ofArray
        let left = gone.Get % (order.Length + 1)
        let whole = count (Array.append staying order)
        let least = count staying

        Array.append staying (Array.skip left order)
        |> count
        |> Map.filter (fun layer n ->
            n % 8 <> 0 && n < whole[layer] && Map.tryFind layer least <> Some n
        )
        |> fun odd -> odd.Count <= 1

    [<Property>]
    let ``a lane's magnitude over weight is its mean, and everybody else is left alone``
        widths
        seed
        =
        let layers, magnitudes, weights = setting widths seed
        let pressed = together layers magnitudes weights

        let isFree i =
            layers[i].IsNone || magnitudes[i] = 0.0 || weights[i] = 0.0

        let free, bound = [| 0 .. layers.Length - 1 |] |> Array.partition isFree

        let same (_, members: int[]) =
            let before = members |> Array.sumBy (fun i -> magnitudes[i] / weights[i])
            let after = members |> Array.sumBy (fun i -> magnitudes[i] / pressed[i])
            Laws.near before after

        (free |> Array.forall (fun i -> pressed[i] = weights[i]))
        && (bound |> Array.groupBy (fun i -> layers[i]) |> Array.forall same)

    [<Fact>]
    let ``the lane that is not full holds the weakest`` () =
        let magnitudes = [| 9.0; 1.0; 8.0; 2.0; 7.0 |]

        let weights = Array.create 5 1.0
        let lanes = ChannelMultiple.lanes 2 (fun _ -> Some 0) magnitudes weights
        let pressed = ChannelMultiple.together lanes magnitudes weights

        Assert.Equal<float[]>([| 9.0 / 8.5; 1.0; 8.0 / 8.5; 2.0 / 4.5; 7.0 / 4.5 |], pressed)
