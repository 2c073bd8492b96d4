/// What a run of the benchmarks gave, as one table and as JSON.
module Sss.Bench.Steps.Table

open System
open System.IO
open System.Text.Json
open Sss.Torch

/// Everything that was measured.
type Measured = {
    Threads: int
    /// Load average of the last minute, before and after.
    Load: float * float
    /// 10⁹ multiply-adds per second of GEMM, 10⁹ bytes per second of a copy.
    Machine: float * float
    /// Multiply-adds of one image, by case.
    Macs: (string * int64) list
    Races: Race.Result list
    Uses: Race.Use list
    Phases: (string * Spread) list
    /// The fraction of macs left, and full against selected.
    Sparse: (string * float * BenchResult) list
    /// What was left out, and why.
    Missing: string list
}

/// Load average of the last minute.
let load () =
    match File.Exists "/proc/loadavg" with
    | true -> float ((File.ReadAllText "/proc/loadavg").Split(' ')[0])
    | false -> nan

let private number (digits: string) (value: float) = value.ToString digits

let private raceLines (m: Measured) = [
    "case          work   contender       images/s  ms a step (quartiles)        time, sss = 1 (quartiles)"
    for race in m.Races do
        for (name, time), (_, ratio) in List.zip race.Times race.Ratios do
            let spread = $"{time.Median:``0.0``} ({time.Low:``0.0``}-{time.High:``0.0``})"

            let against =
                $"{ratio.Median:``0.00``} ({ratio.Low:``0.00``}-{ratio.High:``0.00``})"

            let rate = 1000.0 * float race.Batch / time.Median

            $"{race.Case, -13} {race.Work, -6} {name, -15} {rate, 8:``0.0``}  {spread, -28} {against}"
]

let private floorLines (m: Measured) = [
    let gemm, copy = m.Machine
    $"GEMM {gemm:``0.0``} Gmac/s, copy {copy:``0.0``} GB/s; floor of a training step: 3 x macs x images / GEMM"

    for race in m.Races do
        if race.Work = "train" then
            match List.tryFind (fun (name, _) -> name = race.Case) m.Macs with
            | Some(_, macs) ->
                let floor = 3.0 * float macs * float race.Batch / gemm / 1e6

                for name, time in race.Times do
                    $"{race.Case, -13} {name, -15} floor {floor, 8:``0.0``} ms, step {time.Median, 8:``0.0``} ms, \
                      {100.0 * floor / time.Median, 5:``0.0``} %% of it"
            | None -> ()
]

let private useLines (m: Measured) = [
    "case          contender       peak MiB   optimizer ms   share of the step"
    for used in m.Uses do
        let step =
            m.Races
            |> List.tryPick (fun race ->
                if race.Case = used.Case && race.Work = "train" then
                    List.tryFind (fun (name, _) -> name = used.Contender) race.Times
                else
                    None
            )

        let share =
            match step with
            | Some(_, time) -> $"{100.0 * used.Update / time.Median:``0.0``} %%"
            | None -> ""

        $"{used.Case, -13} {used.Contender, -15} {used.PeakMiB, 8:``0``}   {used.Update, 12:``0.00``}   {share}"
]

let private sparseLines (m: Measured) = [
    for name, left, result in m.Sparse do
        $"{name}, {100.0 * left:``0.0``} %% of the macs left"

        for row in result.Rows do
            $"  {row.Engine, -12} batch {row.Batch, 2}  full {row.Dense.Median, 8:``0.00``} ms  \
              selected {row.Selected.Median, 8:``0.00``} ms  {row.SpeedUp:``0.00``} times as fast"
]

/// The table.
let toText (m: Measured) : string =
    let before, after = m.Load

    String.Join(
        "\n",
        [
            $"threads {m.Threads}, cores {Environment.ProcessorCount}, load average {before} before, {after} after"
            for missing in m.Missing do
                "left out: " + missing
            if not m.Races.IsEmpty then
                ""
                yield! raceLines m
                ""
                yield! floorLines m
                ""
                yield! useLines m
            if not m.Sparse.IsEmpty then
                ""
                yield! sparseLines m
            ""
            for name, time in m.Phases do
                $"{name, -46} {time.Median, 9:``0.0``} ms ({time.Low:``0.0``}-{time.High:``0.0``})"
        ]
    )

/// The same as JSON.
let toJson (m: Measured) : string =
    let spread (s: Spread) = {|
        median = s.Median
        low = s.Low
        high = s.High
    |}

    let named (pairs: (string * Spread) list) =
        pairs |> List.map (fun (name, s) -> name, spread s) |> dict

    JsonSerializer.Serialize(
        {|
            format = 1
            threads = m.Threads
            cores = Environment.ProcessorCount
            loadBefore = fst m.Load
            loadAfter = snd m.Load
            gigamacsPerSecond = fst m.Machine
            gigabytesPerSecond = snd m.Machine
            macs = dict m.Macs
            missing = m.Missing
            races =
                m.Races
                |> List.map (fun race -> {|
                    case = race.Case
                    work = race.Work
                    batch = race.Batch
                    milliseconds = named race.Times
                    ratios = named race.Ratios
                |})
            uses =
                m.Uses
                |> List.map (fun used -> {|
                    case = used.Case
                    contender = used.Contender
                    peakMiB = used.PeakMiB
                    optimizerMilliseconds = used.Update
                |})
            sparse =
                m.Sparse
                |> List.map (fun (name, left, result) -> {|
                    case = name
                    macsLeft = left
                    rows =
                        result.Rows
                        |> List.map (fun row -> {|
                            engine = row.Engine
                            batch = row.Batch
                            full = spread row.Dense
                            selected = spread row.Selected
                            speedup = row.SpeedUp
                        |})
                |})
            phases = named m.Phases
        |},
        JsonSerializerOptions(
            WriteIndented = true,
            NumberHandling = Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals
        )
    )
