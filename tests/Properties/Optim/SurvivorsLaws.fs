namespace Sss.Tests.Optim

open FsCheck
open FsCheck.Xunit
open Sss.Core

[<Properties(MaxTest = 500)>]
module SurvivorsLaws =

    /// Structures, some of them dead, the order in which they go, and layers: a network lives while each of its layers has one of its
    /// structures. Layers overlap.
    let private setting (count: PositiveInt) (seed: int) =
        let random = System.Random seed
        let count = count.Get % 30 + 1
        let alive = Array.init count (fun _ -> random.Next 6 > 0)

        let order =
            [| 0 .. count - 1 |] |> Array.filter (fun i -> alive[i] && random.Next 8 > 0)

        random.Shuffle order

        let layers = [
            for _ in 1 .. random.Next 6 -> [ for _ in 0 .. random.Next 5 -> random.Next count ]
        ]

        let lives isKept =
            layers |> List.forall (List.exists isKept)

        alive, order, lives

    [<Property>]
    let ``all others can go, and of those that stay none`` count seed =
        let alive, order, lives = setting count seed
        let stay = Survivors.ofOrder lives alive order

        /// Whether it lives when those go that come before one, and it.
        let livesWithout last =
            let gone = order |> Array.takeWhile ((<>) last) |> Array.append [| last |]

            lives (fun i ->
                alive[i]
                && not (Array.contains i gone && (i = last || not (List.contains i stay)))
            )

        if lives (fun i -> alive[i]) then
            lives (fun i -> alive[i] && (List.contains i stay || not (Array.contains i order)))
            && not (List.exists livesWithout stay)
        else
            List.isEmpty stay

    [<Property>]
    let ``of a layer that nothing leads around, the last in order stays``
        (count: PositiveInt)
        seed
        =
        let order = [| 0 .. count.Get - 1 |]
        (System.Random seed).Shuffle order
        let lives isKept = Array.exists isKept order
        let alive = Array.create order.Length true
        Survivors.ofOrder lives alive order = [ Array.last order ]
