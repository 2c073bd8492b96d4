module Sss.Tests.Latency.ProfileFileTests

open System.IO
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Tests.Files

let private profile: LatencyProfile = {
    Machine = "a processor, 2 cores"
    Engine = "onnxruntime"
    Threads = 1
    Batch = 1
    Network = "network T {\n}\n"
    Dense = 1.5
    MedianError = 0.02
    WorstError = 0.05
    Factor = None
    Model = {
        PerCall = 0.01
        Scale = 1.0
        PerValue = 0.0
        PerWeight = 1e-7
        Multiple = 8
        Layers = [
            {
                Layer = "conv1"
                Inputs = [| 1; 8 |]
                Outputs = [| 8; 16; 32 |]
                Milliseconds = [| [| 0.1; 0.2; 0.3 |]; [| 0.2; 0.4; 0.6 |] |]
            }
        ]
    }
}

[<Property>]
let ``a profile reads back``
    (machine: NonEmptyString)
    (dense: NormalFloat)
    (threads: int)
    (hasFactor: bool)
    =
    let profile = {
        profile with
            Factor = if hasFactor then Some 0.9 else None
            Machine = machine.Get |> String.filter (System.Char.IsSurrogate >> not)
            Dense = abs dense.Get
            Threads = threads
    }

    Folders.within (fun folder ->
        let path = Path.Combine(folder, "profile.json")
        File.WriteAllText(path, ProfileFile.toText profile)
        ProfileFile.read path = Ok profile
    )

let private message (edit: string -> string) =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "profile.json")
        File.WriteAllText(path, edit (ProfileFile.toText profile))

        match ProfileFile.read path with
        | Ok _ -> "read"
        | Error error -> (FileError.message error).Replace(folder, "DIR")
    )

[<Fact>]
let ``what is no profile is an error that says what is wrong`` () =
    let messages =
        [
            fun (text: string) -> text.Replace("\"format\": 1", "\"format\": 2")
            fun text -> text.Replace("\"scale\": 1", "\"scale\": -1")
            fun text -> text.Replace("0.6", "1e999")
            fun text -> text.Replace("\"engine\"", "\"motor\"")
            fun text -> text.Replace("\"layer\": \"conv1\"", "\"layer\": null")
            fun text -> text.Substring(0, text.Length / 2)
            fun _ -> "[]"
            fun _ -> ""
        ]
        |> List.map message

    Assert.All(messages, (fun text -> Assert.StartsWith("DIR/profile.json: ", text)))
    Assert.Contains("format is 2; 1 is read", messages[0])
    Assert.Contains("a time is -1", messages[1])
    Assert.Contains("a time is 1e999", messages[2])
    Assert.Contains("layer is null", messages[4])

    let widths =
        message (fun text ->
            System.Text.RegularExpressions.Regex.Replace(
                text,
                @"""inputs"": \[\s*1,\s*8",
                "\"inputs\": [ 8, 1"
            )
        )

    Assert.Contains("inputs must be ascending", widths)

    let rows =
        message (fun text ->
            System.Text.RegularExpressions.Regex.Replace(
                text,
                @"""inputs"": \[\s*1,\s*8",
                "\"inputs\": [ 1, 4, 8"
            )
        )

    Assert.Contains("milliseconds must have a row for each of the inputs", rows)
