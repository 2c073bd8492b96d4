/// Contenders in turn, each in a process of its own that waits while the others run.
module Sss.Bench.Steps.Race

open System
open System.Diagnostics
open System.IO
open Sss.Torch

/// A running worker.
type Worker = { Name: string; Process: Process }

/// What a race of one kind of work gave.
type Result = {
    Case: string
    /// `train` or `infer`.
    Work: string
    /// Images a step.
    Batch: int
    /// Milliseconds a step, by contender; the first is the reference.
    Times: (string * Spread) list
    /// Time of each contender over the reference's, burst by burst.
    Ratios: (string * Spread) list
}

/// What a process holds at most and what its update costs, after training.
type Use = {
    Case: string
    Contender: string
    PeakMiB: float
    /// Milliseconds of the optimizers alone.
    Update: float
}

let private self = Path.Combine(AppContext.BaseDirectory, "bench-steps.dll")
let private python = "/usr/bin/python3"

let private launch (info: ProcessStartInfo) =
    match Process.Start info with
    | null -> invalidOp $"{info.FileName} could not be started."
    | child -> child

/// Whether PyTorch can be raced here.
let hasPyTorch () =
    if File.Exists python then
        use child =
            launch (
                ProcessStartInfo(python, [ "-c"; "import torch" ], RedirectStandardError = true)
            )

        child.WaitForExit()
        child.ExitCode = 0
    else
        false

/// Starts a worker.
let start (threads: int) (case: Case) (name: string) : Worker =
    let file, arguments =
        match name with
        | "pytorch" ->
            python,
            [
                Path.Combine(Case.root, "bench", "torch_steps.py")
                case.Name
                string threads
            ]
        | _ -> "dotnet", [ self; "worker"; name; case.Name; string threads ]

    let info =
        ProcessStartInfo(
            file,
            arguments,
            RedirectStandardInput = true,
            RedirectStandardOutput = true
        )

    { Name = name; Process = launch info }

/// One command, one number.
let ask (worker: Worker) (line: string) : float =
    worker.Process.StandardInput.WriteLine line
    worker.Process.StandardInput.Flush()

    match worker.Process.StandardOutput.ReadLine() with
    | null -> invalidOp $"{worker.Name} ended at '{line}'."
    | answer -> float answer

/// Ends a worker.
let stop (worker: Worker) =
    worker.Process.StandardInput.Close()
    worker.Process.WaitForExit()
    worker.Process.Dispose()

/// Bursts of this many seconds of the reference's work, in turn. The warm-up also says how many steps
/// that is, and gives those who are much slower fewer of them.
let run (rounds: int) (seconds: float) (case: Case) (work: string) (workers: Worker list) : Result =
    let counts = [
        for worker in workers ->
            ask worker $"{work} 1" |> ignore
            let each = ask worker $"{work} 1"
            int (Math.Clamp(seconds / each, 1.0, 200.0))
    ]

    let bursts = [
        for _ in 1..rounds ->
            [|
                for worker, count in List.zip workers counts ->
                    1000.0 * ask worker $"{work} {count}" / float count
            |]
    ]

    let spread read =
        workers
        |> List.mapi (fun i worker ->
            worker.Name, bursts |> List.map (read i) |> Array.ofList |> Spread.ofTimes
        )

    {
        Case = case.Name
        Work = work
        Batch = case.Batch
        Times = spread (fun i burst -> burst[i])
        Ratios = spread (fun i burst -> burst[i] / burst[0])
    }

/// Memory and update of workers that have trained.
let uses (case: Case) (workers: Worker list) : Use list = [
    for worker in workers ->
        {
            Case = case.Name
            Contender = worker.Name
            PeakMiB = ask worker "memory"
            Update =
                1000.0
                * (ask worker "update 3" |> ignore
                   ask worker "update 20")
                / 20.0
        }
]
