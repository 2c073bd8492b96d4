/// The process's memory, as Linux counts it.
module Sss.Bench.Loading.Memory

open System.IO

/// A line of the process's status in MiB; not a number where the system has no such file.
let private status (key: string) : float =
    if File.Exists "/proc/self/status" then
        File.ReadLines "/proc/self/status"
        |> Seq.tryFind (fun line -> line.StartsWith(key + ":"))
        |> Option.map (fun line ->
            float (line.Substring(key.Length + 1).Replace("kB", "").Trim()) / 1024.0
        )
        |> Option.defaultValue nan
    else
        nan

/// Resident now.
let resident () = status "VmRSS"

/// The most that was ever resident.
let peak () = status "VmHWM"

/// The machine's load over the last minute.
let load () =
    if File.Exists "/proc/loadavg" then
        (File.ReadAllText "/proc/loadavg").Split(' ')[0]
    else
        "unknown"
