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
    (threads: PositiveInt)
    (hasFactor: bool)
    =
    let profile = {
        profile with
            Factor = if hasFactor then Some 0.9 else None
            Machine = machine.Get |> String.filter (System.Char.IsSurrogate >> not)
            Dense = max 1e-300 (abs dense.Get)
            Threads = threads.Get
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
    Assert.Contains("`scale` is -1; it must be a number of 0 or more", messages[1])
    Assert.Contains("a time is 1e999", messages[2])
    Assert.Contains("`engine` is missing", messages[3])
    Assert.Contains("layer is null", messages[4])

    let half = (ProfileFile.toText profile).Length / 2

    let broken at =
        $"DIR/profile.json: at byte {at}: broken profile.json: "

    Assert.Equal(broken half + "it ends early", messages[5])
    Assert.Equal(broken 0 + "`format` is missing: this is no JSON object", messages[6])
    Assert.Equal(broken 0 + "it ends early", messages[7])

[<Theory>]
[<InlineData("batch", "0", "a whole number of 1 or more")>]
[<InlineData("batch", "1.5", "a whole number of 1 or more")>]
[<InlineData("threads", "-1", "a whole number of 1 or more")>]
[<InlineData("multiple", "0", "a whole number of 1 or more")>]
[<InlineData("dense", "0", "a number above 0")>]
[<InlineData("factor", "0", "a number above 0")>]
[<InlineData("scale", "\"1\"", "a number of 0 or more")>]
let ``a number that a profile cannot have is named`` (name: string, value: string, wanted: string) =
    let text = ProfileFile.toText { profile with Factor = Some 0.5 }

    let said =
        message (fun _ ->
            System.Text.RegularExpressions.Regex.Replace(
                text,
                $"\"{name}\": [^,]*,",
                $"\"{name}\": {value},"
            )
        )

    Assert.EndsWith($"broken profile.json: `{name}` is {value}; it must be {wanted}", said)

[<Fact>]
let ``a byte order mark is not part of a profile, and what is no JSON is shown where it begins``
    ()
    =
    Assert.Equal("read", message (fun text -> "\ufeff" + text))
    let said = message (fun _ -> "{\n  \"format\": 1,\n  oops\n}")
    Assert.EndsWith("at byte 19: broken profile.json: not JSON from here on", said)

[<Fact>]
let ``widths must be ascending`` () =

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
