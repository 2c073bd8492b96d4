namespace Sss.Cli

open System
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// `sss train`: the main job.
[<RequireQualifiedAccess>]
module TrainCommand =

    /// Structures that are kept although their factor is zero, with the rule; at most a few.
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

    /// A target that factors cannot reach, or only by taking nearly all that they do reach.
    let private warnOfReach path (network: Network) (target: Target) =
        for limit in TargetReach.narrow network target do
            let most, stays = Number.percent limit.Most, Number.percent limit.Stays

            if limit.Stays > limit.Most then
                Terminal.error
                    $"{Escape.line path}: warning: the target of {most} of the {limit.Name} cannot be reached: about {stays} stay, whatever \
                      factors become 0. Give factors to more layers, or choose a larger target."
            else
                Terminal.error
                    $"{Escape.line path}: warning: about {stays} of the {limit.Name} stay, whatever factors become 0. That is more than half \
                      of the target of {most}, so little is left to choose from. `@scale(neuron, shared)` gives factors to channels that sums \
                      join."

    /// A network that no penalty acts on would be trained for nothing.
    let private warn (o: TrainOptions) path text (parsed: Parsed) (recipe: Recipe) =
        let gammas = Option.toList o.Recipe.Gamma

        for warning in RecipeOptions.warnings gammas (Target.isGiven recipe.Target) parsed do
            Terminal.write Console.Error (Language.render path text warning)

        match TargetCourse.isShort recipe with
        // A `by` that is refused has no such epochs.
        | Some(first, left) when not o.Quiet && (TargetCourse.problem recipe).IsNone ->
            let first =
                if first = 1.0 then
                    "1 epoch"
                else
                    $"{Number.brief first} epochs"

            let all = Number.counted recipe.Epochs "epoch"

            Terminal.error
                $"{Escape.line path}: warning: {all} are few for a target: it holds after {first}, and {Number.brief left} remain to train \
                  the smaller network; {TargetCourse.enough recipe} or more (`epochs`, --epochs) give a better one."
        | Some _
        | None -> ()

        let scaled = Network.scales parsed.Network |> Seq.toList

        if List.isEmpty scaled then
            Terminal.error
                $"{Escape.line path}: warning: the network has no scaling factors, so nothing can be removed; \
                  write `@scale(…)` where structures may go."
        elif Target.isGiven recipe.Target then
            warnOfReach path parsed.Network recipe.Target
        elif
            scaled
            |> List.forall (fun (_, s) -> Recipe.gammaOf s.Kind recipe.Gamma * s.Gamma = 0.0)
        then
            Terminal.error
                $"{Escape.line path}: warning: every γ is 0, so nothing will be removed; write `gamma …` in the \
                  recipe or give --gamma."

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
            List.iter Terminal.error (stays outcome.Selected.Plan)
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

    /// What of the network does not start with a file's weights.
    let private tellStart path (start: StartWeights) =
        start.NewHead
        |> Option.iter (fun layer ->
            Terminal.error
                $"{Escape.line path}: {layer} starts at random; it is not the last layer of the file"
        )

        for output in start.NewOutputs do
            Terminal.error $"{Escape.line path}: it has no output {output}, which starts at random"

        if not start.NewFactors.IsEmpty then
            let shown = List.truncate 3 start.NewFactors
            let more = start.NewFactors.Length - shown.Length
            let names = String.Join(", ", shown)
            let rest = if more > 0 then $" and {more} more" else ""

            Terminal.error
                $"{Escape.line path}: it has no factors for {names}{rest}; they start at `init`"

    let private hear (o: TrainOptions) event =
        match event with
        | TextRead(path, text, parsed, recipe) -> warn o path text parsed recipe
        | WeightsRead(path, start) -> tellStart path start
        | Profiling options ->
            if not o.Quiet then
                Terminal.error
                    $"measuring the times of the layers in {ServingEngine.name options.Engine} ..."
        | Profiled profile ->
            if not o.Quiet then
                List.iter Terminal.error (ProfileCommand.lines profile)
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
