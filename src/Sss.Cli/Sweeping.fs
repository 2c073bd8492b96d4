namespace Sss.Cli

open System
open System.IO
open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Report
open Sss.Torch

/// `sss sweep`: one network at several sizes or penalties, with controls, in one table.
[<RequireQualifiedAccess>]
module SweepCommand =

    /// What makes a sweep this one. Jobs and threads are no part of it.
    let private plan (network: Network) recipe (o: SweepOptions) seeds control = [
        "network", Language.print network
        "recipe", RecipeJson.toText recipe
        "options", String.Join(" ", TrainOptions.shared o.Train)
        "points", String.Join(", ", o.Points |> List.map _.Label)
        "seeds", String.Join(", ", List.map string seeds)
        "controls", (if control then "yes" else "no")
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
                            @ [ "Go on with what it was started with, or choose another --out." ]
                        )
                    )
            )

    /// Two sweeps in one folder would do each run twice.
    let private locked (out: string) : Result<FileStream, string> =
        FolderLock.take out
        |> Result.mapError (
            function
            | NotAvailable _ ->
                $"Another sweep is at work in {Escape.line out}; wait for it, or choose another --out."
            | error -> FileError.message error
        )

    /// The study as far as it is done.
    let private study (p: PreparedSweep) (o: SweepOptions) results : Study = {
        p.Empty with
            Runs = StudyJobs.collect p.Settings p.Jobs results
            Missing = StudyJobs.missing p.Jobs results
            Benches = [
                for point in o.Points do
                    let file = SweepLatency.file p point

                    if File.Exists file then
                        point.Label, File.ReadAllText(file).Trim()
            ]
    }

    let private save (p: PreparedSweep) (study: Study) =
        StudyFile.write (sweepFile p.Settings.Out) study
        |> Result.mapError FileError.message

    let private prepare
        (args: Argu.ParseResults<SweepArgument>)
        path
        (o: SweepOptions)
        (parsed: Parsed)
        =
        let start = Option.defaultValue Recipe.defaults parsed.Recipe

        // The bounds have been checked: they do not depend on the recipe.
        let recipe = TrainOptions.recipe o.Train start |> Result.defaultValue start
        let seeds = Option.defaultValue [ recipe.Seed ] o.Seeds
        let control = args.Contains SweepArgument.Control
        let data = args.GetResult SweepArgument.Data

        let method = TrainOptions.method o.Train |> Result.defaultValue FactorMethod.Apg
        let jobs = StudyPlan.sweep o.Points seeds control

        result {
            do!
                jobs
                |> List.choose (fun job -> StudyRecipe.ofJob recipe job None)
                |> List.traverseResultM (TrainRule.check method)
                |> Result.map ignore
                |> Result.mapError NotTrained

            let! source = DataSource.parse data |> Result.mapError BadFile

            let! dataset =
                Engine.data parsed.Network (PictureOptions.ofAugment recipe.Augment) source

            do! Dataset.fits parsed.Network dataset |> Result.mapError BadFile
            do! RunFolder.prepare (args.GetResult SweepArgument.Out) |> Result.mapError BadFile

            if args.Contains SweepArgument.Gamma && recipe.TargetMacs.IsSome then
                Terminal.error
                    $"{Escape.line path}: the recipe's target of macs is left out: γ is what is varied."

            return {
                Settings = {
                    Out = args.GetResult SweepArgument.Out
                    Network = parsed.Network
                    Recipe = recipe
                    Words = TrainOptions.shared o.Train
                    Threads = StudyJobs.threads o.Threads o.Jobs
                    Jobs = o.Jobs
                }
                Jobs = jobs
                Empty = {
                    Plan = plan parsed.Network recipe o seeds control
                    Network = parsed.Network.Name
                    Data = data
                    Points = o.Points |> List.map _.Label
                    Seeds = seeds
                    Control = control
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
            Terminal.out (ReportCommand.saved "saved in " p.Settings.Out (Some report))

        saved |> Result.teeError Terminal.error |> ignore

        if ended.Stopped then
            Terminal.error "stopped; what is done is kept, the same command goes on with it."
            Exit.stopped
        elif ended.Failed.IsEmpty then
            if saved.IsError then Exit.fault else report
        else
            Terminal.error
                $"{ended.Failed.Length} of {p.Jobs.Length} runs failed; the same command tries them \
                  again."

            Exit.fault

    let private run
        (args: Argu.ParseResults<SweepArgument>)
        (o: SweepOptions)
        (ranks: MpiTeam option)
        (p: PreparedSweep)
        =
        let json = args.Contains SweepArgument.Json
        let quiet = json || args.Contains SweepArgument.Quiet

        result {
            use! _held = locked p.Settings.Out
            do! checkPlan p.Settings.Out p.Empty

            match args.TryGetResult SweepArgument.Known with
            | None -> ()
            | Some path ->
                let! count = SweepKnown.bring p path

                if not quiet then
                    Terminal.error $"known from {Escape.line path}: {count} of {p.Jobs.Length} runs"

            do! save p (study p o (SweepRanks.there p))

            let jobs =
                match ranks with
                | None -> p.Jobs
                | Some team ->
                    SweepRanks.begin' team
                    SweepRanks.own team p.Jobs

            let ended =
                Engine.stoppable (fun stop ->
                    let ended =
                        StudyOutput.show
                            quiet
                            jobs.Length
                            (fun emit -> StudyRun.run p.Settings jobs Map.empty emit stop)
                        |> fun own ->
                            ranks
                            |> Option.fold (fun own team -> SweepRanks.together team p own) own

                    if not ended.Stopped && not (args.Contains SweepArgument.No_Latency) then
                        SweepLatency.measure quiet p o.Threads o.Points stop

                    {
                        ended with
                            Stopped = ended.Stopped || stop.IsCancellationRequested
                    }
                )

            let study = study p o ended.Results
            return finish json p study ended
        }

    let private work (joined: (MpiTeam * int) option) (words: string[]) : int =
        let ranks = Option.map fst joined

        match Usage.parse<SweepArgument> "sweep" words with
        | Error code -> code
        | Ok args ->
            match SweepOptions.read args Recipe.defaults.Gamma with
            | Error message -> Usage.refuse "sweep" message
            | Ok _ ->
                let path = args.GetResult SweepArgument.File

                let prepared =
                    result {
                        let! text, parsed = Pipeline.loadText path

                        let gamma = args.TryGetResult SweepArgument.Gamma
                        let hasTarget = args.Contains SweepArgument.Target_Macs

                        for warning in TrainOptions.warnings gamma hasTarget parsed do
                            Terminal.write Console.Error (Language.render path text warning)

                        let before = Option.defaultValue Recipe.defaults parsed.Recipe

                        return!
                            match SweepOptions.read args before.Gamma with
                            | Ok o ->
                                let threads = o.Threads |> Option.orElse (Option.map snd joined)
                                let o = { o with Threads = threads }
                                prepare args path o parsed |> Result.map (fun p -> o, p)
                            // The same words have been read above.
                            | Error message -> Error(BadFile(NotAvailable(path, message)))
                    }

                let quiet = args.Contains SweepArgument.Json || args.Contains SweepArgument.Quiet

                match prepared, ranks with
                | Error error, None -> Engine.report error
                | Error error, Some team -> Ranks.refuse team error
                | Ok(o, p), _ ->
                    match SweepRanks.muster ranks p with
                    | Error error -> Ranks.report ranks error
                    | Ok() when not (Ranks.isFirst ranks) ->
                        ranks |> Option.fold (fun _ team -> SweepRanks.help team quiet p) Exit.ok
                    | Ok() ->
                        match run args o ranks p with
                        | Ok code -> code
                        | Error message ->
                            Terminal.error message
                            // The others wait for this rank.
                            ranks |> Option.iter _.Abandon()
                            Exit.fault

    /// `sss sweep FILE --data DATA (--gamma G,G | --target-macs F,F) --out DIR`
    let main (words: string[]) : int =
        Ranks.within "The same command goes on with what is done." (fun joined -> work joined words)
