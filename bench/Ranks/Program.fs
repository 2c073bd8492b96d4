/// What `bench/mpi` starts on every rank: training steps at a fixed number of images per rank, and
/// all-reduces of growing size. The first rank prints a line a figure, `NAME VALUE…`.
module Sss.Bench.Ranks.Program

open System
open System.Diagnostics
open Sss.Core
open Sss.Torch
open TorchSharp

let private images = 64

/// A team that knows how long it waited in sums.
let private timed (clock: Stopwatch) (team: Team) : Team = {
    new Team with
        member _.Rank = team.Rank
        member _.Size = team.Size
        member _.OfFirst bytes = team.OfFirst bytes
        member _.OfAll bytes = team.OfAll bytes

        member _.Sum tensor =
            clock.Start()
            team.Sum tensor
            clock.Stop()
}

let private batch (network: Network) : Loaded =
    let shape = network.Input

    {
        Images =
            torch.randn (
                [| int64 images; int64 shape.Channels; int64 shape.Height; int64 shape.Width |]
            )
        Targets = torch.randint (int64 network.Classes, [| int64 images |], dtype = torch.int64)
        LeftOut = []
    }

/// Training steps for some seconds: images per second of all ranks, milliseconds per step, and of those
/// in the all-reduce, waiting for slower ranks included.
let private steps (team: Team option) (network: Network) (seconds: float) say =
    let engine =
        match LibTorch.load () with
        | Ok engine -> engine
        | Error error -> failwith (LibTorchError.message error)

    LibTorch.useThreads engine 1
    let state = TrainState.start network (Init.weights 1 network)

    use trainer =
        match
            Trainer.import
                engine
                (FactorRule.ofRecipe FactorMethod.Apg Recipe.defaults)
                Recipe.defaults
                state
        with
        | Ok trainer -> trainer
        | Error error -> failwith (ModelError.message error)

    let ranks = team |> Option.map _.Size |> Option.defaultValue 1
    let waiting = Stopwatch()

    let exchange =
        team
        |> Option.map (fun team -> new Exchange(timed waiting team, trainer.Model, images * ranks))

    use _ = torch.NewDisposeScope()
    let loaded = batch network

    let step n =
        trainer.Step(loaded, 0.001, int64 n, ?exchange = exchange) |> ignore

    for n in 1..3 do
        step n

    waiting.Reset()
    let clock = Stopwatch.StartNew()
    let mutable done' = 0

    // Ranks stop after the same step: the first asks, as in training.
    let isOver () =
        match exchange with
        | None -> clock.Elapsed.TotalSeconds > seconds
        | Some exchange ->
            exchange.Wishes <- {
                Stop = clock.Elapsed.TotalSeconds > seconds
                Keep = false
            }

            done' > 0 && exchange.Agreed.Wishes.Stop

    while not (isOver ()) do
        done' <- done' + 1
        step (3 + done')

    let elapsed = clock.Elapsed.TotalSeconds
    let each = elapsed * 1000.0 / float done'
    let rate = float (done' * images * ranks) / elapsed

    let bytes =
        (trainer.Model.Layout.WeightLength + trainer.Model.Layout.FactorLength) * 4L

    say $"images {ranks} {rate:F1}"
    say $"step {ranks} {each:F2}"
    say $"waited {ranks} {waiting.Elapsed.TotalMilliseconds / float done':F2}"
    say $"bytes {ranks} {bytes}"

/// The median and the best time of an all-reduce, by its bytes.
let private sums (team: Team) say =
    for bytes in [ 4096; 65536; 1 <<< 20; 4 <<< 20; 16 <<< 20; 102_000_000 ] do
        use tensor = torch.zeros (int64 (bytes / 4))
        team.Sum tensor
        let count = if bytes > (1 <<< 22) then 5 else 20

        let times =
            Array.init
                count
                (fun _ ->
                    team.OfAll [| 0uy |] |> ignore
                    let clock = Stopwatch.StartNew()
                    team.Sum tensor
                    clock.Elapsed.TotalMilliseconds
                )
            |> Array.sort

        say $"sum {team.Size} {bytes} {times[count / 2]:F3} {times[0]:F3}"

[<EntryPoint>]
let main args =
    let seconds = float args[1]

    let network =
        match Pipeline.loadText args[0] with
        | Ok(_, parsed) -> parsed.Network
        | Error error -> failwith (PipelineError.message error)

    let say rank (text: string) =
        if rank = 0 then
            Console.Out.WriteLine text

    match Launch.ofEnvironment () with
    | Launch.Alone ->
        steps None network seconds (say 0)
        0
    | Launch.Ranks(count, by) ->
        match MpiTeam.start count by (fun name why -> eprintfn $"{name}: {why}") with
        | Error error ->
            eprintfn $"{MpiError.message error}"
            1
        | Ok(team, _) ->
            let ranks = team :> Team
            steps (Some ranks) network seconds (say ranks.Rank)
            sums ranks (say ranks.Rank)
            team.Finish 0
