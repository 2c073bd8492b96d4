/// Times of the phases that do not train, and of starting the program.
module Sss.Bench.Steps.Phases

open System
open System.Diagnostics
open System.IO
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open TorchSharp

let private median runs (work: unit -> unit) =
    Spread.ofTimes [|
        for _ in 1..runs ->
            let start = Stopwatch.GetTimestamp()
            work ()
            Stopwatch.GetElapsedTime(start).TotalMilliseconds
    |]

/// Milliseconds of parsing with checking, of selection and of export, ResNet-50, in a warm process.
let ofResNet50 () : (string * Spread) list =
    let text =
        File.ReadAllText(Path.Combine(Case.root, "examples", "zoo", "resnet50.sss"))

    match Language.parse text with
    | Error _ -> []
    | Ok parsed ->
        let network = parsed.Network
        let weights = Sparse.zeroed Sparse.Eight network (Init.weights 1 network)

        let options: OnnxOptions = {
            Text = text
            Classes = []
            Preparation = None
            Probabilities = Sss.Core.Probabilities.Softmax
            Raw = true
        }

        [
            "parse and check", fun () -> Language.parse text |> ignore
            "select", fun () -> Selection.select Selection.defaults network weights |> ignore
            "export to ONNX, in memory", fun () -> Onnx.export options network weights |> ignore
        ]
        |> List.map (fun (name, work) ->
            work ()
            $"{name}, ResNet-50", median 7 work
        )

/// GEMM in 10⁹ multiply-adds per second and copying in 10⁹ bytes per second: what the machine can do.
let machine (threads: int) : float * float =
    match LibTorch.load () with
    | Error _ -> nan, nan
    | Ok engine ->
        LibTorch.useThreads engine threads
        use _ = torch.NewDisposeScope()
        let n = 1536L
        let a, b = torch.randn (n, n), torch.randn (n, n)
        let source = torch.randn (32L * 1024L * 1024L)
        let target = torch.empty_like source

        let product () =
            use _ = torch.NewDisposeScope()
            a.mm b |> ignore

        let copy () = target.copy_ source |> ignore

        product ()
        copy ()
        let best work = (median 9 work).Median / 1000.0
        float n ** 3.0 / best product / 1e9, 2.0 * 4.0 * 32.0 * 1024.0 ** 2.0 / best copy / 1e9

let private program = Path.Combine(Case.root, "build", "out", "sss", "sss.dll")

/// Milliseconds from start to end, or to the first line on standard error that has the mark.
let private started (arguments: string list) (mark: string option) =
    let info =
        ProcessStartInfo(
            "dotnet",
            program :: arguments,
            WorkingDirectory = Case.root,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    let start = Stopwatch.GetTimestamp()
    use child = Process.Start info |> Option.ofObj |> Option.get

    let rec wait () =
        match child.StandardError.ReadLine() with
        | null -> ()
        | line when mark |> Option.exists line.Contains -> ()
        | _ -> wait ()

    wait ()

    if mark.IsNone then
        child.WaitForExit()

    let elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds
    child.WaitForExit()
    elapsed

/// Milliseconds that a person waits for the built program.
let startUp () : (string * Spread) list =
    if not (File.Exists program) then
        []
    else
        let out = Directory.CreateTempSubdirectory("sss-bench-").FullName

        try
            [
                "sss check examples/digits.sss", [ "check"; "examples/digits.sss" ], None
                "sss show examples/zoo/resnet50.sss", [ "show"; "examples/zoo/resnet50.sss" ], None
                "sss train, start to first epoch of one step",
                [
                    "train"
                    "examples/digits.sss"
                    "--data"
                    "digits"
                    "--limit"
                    "64"
                    "--batch"
                    "64"
                    "--epochs"
                    "1"
                    "--out"
                    out
                ],
                Some "epoch"
            ]
            |> List.map (fun (name, arguments, mark) ->
                started arguments mark |> ignore
                name, Spread.ofTimes [| for _ in 1..5 -> started arguments mark |]
            )
        finally
            Directory.Delete(out, true)
