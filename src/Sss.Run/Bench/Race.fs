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

    /// Milliseconds of a turn.
    let private turn = 2.0

    /// Calls of a turn whose call takes so many milliseconds. Of several, the first one is not counted.
    let internal callsOf (call: float) : int =
        if call >= turn then
            1
        else
            1 + int (Math.Ceiling(turn / max 0.05 call))

    /// The times of one turn.
    let private timesOf calls (work: unit -> unit) : float list =
        if calls = 1 then
            [ time work ]
        else
            work ()
            List.init (calls - 1) (fun _ -> time work)

    /// Runs contenders in turn, so that other work on the machine affects all of them equally. A contender with short
    /// calls makes several in its turn: the first one reads weights that the others have displaced from the fast caches,
    /// which would be most of its time. First a warm-up: libraries choose and compile their kernels in the first calls.
    let run (seconds: float) (contenders: (unit -> unit) list) : Spread list =
        let round () = contenders |> List.map time
        let warm = Stopwatch.StartNew()
        let mutable last = round ()
        let mutable count = 1

        while count < 3 || (warm.ElapsedMilliseconds < 300L && count < 50) do
            last <- round ()
            count <- count + 1

        let calls = List.map callsOf last
        let lasts = List.map2 (fun calls call -> float calls * call) calls last |> List.sum
        let rounds = int (Math.Clamp(1000.0 * seconds / max 0.001 lasts, 7.0, 500.0))
        let times = [ for _ in 1..rounds -> List.map2 timesOf calls contenders ]

        [
            for i in 0 .. contenders.Length - 1 ->
                times |> List.collect (List.item i) |> Array.ofList |> Spread.ofTimes
        ]
