namespace Sss.Cli

open System
open Spectre.Console
open Spectre.Console.Rendering
open Sss.Core
open Sss.Files
open Sss.Torch

/// The progress of training, on standard error: on a terminal a growing table and a bar with rate and remaining
/// time, otherwise a line per epoch.
[<RequireQualifiedAccess>]
module TrainProgress =

    /// Epochs that the table shows; the run folder's metrics.csv has them all.
    let private shown = 10

    /// The kinds that the network has, as columns: heading and what is kept.
    let private kinds (report: EpochReport) =
        [ Neuron, "neurons"; Group, "groups"; Block, "blocks"; Shared, "shared" ]
        |> List.choose (fun (kind, heading) ->
            report.Factors
            |> List.tryFind (fun f -> f.Kind = kind)
            |> Option.map (fun f -> heading, $"{f.NonZero}/{f.Total}")
        )

    let private macs (network: Network) (report: EpochReport) =
        match report.WouldBe with
        | Some cost ->
            let dense = (Cost.ofNetwork network).Macs
            Number.percent (float cost.Macs / float (max 1L dense))
        | None -> "a layer died"

    /// An epoch's cells with their headings, the same on a terminal and in plain lines.
    let private cells (network: Network) (epochs: int) (report: EpochReport) = [
        "epoch", $"{(string (report.Epoch + 1)).PadLeft (string epochs).Length}/{epochs}"
        "loss", report.Loss.ToString "0.0000"
        // Numbers are neither right nor wrong.
        if not (Double.IsNaN report.Accuracy) then
            let answers = if Network.isClassifier network then "" else "pixel "
            answers + "accuracy", Number.percent report.Accuracy
        yield! kinds report
        "macs", macs network report
        match report.Validation with
        | Some v -> "validation", Metric.ofQuality v.Quality
        | None -> ()
    ]

    let private line (network: Network) (epochs: int) (report: EpochReport) =
        String.Join(
            "  ",
            [
                for heading, cell in cells network epochs report do
                    heading + " " + cell
                "lr " + Number.brief report.Rate
                Number.grouped (int64 report.ImagesPerSecond) + " images/s"
                if report.Waited >= 0.1 then
                    $"waited {report.Waited:``0.0``} s for data"
            ]
        )

    /// Where and how it computes, unless it is as always.
    let private arithmetic (a: RunArithmetic) =
        match RunArithmetic.unusual a with
        | Some text -> $", on {text}"
        | None -> ""

    /// What `--precision auto` has chosen, and why.
    let precision (trial: PrecisionTrial) : string =
        let chosen = Precision.name (PrecisionTrial.chosen trial)

        match trial with
        | PrecisionTrial.NoUnits ->
            $"computing in {chosen}: LibTorch uses no instructions for bf16 on this processor"
        | PrecisionTrial.NoWeights -> $"computing in {chosen}: the network has no weights"
        | PrecisionTrial.Timed(float32, bf16) ->
            $"computing in {chosen}: a forward and a backward pass take {Number.milliseconds float32} in float32, \
              {Number.milliseconds bf16} in bf16"

    let private workers (a: RunArithmetic) =
        let threads = Number.counted a.Threads "thread"

        if a.Ranks > 1 then
            $"{a.Ranks} ranks of {threads}"
        else
            threads

    let private heading (start: TrainStart) =
        let epochs = Number.counted start.Epochs "epoch"

        $"training {start.Network.Name}: {Number.grouped start.Images} images per epoch, \
          batch {start.Batch}, {epochs}, {workers start.Arithmetic}"
        + arithmetic start.Arithmetic

    let private resumed (r: Resumption) = [
        for reason in r.Damaged do
            $"a checkpoint cannot be read, continuing from the one before it: {reason}"
        match r.Checkpoint with
        | Some path ->
            let epochs = Number.counted r.Epoch "epoch"
            $"continuing from {Escape.line path}, after {epochs} ({r.Step} steps)"
        | None -> "no checkpoint in the folder yet: starting at the first step"
    ]

    /// A number of threads that is not as always, with the reason.
    let private threads (choice: ThreadChoice) =
        ThreadChoice.reason choice
        |> Option.map (fun reason ->
            let count = Number.counted choice.Threads "thread"
            $"computing with {count}: {reason} (--threads sets another number)"
        )

    let private cut (report: CutReport) =
        let kept =
            Number.percent (float report.After.Macs / float (max 1L report.Before.Macs))

        let structures = Number.counted report.Structures "structure"
        $"cut {structures} permanently: continuing with {kept} of the macs"

    let private endedEarly epochs without =
        let count = Number.counted without "epoch"
        $"ended after epoch {epochs}: {count} without a lower validation loss"

    let private leftOut error = "skipped: " + FileError.message error

    let private notWritten error =
        $"{FileError.message error}\nTraining continues without this file."

    let private plain network epochs event =
        match event with
        | Resumed r -> List.iter Terminal.error (resumed r)
        | ThreadsChosen choice -> Option.iter Terminal.error (threads choice)
        | CutDone report -> Terminal.error (cut report)
        | EndedEarly(epochs, without) -> Terminal.error (endedEarly epochs without)
        | Started start -> Terminal.error (heading start)
        | EpochDone report -> Terminal.error (line network epochs report)
        | LeftOut error -> Terminal.error (leftOut error)
        | NotWritten error -> Terminal.error (notWritten error)
        | Stepped _
        | Finished _ -> ()

    /// The last epochs, newest at the bottom.
    let private table (network: Network) epochs (reports: EpochReport list) : IRenderable =
        match reports with
        | [] -> Text "" :> IRenderable
        | newest :: _ ->
            let table = Table(Border = TableBorder.None, ShowRowSeparators = false)

            for title, _ in cells network epochs newest do
                table.AddColumn(
                    TableColumn(Text(title, Style(decoration = Decoration.Dim)))
                        .RightAligned()
                        .NoWrap()
                        .PadRight(2)
                )
                |> ignore

            for report in reports |> List.truncate shown |> List.rev do
                let style =
                    if report.Epoch = newest.Epoch then
                        Style.Plain
                    else
                        Style(decoration = Decoration.Dim)

                let row =
                    cells network epochs report
                    |> List.map (fun (_, cell) -> Text(cell, style) :> IRenderable)

                table.AddRow(row) |> ignore

            table

    let private rate (report: StepReport) =
        let speed = Number.grouped (int64 report.ImagesPerSecond)
        "loss " + report.Loss.ToString "0.000" + ", " + speed + " images/s"

    let private live network epochs (work: (TrainEvent -> unit) -> 'T) =
        let console = Terminal.progress ()
        // Written by the thread that trains, read by the one that draws: each value is whole.
        let reports: EpochReport list ref = ref []
        let around = 50

        let progress =
            console
                .Progress()
                .AutoClear(false)
                .Columns(
                    TaskDescriptionColumn(Alignment = Justify.Left),
                    ProgressBarColumn(Width = max 8 (min 40 (console.Profile.Width - around))),
                    PercentageColumn(),
                    RemainingTimeColumn()
                )
                .UseRenderHook(fun bar _ ->
                    Rows([ table network epochs reports.Value; bar ]) :> IRenderable
                )

        progress.Start(fun context ->
            let task = context.AddTask "training"

            // Spectre.Console writes what it is given, also what steers a terminal.
            let line text = console.WriteLine(Escape.lines text)

            work (fun event ->
                match event with
                | Resumed r -> List.iter line (resumed r)
                | ThreadsChosen choice -> Option.iter line (threads choice)
                | CutDone report -> line (cut report)
                | EndedEarly(epochs, without) -> line (endedEarly epochs without)
                | Started start ->
                    line (heading start)
                    task.MaxValue <- float start.StepsPerEpoch * float start.Epochs
                    task.Value <- float start.StepsPerEpoch * float start.FirstEpoch
                | Stepped report ->
                    task.Increment 1.0
                    task.Description <- rate report
                | LeftOut error -> line (leftOut error)
                | NotWritten error -> line (notWritten error)
                | EpochDone report -> reports.Value <- report :: List.truncate shown reports.Value
                | Finished _ -> task.StopTask()
            )
        )

    /// What a rank other than the first shows: what is wrong with its images.
    let helper (name: string) event =
        match event with
        | LeftOut error -> Terminal.error $"{name}: {leftOut error}"
        | _ -> ()

    /// Broken images and checkpoints are reported in any case.
    let private broken event =
        match event with
        | LeftOut error -> Terminal.error (leftOut error)
        | NotWritten error -> Terminal.error (notWritten error)
        | Resumed r when not r.Damaged.IsEmpty -> List.iter Terminal.error (resumed r)
        | _ -> ()

    /// Runs work that emits events, and shows them.
    let show quiet (network: Network) (epochs: int) (work: (TrainEvent -> unit) -> 'T) : 'T =
        if quiet then work broken
        elif Terminal.watched () then live network epochs work
        else work (plain network epochs)
