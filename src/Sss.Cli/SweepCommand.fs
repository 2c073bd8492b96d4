namespace Sss.Cli

open System
open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Report
open Sss.Torch

/// `sss sweep`: one network at several sizes or penalties, with controls, in one table.
[<RequireQualifiedAccess>]
module SweepCommand =

    /// What identifies a sweep. Jobs and threads are not part of it.
    let private plan (network: Network) recipe (o: SweepOptions) (points: StudyPoint list) seeds = [
        "network", Language.print network
        "recipe", RecipeJson.toText recipe
        "options", String.Join(" ", o.Train.Shared)
        "points", String.Join(", ", points |> List.map _.Label)
        "seeds", String.Join(", ", List.map string seeds)
        "controls", (if o.Control then "yes" else "no")
        match o.Train.Init with
        | Some weights -> "init", weights
        | None -> ()
    ]

    let private sweepFile (out: string) = Path.Combine(out, StudyFile.fileName)

    /// A folder holds one sweep.
    let private checkPlan (out: string) (study: Study) : Result<unit, string> =
        let path = sweepFile out

        if not (File.Exists path) then
            Ok()
        else
            StudyFile.read path
            |> Result.mapError FileError.message
            |> Result.bind (fun there ->
                match SweepKnown.differences path there study (fun _ -> true) with
                | [] -> Ok()
                | lines ->
                    Error(
                        String.Join(
                            "\n",
                            lines
                            @ [
                                "Continue with the same files and options, or choose another --out."
                            ]
                        )
                    )
            )

    /// Two sweeps in one folder would do each run twice.
    let private locked (out: string) : Result<FileStream, string> =
        FolderLock.take out
        |> Result.mapError (
            function
            | NotAvailable _ ->
                $"Another sweep is using {Escape.line out}; wait for it, or choose another --out."
            | error -> FileError.message error
        )

    /// The study as far as it is done.
    let private study (p: PreparedSweep) results : Study = {
        p.Empty with
            Runs = StudyJobs.collect p.Settings p.Jobs results
            Missing = StudyJobs.missing p.Jobs results
            Benches = [
                for point in p.Points do
                    let file = SweepLatency.file p point

                    if File.Exists file then
                        point.Label, File.ReadAllText(file).Trim()
            ]
    }

    let private save (p: PreparedSweep) (study: Study) =
        StudyFile.write (sweepFile p.Settings.Out) study
        |> Result.mapError FileError.message

    let private prepare (o: SweepOptions) (parsed: Parsed) =
        let start = Option.defaultValue Recipe.defaults parsed.Recipe
        let recipe = RecipeOptions.apply o.Train.Recipe start
        let points = SweepOptions.points o start.Gamma
        let seeds = Option.defaultValue [ recipe.Seed ] o.Seeds
        let jobs = StudyPlan.sweep points seeds o.Control

        result {
            do!
                jobs
                |> List.choose (fun job -> StudyRecipe.ofJob recipe job None)
                |> List.traverseResultM (TrainRule.check o.Train.Method parsed.Network)
                |> Result.map ignore
                |> Result.mapError NotTrained

            let! source = DataSource.parse o.Train.Data |> Result.mapError BadFile

            let! dataset =
                Engine.data parsed.Network (PictureOptions.ofAugment recipe.Augment) source

            do!
                TargetFit.loss parsed.Network recipe.Loss dataset
                |> Result.bind (fun () -> Dataset.fits parsed.Network dataset)
                |> Result.mapError BadFile

            do! RunFolder.prepare o.Train.Out |> Result.mapError BadFile

            if o.Varied.IsGammas && Target.isGiven recipe.Target then
                Terminal.error
                    $"{Escape.line o.Train.File}: the recipe's target is ignored: this sweep varies γ."

            return {
                Settings = {
                    Out = o.Train.Out
                    Network = parsed.Network
                    Recipe = recipe
                    Words = o.Train.Shared
                    Init = o.Train.Init
                    Threads = StudyJobs.threads o.Threads o.Jobs
                    Jobs = o.Jobs
                }
                Points = points
                Jobs = jobs
                Empty = {
                    Plan = plan parsed.Network recipe o points seeds
                    Network = parsed.Network.Name
                    Data = o.Train.Data
                    Points = points |> List.map _.Label
                    Seeds = seeds
                    Control = o.Control
                    Runs = []
                    Benches = []
                    Missing = []
                }
            }
        }

    let private finish json (p: PreparedSweep) (study: Study) (ended: StudyEnd) : int =
        let saved = save p study
        let report = ReportCommand.afterSweep p.Settings.Out

        if json then
            Terminal.write Console.Out (StudyFile.toText study)
        else
            List.iter Terminal.out (StudyOutput.tables study)

            Terminal.out (
                ReportCommand.saved
                    "saved in "
                    p.Settings.Out
                    (Some report)
                    (fun folder -> $"sss report {folder} --markdown results.md")
            )

        saved |> Result.teeError Terminal.error |> ignore

        if ended.Stopped then
            Terminal.error "stopped; finished runs are kept, and the same command continues."
            Exit.stopped
        elif ended.Failed.IsEmpty then
            if saved.IsError then Exit.fault else report
        else
            Terminal.error
                $"{ended.Failed.Length} of {p.Jobs.Length} runs failed; the same command tries them \
                  again."

            Exit.fault

    /// The runs that are this process's to do, and then the latency of what they selected.
    let private runs (o: SweepOptions) (ranks: MpiTeam option) (p: PreparedSweep) : StudyEnd =
        let jobs =
            match ranks with
            | None -> p.Jobs
            | Some team ->
                SweepRanks.begin' team
                SweepRanks.own team p.Jobs

        Engine.stoppable (fun stop ->
            let own =
                StudyOutput.show
                    o.Quiet
                    jobs.Length
                    (fun emit -> StudyRun.run p.Settings jobs Map.empty emit stop)

            let ended =
                ranks |> Option.fold (fun own team -> SweepRanks.together team p own) own

            if not ended.Stopped && o.Latency then
                SweepLatency.measure o.Quiet p o.Threads stop

            {
                ended with
                    Stopped = ended.Stopped || stop.IsCancellationRequested
            }
        )

    let private run (o: SweepOptions) (ranks: MpiTeam option) (p: PreparedSweep) =
        result {
            use! _held = locked p.Settings.Out
            do! checkPlan p.Settings.Out p.Empty

            match o.Known with
            | None -> ()
            | Some path ->
                let! count = SweepKnown.bring p path

                if not o.Quiet then
                    Terminal.error $"known from {Escape.line path}: {count} of {p.Jobs.Length} runs"

            do! save p (study p (SweepRanks.there p))
            let ended = runs o ranks p
            return finish o.Json p (study p ended.Results) ended
        }

    let private load (o: SweepOptions) : Result<PreparedSweep, PipelineError> =
        result {
            let! text, parsed = Pipeline.loadText o.Train.File

            for warning in SweepOptions.warnings o parsed do
                Terminal.write Console.Error (Language.render o.Train.File text warning)

            return! prepare o parsed
        }

    /// The part of one process: all of the sweep, or a rank's share.
    let private take (ranks: MpiTeam option) (o: SweepOptions) (p: PreparedSweep) : int =
        match SweepRanks.agree ranks p, ranks with
        | Error error, _ -> Ranks.report ranks error
        | Ok(), Some team when not (Ranks.isFirst ranks) -> SweepRanks.help team o.Quiet p
        | Ok(), _ ->
            match run o ranks p with
            | Ok code -> code
            | Error message ->
                Terminal.error message
                // The others wait for this rank.
                ranks |> Option.iter _.Abandon()
                Exit.fault

    let private work (joined: (MpiTeam * int) option) (words: string[]) : int =
        let ranks = Option.map fst joined

        match Usage.parse<SweepArgument> "sweep" words with
        | Error code -> code
        | Ok args ->
            match SweepOptions.read args with
            | Error message -> Usage.refuse "sweep" message
            | Ok o ->
                let o = {
                    o with
                        Threads = o.Threads |> Option.orElse (Option.map snd joined)
                }

                match load o, ranks with
                | Error error, None -> Engine.report error
                | Error error, Some team -> Ranks.refuse team error
                | Ok prepared, _ -> take ranks o prepared

    /// `sss sweep FILE --data DATA (--gamma G,G | --target-macs F,F) --out DIR`
    let main (words: string[]) : int =
        Ranks.within "The same command continues the sweep." (fun joined -> work joined words)
