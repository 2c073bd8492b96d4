namespace Sss.Cli

open System
open Spectre.Console
open Sss.Core
open Sss.Files
open Sss.Torch

/// Training as it goes, on standard error: a bar with rate and time left where a person watches,
/// a line an epoch elsewhere.
[<RequireQualifiedAccess>]
module TrainProgress =

    let private kept (report: EpochReport) kind word =
        report.Factors
        |> List.filter (fun f -> f.Kind = kind)
        |> List.map (fun f -> $"{word} {f.NonZero}/{f.Total}")

    let private line (network: Network) (epochs: int) (report: EpochReport) =
        let dense = Cost.ofNetwork network

        let macs =
            match report.WouldBe with
            | Some cost -> Number.percent (float cost.Macs / float (max 1L dense.Macs))
            | None -> "a layer died"

        let width = (string epochs).Length

        String.Join(
            "  ",
            [
                $"epoch {(string (report.Epoch + 1)).PadLeft width}/{epochs}"
                "loss " + report.Loss.ToString "0.0000"
                "accuracy " + Number.percent report.Accuracy
                "lr " + Number.brief report.Rate
                yield! kept report Neuron "neurons"
                yield! kept report Group "groups"
                yield! kept report Block "blocks"
                "macs " + macs
                match report.Validation with
                | Some v -> "validation " + Number.percent v.Accuracy
                | None -> ()
                Number.grouped (int64 report.ImagesPerSecond) + " images/s"
                if report.Waited >= 0.1 then
                    $"waited {report.Waited:``0.0``} s for data"
            ]
        )

    let private resumed (r: Resumption) = [
        for reason in r.Damaged do
            $"a checkpoint cannot be read, going on from the one before it: {reason}"
        match r.Checkpoint with
        | Some path -> $"going on from {path}, after {r.Epoch} epochs ({r.Step} steps)"
        | None -> "no checkpoint in the folder yet: starting at the first step"
    ]

    let private cut (report: CutReport) =
        let kept =
            Number.percent (float report.After.Macs / float (max 1L report.Before.Macs))

        $"cut {report.Structures} structures for good: going on with {kept} of the macs"
    let private leftOut error = "left out: " + FileError.message error

    let private plain network epochs event =
        match event with
        | Resumed r -> List.iter Terminal.error (resumed r)
        | CutDone report -> Terminal.error (cut report)
        | Started start ->
            Terminal.error
                $"training {start.Network.Name}: {Number.grouped start.Images} images an epoch, \
                  batch {start.Batch}, {start.Epochs} epochs, {start.Threads} threads"
        | EpochDone report -> Terminal.error (line network epochs report)
        | LeftOut error -> Terminal.error (leftOut error)
        | Stepped _
        | Finished _ -> ()

    let private rate (report: StepReport) =
        let speed = Number.grouped (int64 report.ImagesPerSecond)
        "loss " + report.Loss.ToString "0.000" + ", " + speed + " images/s"

    let private bar network epochs (work: (TrainEvent -> unit) -> 'T) =
        let console = Terminal.progress ()

        console
            .Progress()
            .AutoClear(true)
            .Columns(
                TaskDescriptionColumn(Alignment = Justify.Left),
                ProgressBarColumn(),
                PercentageColumn(),
                RemainingTimeColumn()
            )
            .Start(fun context ->
                let task = context.AddTask "training"

                work (fun event ->
                    match event with
                    | Resumed r -> List.iter console.WriteLine (resumed r)
                    | CutDone report -> console.WriteLine(cut report)
                    | Started start ->
                        task.MaxValue <- float (start.StepsPerEpoch * start.Epochs)
                        task.Value <- float (start.StepsPerEpoch * start.FirstEpoch)
                    | Stepped report ->
                        task.Increment 1.0
                        task.Description <- rate report
                    | EpochDone report -> console.WriteLine(line network epochs report)
                    | LeftOut error -> console.WriteLine(leftOut error)
                    | Finished _ -> task.StopTask()
                )
            )

    /// Images and checkpoints that are not what they should be are told in any case.
    let private broken event =
        match event with
        | LeftOut error -> Terminal.error (leftOut error)
        | Resumed r when not r.Damaged.IsEmpty -> List.iter Terminal.error (resumed r)
        | _ -> ()

    /// Runs work that emits events, and shows them.
    let show quiet (network: Network) (epochs: int) (work: (TrainEvent -> unit) -> 'T) : 'T =
        if quiet then work broken
        elif Terminal.watched () then bar network epochs work
        else work (plain network epochs)
