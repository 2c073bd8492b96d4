namespace Sss.Tests.Torch

open System
open System.Threading
open Sss.Torch
open TorchSharp

/// Ranks as threads of one process: what MPI does, without MPI. A rank that does not come fails the
/// others after a minute.
type internal ThreadTeam(size: int) =
    let barrier = new Barrier(size)
    let held: byte[][] = Array.create size [||]
    let numbers: float[][] = Array.create size [||]

    let meet () =
        if not (barrier.SignalAndWait(TimeSpan.FromMinutes 1.0)) then
            raise (TimeoutException "a rank did not come")

    /// The team as one of its ranks sees it.
    member _.Of(rank: int) : Team = {
        new Team with
            member _.Rank = rank
            member _.Size = size

            member _.Sum tensor =
                let isDouble = tensor.dtype = torch.ScalarType.Float64

                numbers[rank] <-
                    if isDouble then
                        (Memory.span<float> tensor).ToArray()
                    else
                        (Memory.span<float32> tensor).ToArray() |> Array.map float

                meet ()

                let sum i =
                    numbers |> Array.sumBy (fun own -> own[i])

                for i in 0 .. int (tensor.numel ()) - 1 do
                    if isDouble then
                        (Memory.span<float> tensor)[i] <- sum i
                    else
                        (Memory.span<float32> tensor)[i] <- float32 (sum i)

                meet ()

            member _.OfFirst bytes =
                held[rank] <- bytes
                meet ()
                let first = held[0]
                meet ()
                first

            member _.OfAll bytes =
                held[rank] <- bytes
                meet ()
                let all = Array.copy held
                meet ()
                all
    }

    /// Does a rank's work on a thread each; gives what each made.
    member it.Run(work: Team -> 'T) : 'T[] =
        let results: Result<'T, exn>[] = Array.create size (Error(exn "not run"))

        let threads = [
            for rank in 0 .. size - 1 do
                let thread =
                    Thread(fun () ->
                        results[rank] <-
                            try
                                Ok(work (it.Of rank))
                            with e ->
                                Error e
                    )

                thread.Start()
                thread
        ]

        for thread in threads do
            thread.Join()

        results
        |> Array.map (
            function
            | Ok value -> value
            | Error e -> raise (InvalidOperationException("a rank failed", e))
        )
