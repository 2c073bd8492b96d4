namespace Sss.Torch

open System.Diagnostics
open System.Threading
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
// Last, for its `Outcome`: the language has one too.
open Sss.Torch

/// One run of the main job.
type Job = {
    Network: Network
    Recipe: Recipe
    Dataset: Dataset
    Select: SelectOptions
    Settings: TrainSettings
    /// The run folder; None: nothing is written.
    Out: string option
    Start: Start
}

/// The main job as a row of phases: load → train → select → verdict → evaluate → save.
[<RequireQualifiedAccess>]
module Pipeline =

    /// A file's text, and what it says.
    let loadText (path: string) : Result<string * Parsed, PipelineError> =
        Language.load path
        |> Result.mapError (fun (text, diagnostics) -> BadText(path, text, diagnostics))

    /// Whether the selected network is the one that was trained, on random images and on test images:
    /// the whole network beside the selected one, and where training has cut, the network as it was after
    /// the last step beside the whole one that was put together from it.
    let private verdict (engine: LibTorch) (trained: Trained) selected images =
        let both check =
            result {
                let! chosen = check engine (trained.Network, trained.Numbers) selected images

                match trained.State.Whole with
                | None -> return chosen
                | Some _ ->
                    let! restored =
                        check
                            engine
                            (trained.State.Network, trained.State.Numbers)
                            (TrainState.whole trained.State)
                            images

                    return Exactness.worse chosen restored
            }

        result {
            let! exactness = both Exactness.check

            match exactness.Verdict with
            | Exact -> return exactness, None
            | NotExact ->
                let! atDouble = both Exactness.checkAtDouble
                return exactness, Some atDouble
        }
        |> Result.mapError NoModel

    /// Removes what the factors have zeroed, and proves that nothing changed.
    let select
        (engine: LibTorch)
        (options: SelectOptions)
        (dataset: Dataset)
        (recipe: Recipe)
        (trained: Trained)
        =
        result {
            let clock = Stopwatch.StartNew()

            let! selected =
                Selection.select options trained.Network trained.Numbers
                |> Result.mapError NotSelected

            let seconds = clock.Elapsed.TotalSeconds
            let count = Exactness.inputsOf trained.Network
            let random = Exactness.randomImages recipe.Seed count trained.Network

            let! real =
                Evaluate.images dataset dataset.Test (min count dataset.Test.Count)
                |> Result.mapError BadFile

            let! exactness, atDouble =
                verdict
                    engine
                    trained
                    (selected.Network, selected.Weights)
                    (Array.append random real)

            use! model =
                Model.create engine selected.Network selected.Weights |> Result.mapError NoModel

            let! test = Evaluate.run model dataset dataset.Test |> Result.mapError BadFile

            return {
                Trained = trained
                Recipe = recipe
                Selected = selected
                Exactness = exactness
                AtDouble = atDouble
                Test = test
                SelectSeconds = seconds
            }
        }

    /// Writes the network that was trained: before selection, so that a failure there loses nothing.
    let saveTrained folder (dataset: Dataset) (recipe: Recipe) (trained: Trained) =
        result {
            do! RunFolder.clearResults folder

            do!
                RunFolder.saveNetwork
                    folder
                    RunFolder.network
                    (Language.printWithRecipe trained.Network recipe)
                    dataset
                    trained.Numbers
        }
        |> Result.mapError BadFile

    /// Writes the selected network, as ONNX too, and `result.json`.
    let saveSelected (engine: LibTorch) folder (dataset: Dataset) (outcome: Outcome) =
        let network = outcome.Selected.Network

        result {
            do!
                RunFolder.saveNetwork
                    folder
                    RunFolder.selected
                    (Language.print network)
                    dataset
                    outcome.Selected.Weights
                |> Result.mapError BadFile

            do!
                ResultFile.write (RunFolder.file folder "result.json") (Outcome.summary outcome)
                |> Result.mapError BadFile

            let! loaded = RunFolder.load folder

            // A network that is another function is kept for whoever looks for the fault, but not
            // as something to deploy.
            if outcome.Exactness.Verdict = Exact then
                let file = RunFolder.file folder $"{RunFolder.selected}.onnx"
                do! OnnxExport.write engine false loaded file |> Result.ignore
        }

    let private identity (job: Job) =
        Checkpoint.identity
            job.Network
            job.Recipe
            job.Dataset
            job.Settings.Method
            job.Settings.Validation

    /// The job, if its pictures were read as the recipe says.
    let private asRead (job: Job) : Result<Job, PipelineError> =
        Dataset.readWith (PictureOptions.ofAugment job.Recipe.Augment) job.Dataset
        |> Result.map (fun dataset -> { job with Dataset = dataset })
        |> Result.mapError BadFile

    /// What ranks compute with, which has to be of one kind. Which GPU is each rank's own affair.
    let private computed (engine: LibTorch) = [
        "device", (if engine.Device = Cpu then "cpu" else "cuda")
        "precision", Precision.name engine.Precision
    ]

    /// Where there are ranks: whether all were started with the same.
    let private muster (job: Job) : Result<unit, PipelineError> =
        match job.Settings.Team with
        | None -> Ok()
        | Some team ->
            match
                Muster.call
                    team
                    (Ok(
                        Muster.items (identity job @ computed job.Settings.Engine) job.Settings.From
                    ))
            with
            | [] -> Ok()
            | misfits -> Error(Unlike misfits)

    let private handOver (settings: TrainSettings) =
        match settings.Team with
        | None -> Ok settings
        | Some team ->
            Handover.state team settings.From
            |> Result.map (fun from -> { settings with From = from })
            |> Result.mapError BadFile

    /// The part of every rank but the first: its share of each step. Rank 0 runs the whole job; this
    /// one sees the events and writes nothing.
    let help
        (job: Job)
        (emit: TrainEvent -> unit)
        (stop: CancellationToken)
        : Result<unit, PipelineError> =
        result {
            let! job = asRead job
            do! muster job
            let! settings = handOver job.Settings

            return!
                Train.run settings job.Network job.Dataset job.Recipe emit stop
                |> Result.map ignore
                |> Result.mapError NotTrained
        }

    /// The whole job. A selected network that is another function is an error; the files are
    /// written all the same, with the verdict in `result.json`.
    let run
        (job: Job)
        (emit: TrainEvent -> unit)
        (stop: CancellationToken)
        : Result<Outcome, PipelineError> =
        let whenOut save =
            job.Out |> Option.map save |> Option.defaultValue (Ok())

        let unsaved error =
            match error with
            | BadFile error -> Unsaved error
            | error -> error

        result {
            let! job = asRead job
            do! Dataset.fits job.Network job.Dataset |> Result.mapError BadFile
            do! muster job
            let! keeping = Keeping.start job.Out job.Start (identity job) emit
            use _ = keeping |> Option.map _.Lock |> Option.toObj

            let settings =
                match keeping with
                | None -> job.Settings
                | Some k -> {
                    job.Settings with
                        From = k.From |> Option.orElse job.Settings.From
                        Keeper = Some k.Keeper
                  }

            let! settings = handOver settings

            let! trained =
                Train.run settings job.Network job.Dataset job.Recipe emit stop
                |> Result.mapError (fun error ->
                    match job.Out with
                    | Some out -> Ended(error, List.tryHead (Checkpoint.files out))
                    | None -> NotTrained error
                )

            do!
                whenOut (fun folder -> saveTrained folder job.Dataset job.Recipe trained)
                |> Result.mapError unsaved

            let! outcome = select job.Settings.Engine job.Select job.Dataset job.Recipe trained

            do!
                whenOut (fun folder -> saveSelected job.Settings.Engine folder job.Dataset outcome)
                |> Result.mapError unsaved

            return!
                match outcome.Exactness.Verdict with
                | Exact -> Ok outcome
                | NotExact -> Error(Inexact(outcome.Exactness, outcome.AtDouble))
        }

    /// The accuracy of a network from disk on a data set that may be another than its own: images go
    /// through the preparation of its training, in its units, and labels are those of its classes.
    let evaluate (engine: LibTorch) (loaded: LoadedNetwork) (dataset: Dataset) (split: Split) =
        result {
            do!
                match loaded.Classes with
                | [] -> Dataset.fits loaded.Network dataset
                | _ -> Dataset.hasShape loaded.Network dataset
                |> Result.mapError BadFile

            let preparation = Option.defaultValue dataset.Preparation loaded.Preparation

            let! prepared =
                Dataset.preparedBy preparation { dataset with Test = split }
                |> Result.mapError BadFile

            let! split =
                Dataset.labelled loaded.Classes prepared prepared.Test
                |> Result.mapError BadFile

            use! model =
                Model.create engine loaded.Network loaded.Weights |> Result.mapError NoModel

            return! Evaluate.run model prepared split |> Result.mapError BadFile
        }
