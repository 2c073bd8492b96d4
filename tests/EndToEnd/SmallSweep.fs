/// A sweep of the small run, and what its files say.
module Sss.Tests.EndToEnd.SmallSweep

open System.Text.Json
open Sss.Tests.EndToEnd.Running

let few = [ "--data"; "digits"; "--limit"; "160"; "--epochs"; "2"; "--shrink"; "1" ]

let sweep (folder: Folder) out options =
    [ "sweep"; folder.File "small.sss" ]
    @ few
    @ [ "--threads"; "2"; "--jobs"; "2"; "--out"; folder.File out ]
    @ options

let runs (sweep: JsonElement) =
    [
        for run in sweep.GetProperty("runs").EnumerateArray() do
            (string (run.GetProperty("kind").GetString()), run.GetProperty("seed").GetInt32()),
            run.GetProperty "result"
    ]
    |> Map.ofList

let macs (result: JsonElement) =
    result.GetProperty("selected").GetProperty("macs").GetInt64()

let compute (result: JsonElement) =
    result.GetProperty("compute").GetProperty("trainMacs").GetDouble()

let target = [ "--target-macs"; "0.7" ]
