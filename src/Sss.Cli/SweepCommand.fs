namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Report
open Sss.Torch

/// `sss sweep`: one network at several sizes or penalties, with controls, in one table.
[<RequireQualifiedAccess>]
module SweepCommand =

    /// What the runs of a sweep get beside their recipes.
    let private children (o: SweepOptions) began : ChildOptions = {
        Words = o.Train.Shared
        Init = o.Train.Init
        Threads =
            StudyThreads.each
                o.Threads
                o.Jobs
                (fun () -> (ThreadChoice.ofMachine None began).Threads)
    }

    let private prepare (o: SweepOptions) (parsed: Parsed) =
        let start = Option.defaultValue Recipe.defaults parsed.Recipe
        let recipe = RecipeOptions.apply o.Train.Recipe start

        let p =
            SweepFolder.make
                {
                    Out = o.Train.Out
                    Network = parsed.Network
                    Recipe = recipe
                    Jobs = o.Jobs
                    Wording = Wording.commandLine
                }
                (SweepOptions.points o start.Gamma)
                (Option.defaultValue [ recipe.Seed ] o.Seeds)
                o.Control
                o.Train.Data
                [
                    "options", String.Join(" ", o.Train.Shared)
                    match o.Train.Init with
                    | Some weights -> "init", weights
                    | None -> ()
                ]

        result {
            do! SweepFolder.checkRecipes o.Train.Method p
            let! source = DataSource.parse o.Train.Data |> Result.mapError BadFile

            let! dataset =
                Engine.data parsed.Network (PictureOptions.ofAugment recipe.Augment) source

            do! SweepFolder.checkData dataset p

            if o.Varied.IsGammas && Target.isGiven recipe.Target then
                Terminal.error
                    $"{Escape.line o.Train.File}: the recipe's target is ignored: this sweep varies γ."

            return p
        }

    let private finish json (p: PreparedSweep) (study: Study) (ended: StudyEnd) : int =
        let saved = SweepFolder.save p study
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
    let private runs
        (o: SweepOptions)
        (ranks: MpiTeam option)
        children
        (p: PreparedSweep)
        : StudyEnd =
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
                    (fun emit -> StudyChildren.run children p.Settings jobs Map.empty emit stop)

            let ended =
                ranks |> Option.fold (fun own team -> SweepRanks.together team p own) own

            if not ended.Stopped && o.Latency then
                SweepLatency.measure o.Quiet p o.Threads stop

            {
                ended with
                    Stopped = ended.Stopped || stop.IsCancellationRequested
            }
        )

    let private run (o: SweepOptions) (ranks: MpiTeam option) children (p: PreparedSweep) =
        result {
            use! _held = SweepFolder.lock p
            do! SweepFolder.checkPlan p

            match o.Known with
            | None -> ()
            | Some path ->
                let! count = SweepKnown.bring p path

                if not o.Quiet then
                    Terminal.error $"known from {Escape.line path}: {count} of {p.Jobs.Length} runs"

            do! SweepFolder.save p (SweepFolder.study p (SweepFolder.there p))
            let ended = runs o ranks children p
            return finish o.Json p (SweepFolder.study p ended.Results) ended
        }

    let private load (o: SweepOptions) : Result<PreparedSweep, PipelineError> =
        result {
            let! text, parsed = Pipeline.loadText o.Train.File

            for warning in SweepOptions.warnings o parsed do
                Terminal.write Console.Error (Language.render o.Train.File text warning)

            return! prepare o parsed
        }

    /// The part of one process: all of the sweep, or a rank's share.
    let private take (ranks: MpiTeam option) (o: SweepOptions) began (p: PreparedSweep) : int =
        let children = children o began

        match SweepRanks.agree ranks p, ranks with
        | Error error, _ -> Ranks.report ranks error
        | Ok(), Some team when not (Ranks.isFirst ranks) -> SweepRanks.help team o.Quiet children p
        | Ok(), _ ->
            match run o ranks children p with
            | Ok code -> code
            | Error message ->
                Terminal.error message
                // The others wait for this rank.
                ranks |> Option.iter _.Abandon()
                Exit.fault

    let private work (joined: (MpiTeam * int) option) (words: string[]) : int =
        let ranks = Option.map fst joined
        // The longer, the more is known of the load.
        let began = MachineLoad.watch ()

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
                | Ok prepared, _ -> take ranks o began prepared

    /// `sss sweep FILE --data DATA (--gamma G,G | --target-macs F,F) --out DIR`
    let main (words: string[]) : int =
        Ranks.within "The same command continues the sweep." (fun joined -> work joined words)
