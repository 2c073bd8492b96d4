module Sss.Bench.Steps.Program

open System
open System.Globalization
open System.IO
open Sss.Core
open Sss.Dsl

let private usage () =
    let names = String.Join(", ", Case.all |> List.map (fun c -> c.Name))
    eprintfn $"usage: bench/run [--quick] [--one] [CASE...] with the cases {names}, phases"
    2

let private macsOf (case: Case) =
    match Language.parse (File.ReadAllText(Case.path case)) with
    | Ok parsed -> case.Name, (Cost.ofNetwork parsed.Network).Macs
    | Error _ -> case.Name, 0L

/// Both races of a case, and what the contenders use.
let private race threads quick contenders (case: Case) =
    let rounds, seconds = if quick then 3, 0.5 else 7, 1.5
    // A step of the largest takes seconds by itself.
    let rounds = if case.Name = "resnet50" then min rounds 5 else rounds
    eprintfn $"{case.Name} ..."
    let workers = contenders |> List.map (Race.start threads case)

    try
        let trained = Race.run rounds seconds case "train" workers
        let uses = Race.uses case workers

        // Predictions are in float32, and factors are folded into the weights.
        let alike = [ "sss-bf16"; "sss-no-factors" ]

        let predicting =
            workers |> List.filter (fun worker -> not (List.contains worker.Name alike))

        let predicted = Race.run rounds (0.5 * seconds) case "infer" predicting
        [ trained; predicted ], uses
    finally
        List.iter Race.stop workers

let private measure threads quick (cases: Case list) (phases: bool) : Table.Measured =
    let before = Table.load ()
    let hasPyTorch = Race.hasPyTorch ()

    let contenders = [
        "sss"
        if Contender.hasBFloat16 () then
            "sss-bf16"
        "sss-no-factors"
        "torchsharp"
        if hasPyTorch then
            "pytorch"
    ]

    let raced = cases |> List.map (race threads quick contenders)
    let small = List.head Case.all

    {
        Threads = threads
        Races = raced |> List.collect fst
        Uses = raced |> List.collect snd
        Macs = List.map macsOf cases
        Machine = Phases.machine threads
        Sparse =
            if List.contains small cases then
                [
                    for rule in [ Sparse.Eight; Sparse.Quarter ] do
                        let left, result = Sparse.bench threads rule small
                        $"{small.Name}, {Sparse.describe rule}", left, result
                ]
            else
                []
        Phases =
            if phases then
                Phases.ofResNet50 () @ Phases.startUp ()
            else
                []
        Missing = [
            if not hasPyTorch then
                "PyTorch: python3-torch is not installed and could not be."
        ]
        Load = before, Table.load ()
    }

let private runRaces (words: string list) =
    let flags, names = words |> List.partition (fun w -> w.StartsWith '-')
    let races = names |> List.filter ((<>) "phases")
    let found = races |> List.map Case.tryFind

    let known = [ "--quick"; "--one" ]

    if
        flags |> List.exists (fun f -> not (List.contains f known))
        || List.contains None found
    then
        usage ()
    else
        let cases = if names.IsEmpty then Case.all else List.choose id found
        let phases = names.IsEmpty || races <> names
        let threads = if List.contains "--one" flags then 1 else 2
        let measured = measure threads (List.contains "--quick" flags) cases phases
        let folder = Path.Combine(Case.root, "bench", "results")
        Directory.CreateDirectory folder |> ignore

        let name =
            if names.IsEmpty && flags.IsEmpty then
                "latest"
            else
                "partial"

        let text = Table.toText measured
        File.WriteAllText(Path.Combine(folder, name + ".txt"), text + "\n")
        File.WriteAllText(Path.Combine(folder, name + ".json"), Table.toJson measured + "\n")
        printfn "%s" text
        0

[<EntryPoint>]
let main args =
    CultureInfo.DefaultThreadCurrentCulture <- CultureInfo.InvariantCulture
    CultureInfo.CurrentCulture <- CultureInfo.InvariantCulture

    match List.ofArray args with
    | [ "worker"; contender; case; threads ] ->
        match Contender.tryMake contender, Case.tryFind case with
        | Some make, Some case -> Worker.run make case (int threads)
        | _ -> usage ()
    | [ "halve"; case; folder ] ->
        match Case.tryFind case with
        | Some case ->
            printfn $"{Sparse.write Sparse.Eight case folder}"
            0
        | None -> usage ()
    | "race" :: words -> runRaces words
    | _ -> usage ()
