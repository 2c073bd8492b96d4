namespace Sss.Cli

open System
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// `sss train`: the main job.
[<RequireQualifiedAccess>]
module TrainCommand =

    /// The run and what it is to be compared with.
    let private controls (o: TrainOptions) (seed: int) : ControlOptions = {
        Seeds = Option.defaultValue [ seed ] o.Seeds
        Controls = o.Control
        Jobs = o.Jobs
    }

    /// What the further runs have in common with this one.
    let private study (o: TrainOptions) (ready: Ready) : StudySettings = {
        Out = o.Out
        Network = ready.Network
        Recipe = ready.Recipe
        Jobs = o.Jobs
        Wording = Wording.commandLine
    }

    /// The run's own number of threads for each of them, or its share where several run at a time; and what it computed with.
    let private children (o: TrainOptions) (a: RunArithmetic) : ChildOptions = {
        Words =
            match o.Precision with
            | PrecisionChoice.Always _ -> o.Shared
            | PrecisionChoice.Auto -> o.Shared @ [ "--precision"; a.Precision ]
        Init = o.Init
        Threads = StudyThreads.each (Some a.Threads) o.Jobs (fun () -> a.Threads)
    }

    /// The job for the pipeline. Ranks other than the first write nothing and only help with the
    /// training.
    let private job (joined: (MpiTeam * int) option) (o: TrainOptions) : Job =
        let isFirst = Ranks.isFirst (Option.map fst joined)

        {
            Network = NetworkSource.File o.File
            Recipe = RecipeOptions.apply o.Recipe
            Images = ImageSource.Named o.Data
            Limit = o.Limit
            Begin =
                o.Init
                |> Option.map (WeightSource.File >> Begin.Weights)
                |> Option.defaultValue Begin.Random
            Teacher = o.Teacher |> Option.map WeightSource.File
            Loss = None
            Method = o.Method
            Profile =
                o.Profile
                |> Option.map ProfileSource.File
                |> Option.defaultValue ProfileSource.Measured
            Validation = o.Validation
            Computing = {
                Device = o.Device
                Precision = o.Precision
                Threads = o.Threads |> Option.orElse (Option.map snd joined)
                Loaders = o.Loaders
                Team = joined |> Option.map (fun (team, _) -> team :> Team)
            }
            Keep =
                if isFirst then
                    Keep.Run {
                        Folder = o.Out
                        Start = o.Start
                        HasOthers = Controls.isAsked (controls o Recipe.defaults.Seed)
                    }
                else
                    Keep.Nothing
            Goal = if isFirst then Goal.Selection o.Select else Goal.Training
        }

    /// Prints the result, trains the networks to compare with, and writes the report; the exit code.
    let private report (o: TrainOptions) stop (ready: Ready) (outcome: Outcome) : int =
        let own = Outcome.summary outcome
        let controls = controls o ready.Recipe.Seed

        if not o.Json then
            List.iter Terminal.out (TrainSummary.lines outcome)
            List.iter Terminal.error (TrainWarnings.stays outcome.Selected.Plan)
            List.iter Terminal.error (ClassText.lost outcome.Diagnosis.Classes)

        let code, result =
            if Controls.isAsked controls then
                let children = children o outcome.Trained.Arithmetic
                Controls.run (study o ready) children controls o.Quiet own stop
            else
                Exit.ok, own

        let page =
            if o.Report then
                Some(ReportCommand.afterRun o.Out)
            else
                None

        if o.Json then
            Terminal.write Console.Out (ResultFile.toText result)
        else
            Terminal.out (TrainSummary.saved o.Out page)
            List.iter Terminal.out (Controls.table result)
            List.iter Terminal.out (ClassText.paying result)

        List.iter Terminal.error (ClassText.fallen result)

        if code <> Exit.ok then
            code
        else
            Option.defaultValue Exit.ok page

    let private hear (o: TrainOptions) event =
        match event with
        | TextRead(path, text, parsed, recipe) -> TrainWarnings.recipe o path text parsed recipe
        | WeightsRead(path, start) -> TrainWarnings.start path start
        | Profiling options ->
            if not o.Quiet then
                Terminal.error
                    $"measuring the times of the layers in {ServingEngine.name options.Engine} ..."
        | Profiled profile ->
            if not o.Quiet then
                List.iter Terminal.error (ProfileCommand.lines profile)
        | TargetNarrow(network, limits) -> List.iter (TrainWarnings.reach o.File network) limits
        | PrecisionChosen trial ->
            if not o.Quiet then
                Terminal.error (TrainProgress.precision trial)
        | ImagesRead dataset -> Engine.tellSkipped dataset
        | ImagesChecked(dataset, notes) ->
            Engine.tellPixels dataset
            Engine.tell dataset.Name notes

    /// The part of a rank other than the first.
    let private help (team: MpiTeam) (job: Job) : int =
        let ended =
            Engine.stoppableFrom (fun begin' stop ->
                let listener = {
                    Listener.ofTraining (TrainProgress.helper team.Name) with
                        Hear =
                            function
                            | ImagesRead dataset -> Engine.tellSkipped dataset
                            | TextRead _
                            | WeightsRead _
                            | Profiling _
                            | Profiled _
                            | TargetNarrow _
                            | PrecisionChosen _
                            | ImagesChecked _ -> ()
                        Training =
                            fun _ train ->
                                begin' ()
                                train (TrainProgress.helper team.Name)
                }

                Pipeline.run job listener stop
            )

        match ended with
        | Error error -> Ranks.report (Some team) error
        | Ok _ -> Exit.ok

    let private run (ranks: MpiTeam option) (o: TrainOptions) (job: Job) : int =
        // Files about the training that could not be written: it is done, and the exit code says so.
        let written = ref Exit.ok

        let noting emit event =
            match event with
            | NotWritten _ -> written.Value <- Exit.fault
            | _ -> ()

            emit event

        let ended =
            Engine.stoppableFrom (fun begin' stop ->
                let listener = {
                    Hear = hear o
                    Training =
                        fun ready train ->
                            begin' ()

                            TrainProgress.show
                                o.Quiet
                                ready.Network
                                ready.Recipe.Epochs
                                (noting >> train)
                    Report = report o stop
                }

                Pipeline.run job listener stop
            )

        match ended with
        | Error error -> Ranks.report ranks error
        | Ok { Selected = Some(_, code) } when code <> Exit.ok -> code
        | Ok _ -> written.Value

    let private work (joined: (MpiTeam * int) option) (words: string[]) : int =
        match Usage.parse<TrainArgument> "train" words with
        | Error code -> code
        | Ok args ->
            // Wrong options are reported before any file is opened.
            match TrainOptions.read args, Option.map fst joined with
            | Error message, _ -> Usage.refuse "train" message
            | Ok options, Some team when not (Ranks.isFirst (Some team)) ->
                help team (job joined options)
            | Ok options, ranks -> run ranks options (job joined options)

    /// `sss train FILE --data DATA --out DIR`
    let main (words: string[]) : int =
        Ranks.within
            "Continue from the last checkpoint with --resume, with any number of ranks."
            (fun joined -> work joined words)
