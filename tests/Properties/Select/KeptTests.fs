namespace Sss.Tests.Select

open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// What selection has kept, judged from shapes alone, against the pattern that it was made from.
type KeptTests() =

    let networks =
        lazy
            ([ "digits"; "digits-vgg"; "digits-resnext" ]
             |> List.map (fun name ->
                 match Language.load (path [ "examples"; name + ".sss" ]) with
                 | Ok(_, parsed) -> parsed.Network
                 | Error errors -> failwith $"%A{errors}"
             ))

    /// Random zeros: a random part of each declaration, whichever of its factors; all of some blocks.
    let zeros (network: Network) (seed: int) : Set<string * int> =
        let rng = System.Random seed

        set [
            for owner, scale in Network.scales network do
                let share = rng.NextDouble()

                // A trunk that dies is no network.
                let spared =
                    if owner.Contains '.' || scale.Kind = Block then
                        -1
                    else
                        rng.Next scale.Count

                for i in 0 .. scale.Count - 1 do
                    if i <> spared && rng.NextDouble() < share then
                        owner, i
        ]

    let places (network: Network) = [|
        for owner, scale in Network.scales network do
            for i in 0 .. scale.Count - 1 -> owner, i
    |]

    /// All numbers are 1, so that what no image reaches is a constant other than 0, as in trained networks.
    let weights (network: Network) (zeros: Set<string * int>) : Weights<float> =
        let filled shape value : Tensor<float> = {
            Shape = shape
            Data = Array.create (int (Parameters.size shape)) value
        }

        Map.ofList [
            for p in Parameters.ofNetwork network do
                p.Key, filled p.Shape 1.0
            for s in Parameters.statistics network do
                s.Key, filled s.Spec.Shape 1.0
            for f in Parameters.factors network do
                f.Key,
                {
                    Shape = [ f.Scale.Count ]
                    Data =
                        Array.init
                            f.Scale.Count
                            (fun i -> if zeros.Contains(f.Owner, i) then 0.0 else 1.0)
                }
        ]

    [<Property(MaxTest = 60)>]
    member _.``the cheapest structure is that of the factors that are left``
        (which: byte)
        (seed: int)
        =
        let network = networks.Value[int which % networks.Value.Length]
        let zeros = zeros network seed
        let places = places network
        let index = places |> Seq.mapi (fun at place -> place, at) |> Map.ofSeq

        let macsOf isAlive =
            Selection.wouldBe network (fun owner i -> not (isAlive index[(owner, i)])) None
            |> Option.map _.Macs
            |> Option.defaultValue 0L

        match Selection.select Selection.defaults network (weights network zeros) with
        | Error _ -> Prop.ofTestable true |> Prop.classify true "died"
        | Ok selected ->
            let alive = places |> Array.map (fun place -> not (zeros.Contains place))

            let expected =
                BudgetChoice.cheapest macsOf (Array.init places.Length Array.singleton) alive

            let reported = KeptStructures.cheapest network selected.Network

            (reported = expected)
            |> Prop.label $"{reported} for {expected}"
            |> Prop.classify expected.IsSome "something may go"

    [<Fact>]
    member _.``a network that is not what zeros leave has no cheapest structure``() =
        let network = networks.Value.Head
        Assert.Equal(None, KeptStructures.cheapest network (Uniform.narrow 0.4 network))
