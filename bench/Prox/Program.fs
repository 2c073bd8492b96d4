/// Times proximal operators that write into a given buffer against a plain copy loop over the same
/// data, and counts what they allocate. Run in Release: `dotnet run -c Release --project
/// bench/Prox`. The contenders take turns, so that a busy machine slows all of them; medians are
/// compared.
module Sss.Bench.Prox

open System
open System.Diagnostics
open Sss.Core

let private length = 10_000_000
let private rounds = 21

let private copyLoop (source: 'a[]) (destination: 'a[]) =
    for i in 0 .. source.Length - 1 do
        destination[i] <- source[i]

let private median (values: float list) =
    values |> List.sort |> List.item (values.Length / 2)

/// Milliseconds and allocated bytes of one call.
let private measure (action: unit -> unit) =
    let before = GC.GetAllocatedBytesForCurrentThread()
    let start = Stopwatch.GetTimestamp()
    action ()
    let elapsed = Stopwatch.GetElapsedTime start
    elapsed.TotalMilliseconds, GC.GetAllocatedBytesForCurrentThread() - before

/// Prints a table; the first contender is what the others are compared with. The worst ratio.
let private race title (contenders: (string * (unit -> unit)) list) =
    // Long enough for the JIT to have made the loops its best.
    for _ in 1..5 do
        for _, action in contenders do
            action ()

    Threading.Thread.Sleep 300

    let results =
        [
            for _ in 1..rounds do
                for name, action in contenders do
                    name, measure action
        ]
        |> List.groupBy fst
        |> List.map (fun (name, runs) ->
            name,
            runs |> List.map (snd >> fst) |> median,
            runs |> List.map (snd >> snd) |> List.min
        )

    let _, reference, _ = results.Head
    printfn $"%s{title}, %d{length} values, median of %d{rounds}"
    printfn "  %-24s %10s %8s %10s" "" "ms" "ratio" "bytes"

    for name, time, bytes in results do
        printfn "  %-24s %10.2f %8.2f %10d" name time (time / reference) bytes

    results |> List.map (fun (_, time, _) -> time / reference) |> List.max

let private get result =
    match result with
    | Ok penalty -> penalty
    | Error error -> invalidOp (PenaltyError.message error)

let private doubles () =
    let random = Random 1
    let x = Array.init length (fun _ -> 4.0 * random.NextDouble() - 2.0)
    let gammas = Array.init length (fun _ -> random.NextDouble())
    let buffer = Array.zeroCreate length

    let prox penalty () =
        Penalty.proxInto penalty 0.5 x buffer |> ignore

    race "float64" [
        "copy loop", fun () -> copyLoop x buffer
        "l1", prox (get (L1.create 0.5))
        "weightedL1", prox (get (L1.weighted gammas))
        "nonNegativeL1", prox (get (NonNegativeL1.create 0.5))
        "weightedNonNegativeL1", prox (get (NonNegativeL1.weighted gammas))
        "box", prox (get (Box.create -1.0 1.0))
    ]

let private singles () =
    let random = Random 1
    let x = Array.init length (fun _ -> 4.0f * random.NextSingle() - 2.0f)
    let gammas = Array.init length (fun _ -> random.NextSingle())
    let buffer = Array.zeroCreate length

    race "float32" [
        "copy loop", fun () -> copyLoop x buffer
        "l1", fun () -> Elementwise.softThreshold 0.25f (ReadOnlySpan x) (Span buffer) |> ignore
        "weightedL1",
        fun () ->
            Elementwise.softThresholdWeighted
                0.5f
                (ReadOnlySpan gammas)
                (ReadOnlySpan x)
                (Span buffer)
            |> ignore
        "nonNegativeL1",
        fun () -> Elementwise.shrinkToNonNegative 0.25f (ReadOnlySpan x) (Span buffer) |> ignore
        "weightedNonNegativeL1",
        fun () ->
            Elementwise.shrinkToNonNegativeWeighted
                0.5f
                (ReadOnlySpan gammas)
                (ReadOnlySpan x)
                (Span buffer)
            |> ignore
        "box", fun () -> Elementwise.clamp -1.0f 1.0f (ReadOnlySpan x) (Span buffer)
    ]

[<EntryPoint>]
let main _ =
    let worst = max (doubles ()) (singles ())
    printfn "worst ratio %.2f (limit 1.50)" worst
    if worst <= 1.5 then 0 else 1
