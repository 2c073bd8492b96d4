module Sss.Tests.Latency.LatencySearchLaws

open Xunit
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core

/// All tries from a factor on, the last one first; `share`: what a measurement with a factor says.
let private tries (share: float -> float) (start: float) (most: int) : LatencyTry list =
    let rec go tries =
        match LatencySearch.next start tries with
        | Some factor when List.length tries < most ->
            go (
                {
                    Factor = factor
                    Share = share factor
                }
                :: tries
            )
        | Some _
        | None -> tries

    go []

let private part (value: byte) = float value / 255.0

[<Property>]
let ``where times follow predictions, two tries are enough`` (speed: byte, start: byte) =
    // The machine is between half and twice as fast as predicted.
    let speed, start = 0.5 + 1.5 * part speed, 0.8 + 0.4 * part start
    let found = tries (fun factor -> speed / factor) start 6
    let best = (LatencySearch.best found).Value

    (best.Share >= 0.95 && best.Share <= 0.975 && found.Length <= 2)
    |> Prop.label $"%A{found}"

[<Property>]
let ``networks in steps and noise: the best try is within the limit, if one was, and is the slowest of these``
    (steps: byte list, start: byte, noise: int)
    =
    // Times that a network can have, and what measurements add to them.
    let times = 0.2 :: [ for step in steps -> 0.2 + 1.3 * part step ]
    let random = System.Random noise

    let share factor =
        let wanted = 1.0 / factor

        let time =
            match times |> List.filter (fun time -> time <= wanted) with
            | [] -> List.min times
            | lower -> List.max lower

        time * (0.98 + 0.04 * random.NextDouble())

    let found = tries share (0.8 + 0.4 * part start) 6
    let best = (LatencySearch.best found).Value
    let within = found |> List.filter (fun t -> t.Share <= 0.975)

    let isBest =
        match within with
        | [] -> found |> List.forall (fun t -> t.Share >= best.Share)
        | within ->
            List.contains best within
            && within |> List.forall (fun t -> t.Share <= best.Share)

    (isBest && found.Length <= 6 && found |> List.forall (fun t -> t.Factor > 0.0))
    |> Prop.label $"%A{found}"

[<Fact>]
let ``a factor between two that are known is halfway where the proportional one is not`` () =
    let near factor share = { Factor = factor; Share = share }
    // Too slow at 1, much too fast at 1.2: the last try asks for less than 1.
    let next = LatencySearch.next 1.0 [ near 1.2 0.7; near 1.0 1.1 ]
    Assert.Equal(sqrt 1.2, next.Value, 9)
    // The same network twice: nothing is between.
    Assert.Equal(None, LatencySearch.next 1.0 [ near 1.1 0.9; near 1.2 0.9; near 1.0 1.1 ])
    // Good enough.
    Assert.Equal(None, LatencySearch.next 1.0 [ near 1.1 0.96; near 1.0 1.1 ])
