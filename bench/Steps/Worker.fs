/// A contender in a process of its own, told over standard input what to run and when.
module Sss.Bench.Steps.Worker

open System
open System.Diagnostics
open System.IO
open TorchSharp

/// The most memory that this process has held, in MiB.
let peak () =
    File.ReadAllLines "/proc/self/status"
    |> Array.tryFind (fun line -> line.StartsWith "VmHWM:")
    |> Option.map (fun line ->
        float (line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024.0
    )
    |> Option.defaultValue nan

/// Lines `train N`, `infer N`, `update N` and `memory`; each is answered with one number: seconds, or MiB.
let run (make: Case -> Contender) (case: Case) (threads: int) =
    let contender = make case
    torch.set_num_threads threads

    let timed work count =
        let start = Stopwatch.GetTimestamp()
        work count
        Stopwatch.GetElapsedTime(start).TotalSeconds

    let rec loop () =
        match Console.In.ReadLine() with
        | null -> 0
        | line ->
            let answer =
                match line.Split ' ' with
                | [| "train"; count |] -> timed contender.Train (int count)
                | [| "infer"; count |] -> timed contender.Infer (int count)
                | [| "update"; count |] -> timed contender.Update (int count)
                | [| "memory" |] -> peak ()
                | _ -> nan

            Console.Out.WriteLine(answer.ToString "R")
            Console.Out.Flush()
            loop ()

    loop ()
