namespace Sss.Torch

open System
open System.Diagnostics

/// Times of competing pieces of work.
[<RequireQualifiedAccess>]
module internal Race =

    /// Milliseconds of one call.
    let time (work: unit -> unit) : float =
        let start = Stopwatch.GetTimestamp()
        work ()
        Stopwatch.GetElapsedTime(start).TotalMilliseconds

    /// Runs contenders in turn, so that other work on the machine affects all of them equally. First a
    /// warm-up: libraries choose and compile their kernels in the first calls.
    let run (seconds: float) (contenders: (unit -> unit) list) : Spread list =
        let round () = contenders |> List.map time
        let warm = Stopwatch.StartNew()
        let mutable last = round () |> List.sum
        let mutable count = 1

        while count < 3 || (warm.ElapsedMilliseconds < 300L && count < 50) do
            last <- round () |> List.sum
            count <- count + 1

        let rounds = int (Math.Clamp(1000.0 * seconds / max 0.001 last, 7.0, 500.0))
        let times = [ for _ in 1..rounds -> round () ]

        [
            for i in 0 .. contenders.Length - 1 ->
                times |> List.map (List.item i) |> Array.ofList |> Spread.ofTimes
        ]
