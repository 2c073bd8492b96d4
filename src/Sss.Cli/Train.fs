namespace Sss.Cli

open System
open Argu
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// `sss train`: the main job.
[<RequireQualifiedAccess>]
module TrainCommand =

    /// Structures whose factor is zero and that stay all the same, with the rule, up to a few.
    let private stays (plan: Plan) =
        let shown = 5

        match plan.Stays with
        | [] -> []
        | all -> [
            $"kept although their factor is zero: {all.Length}"
            for structure, rule in List.truncate shown all do
                $"  {Plan.describeStructure structure}: {Plan.describeStay rule}"
            if all.Length > shown then
                $"  and {all.Length - shown} more"
          ]

    /// A network that no penalty acts on would be trained for nothing.
    let private warn
        path
        (args: ParseResults<TrainArgument>)
        (recipe: Recipe)
        (parsed: Parsed)
        text
        =
        let gamma = args.TryGetResult TrainArgument.Gamma

        for warning in TrainOptions.warnings gamma recipe.TargetMacs.IsSome parsed do
            Terminal.write Console.Error (Language.render path text warning)

        let scaled = Network.scales parsed.Network |> Seq.toList

        if List.isEmpty scaled then
            Terminal.error
                $"{Escape.line path}: warning: the network has no scaling factors, so nothing can be removed; \
                  write `@scale(…)` where structures may go."
        elif
            recipe.TargetMacs.IsNone
            && scaled
               |> List.forall (fun (_, s) -> Recipe.gammaOf s.Kind recipe.Gamma * s.Gamma = 0.0)
        then
            Terminal.error
                $"{Escape.line path}: warning: every γ is 0, so nothing will be removed; write `gamma …` in the \
                  recipe or give --gamma."

    let private initial (network: Network) (path: string) =
        result {
            let! file = NetworkFile.read path |> Result.mapError BadFile
            do! NetworkFile.checkSaved path network file |> Result.mapError BadFile
            return Some(TrainState.start network file.Weights)
        }

    /// What the runs beside this one have in common with it.
    let private study
        (args: ParseResults<TrainArgument>)
        (options: ControlOptions)
        (job: Job)
        (out: string)
        : StudySettings =
        let threads = args.TryGetResult TrainArgument.Threads

        {
            Out = out
            Network = job.Network
            Recipe = job.Recipe
            Words = TrainOptions.shared args
            Threads = StudyJobs.threads threads options.Jobs
            Jobs = options.Jobs
        }

    let private run
        (args: ParseResults<TrainArgument>)
        (options: ControlOptions)
        (ranks: MpiTeam option)
        (job: Job)
        out
        =
        let json = args.Contains TrainArgument.Json
        let quiet = json || args.Contains TrainArgument.Quiet

        // Files about the training that could not be written: it is done, and the exit code says so.
        let written = ref Exit.ok

        let trained =
            Engine.stoppable (fun stop ->
                TrainProgress.show
                    quiet
                    job.Network
                    job.Recipe.Epochs
                    (fun emit ->
                        let noting event =
                            match event with
                            | NotWritten _ -> written.Value <- Exit.fault
                            | _ -> ()

                            emit event

                        Pipeline.run job noting stop
                    )
            )

        match trained with
        | Error error -> Ranks.report ranks error
        | Ok outcome ->
            let own = Outcome.summary outcome

            if not json then
                List.iter Terminal.out (TrainSummary.lines outcome)
                List.iter Terminal.error (stays outcome.Selected.Plan)

            let code, result =
                if Controls.isAsked options then
                    Controls.run (study args options job out) options quiet own
                else
                    Exit.ok, own

            let report =
                if args.Contains TrainArgument.No_Report then
                    None
                else
                    Some(ReportCommand.afterRun out)

            if json then
                Terminal.write Console.Out (ResultFile.toText result)
            else
                Terminal.out (TrainSummary.saved out report)
                List.iter Terminal.out (Controls.table result)

            if code <> Exit.ok then
                code
            else
                max written.Value (Option.defaultValue Exit.ok report)

    /// The work of a rank other than the first.
    let private help (team: MpiTeam) (job: Job) =
        match
            Engine.stoppable (fun stop -> Pipeline.help job (TrainProgress.helper team.Name) stop)
        with
        | Error error -> Ranks.report (Some team) error
        | Ok() -> Exit.ok

    let private work (joined: (MpiTeam * int) option) (words: string[]) : int =
        let ranks = Option.map fst joined
        let isFirst = Ranks.isFirst ranks

        match Usage.parse<TrainArgument> "train" words with
        | Error code -> code
        | Ok args ->
            let read parsed =
                result {
                    let! recipe = TrainOptions.recipe args parsed
                    let! method = TrainOptions.method args
                    let! select = TrainOptions.select args
                    let! threads, loaders, limit = TrainOptions.counts args
                    let! validation = TrainOptions.validation args
                    let! start = TrainOptions.start args
                    let! device = TrainOptions.device args
                    let! precision = TrainOptions.precision args
                    let! controls = TrainOptions.controls args recipe.Seed

                    return {|
                        Recipe = recipe
                        Method = method
                        Select = select
                        Threads = threads
                        Loaders = loaders
                        Limit = limit
                        Validation = validation
                        Start = start
                        Device = device
                        Precision = precision
                        Controls = controls
                    |}
                }

            // Wrong options are told before any file is opened.
            match read Recipe.defaults with
            | Error message -> Usage.refuse "train" message
            | Ok options ->
                let path = args.GetResult TrainArgument.File
                let out = args.GetResult TrainArgument.Out

                let prepared =
                    result {
                        let! text, parsed = Pipeline.loadText path
                        let start = Option.defaultValue Recipe.defaults parsed.Recipe
                        // The bounds have been checked: they do not depend on the recipe.
                        let recipe = TrainOptions.recipe args start |> Result.defaultValue start

                        let controls =
                            TrainOptions.controls args recipe.Seed
                            |> Result.defaultValue options.Controls

                        let recipe = {
                            recipe with
                                Seed = controls.Seeds.Head
                        }

                        do! TrainRule.check options.Method recipe |> Result.mapError NotTrained

                        if isFirst then
                            warn path args recipe parsed text

                        let! source =
                            DataSource.parse (args.GetResult TrainArgument.Data)
                            |> Result.mapError BadFile

                        let reading = PictureOptions.ofAugment recipe.Augment
                        let! dataset = Engine.data parsed.Network reading source

                        let dataset =
                            options.Limit
                            |> Option.fold (fun d n -> Dataset.limitBy recipe.Seed n d) dataset

                        let! notes =
                            DataChecks.check recipe.Batch dataset |> Result.mapError BadFile

                        if isFirst then
                            Engine.tellPixels dataset
                            Engine.tell dataset.Name notes

                        do! Dataset.fits parsed.Network dataset |> Result.mapError BadFile

                        if isFirst then
                            do! RunFolder.prepare out |> Result.mapError BadFile

                            if Controls.isAsked controls then
                                do! Controls.clear out options.Start

                        let! from =
                            match args.TryGetResult TrainArgument.Init with
                            | None -> Ok None
                            | Some path -> initial parsed.Network path

                        let threads = options.Threads |> Option.orElse (Option.map snd joined)
                        let! engine = Engine.loadFor options.Device options.Precision threads

                        return
                            controls,
                            {
                                Network = parsed.Network
                                Recipe = recipe
                                Dataset = dataset
                                Select = options.Select
                                Settings = {
                                    Engine = engine
                                    Threads = threads
                                    Loaders = options.Loaders
                                    From = from
                                    Method = options.Method
                                    Validation = options.Validation
                                    Keeper = None
                                    Team = ranks |> Option.map (fun team -> team :> Team)
                                }
                                Out = Some out
                                Start = options.Start
                            }
                    }

                match prepared, ranks with
                | Error error, None -> Engine.report error
                | Error error, Some team -> Ranks.refuse team error
                | Ok(_, job), Some team when not isFirst -> help team job
                | Ok(controls, job), _ -> run args controls ranks job out

    /// `sss train FILE --data DATA --out DIR`
    let main (words: string[]) : int =
        Ranks.within
            "Go on from the last checkpoint with --resume, with any number of ranks."
            (fun joined -> work joined words)
