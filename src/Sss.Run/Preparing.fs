namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// The phases of a job before its training.
[<RequireQualifiedAccess>]
module internal Preparing =

    /// A file's text, and what it says.
    let text (path: string) : Result<string * Parsed, PipelineError> =
        Language.load path
        |> Result.mapError (fun (text, diagnostics) -> BadText(path, text, diagnostics))

    let private network (job: Job) hear =
        match job.Network with
        | NetworkSource.Given(network, recipe) -> Ok(network, job.Recipe recipe)
        | NetworkSource.File path ->
            result {
                let! text, parsed = text path
                let recipe = job.Recipe(Option.defaultValue Recipe.defaults parsed.Recipe)
                hear (TextRead(path, text, parsed, recipe))
                return parsed.Network, recipe
            }

    let private images (job: Job) (network: Network) (recipe: Recipe) hear =
        match job.Images with
        | ImageSource.Given dataset -> Ok dataset
        | ImageSource.Named name ->
            result {
                let! source = DataSource.parse name
                let reading = PictureOptions.ofAugment recipe.Augment
                let! dataset = Dataset.loadFor network reading source
                hear (ImagesRead dataset)
                return dataset
            }
            |> Result.mapError BadFile

    /// Network, recipe and images.
    let load (job: Job) (listener: Listener<'Report>) : Result<Ready, PipelineError> =
        result {
            let! network, recipe = network job listener.Hear
            do! TrainRule.check job.Method network recipe |> Result.mapError NotTrained
            let! dataset = images job network recipe listener.Hear

            return {
                Network = network
                Recipe = recipe
                Dataset =
                    job.Limit
                    |> Option.fold (fun d count -> Dataset.limitBy recipe.Seed count d) dataset
            }
        }

    /// Whether the images can be trained on, fit the network, and were read as the recipe says.
    let check (job: Job) (listener: Listener<'Report>) (r: Ready) : Result<Ready, PipelineError> =
        match job.Begin with
        | Begin.Trained _ -> Ok r
        | Begin.Random
        | Begin.Weights _ ->
            result {
                let! notes = DataChecks.check r.Recipe.Batch r.Dataset
                listener.Hear(ImagesChecked(r.Dataset, notes))
                do! TargetFit.loss r.Network r.Recipe r.Dataset
                do! Dataset.fits r.Network r.Dataset

                let! dataset =
                    Dataset.readWith (PictureOptions.ofAugment r.Recipe.Augment) r.Dataset

                return { r with Dataset = dataset }
            }
            |> Result.mapError BadFile

    /// The state to begin with, and the preparation that came with its weights.
    let private from (job: Job) (ready: Ready) hear =
        match job.Begin with
        | Begin.Random -> Ok(None, None)
        | Begin.Trained trained -> Ok(Some trained.State, None)
        | Begin.Weights source ->
            result {
                let! path, saved = StartWeights.read source
                let! start = StartWeights.fit path ready.Recipe.Seed ready.Network saved
                hear (WeightsRead(path, start))
                return Some(TrainState.start ready.Network start.Weights), start.Preparation
            }
            |> Result.mapError BadFile

    /// Images prepared as a network from elsewhere wants them. They are read as the recipe says.
    let private prepared (preparation: Preparation option) (ready: Ready) =
        match preparation with
        | Some given when given.IsGiven ->
            Dataset.preparedBy
                {
                    given with
                        Pictures = ready.Dataset.Preparation.Pictures
                }
                ready.Dataset
            |> Result.map (fun dataset -> { ready with Dataset = dataset })
            |> Result.mapError BadFile
        | Some _
        | None -> Ok ready

    /// The engine at the precision that the job asks for, or that a trial chooses. Ranks would choose differently.
    let private computing
        (job: Job)
        (listener: Listener<'Report>)
        (ready: Ready)
        (engine: LibTorch)
        : Result<LibTorch, PipelineError> =
        result {
            let! precision =
                match job.Computing.Precision, job.Computing.Team with
                | PrecisionChoice.Always precision, _ -> Ok precision
                | PrecisionChoice.Auto, Some _ -> Error PrecisionForRanks
                | PrecisionChoice.Auto, None ->
                    PrecisionTrial.run engine ready.Recipe.Batch ready.Network
                    |> Result.tee (fun trial -> listener.Hear(PrecisionChosen trial))
                    |> Result.map PrecisionTrial.chosen

            return!
                LibTorch.choose job.Computing.Device precision engine
                |> Result.mapError NoEngine
        }

    /// The times for a target of latency, and what else the target counts; tells of limits that leave little.
    let private measured job (listener: Listener<'Report>) engine (ready: Ready) =
        result {
            let! profile = ProfilePhase.find job listener engine ready

            match job.Begin with
            | Begin.Trained _ -> return profile, CostLimit.noMeasures
            | Begin.Random
            | Begin.Weights _ ->
                let! measures = ProfilePhase.measures job engine ready profile

                match TargetReach.narrow measures ready.Network ready.Recipe.Target with
                | [] -> ()
                | limits -> listener.Hear(TargetNarrow(ready.Network, limits))

                return profile, measures
        }

    /// The weights to begin with, LibTorch, the run folder, and the times for a target of latency.
    let prepare
        (job: Job)
        (listener: Listener<'Report>)
        (ready: Ready)
        : Result<Prepared, PipelineError> =
        result {
            let! from, preparation = from job ready listener.Hear
            let! ready = prepared preparation ready
            let! teacher = Teachers.prepare job ready

            let! engine =
                LibTorch.load ()
                |> Result.bind (LibTorch.choose job.Computing.Device Precision.Float32)
                |> Result.mapError NoEngine
                |> Result.bind (computing job listener ready)

            let! held =
                match job.Keep with
                | Keep.Run place -> RunWriter.take place |> Result.map Some
                | Keep.Nothing
                | Keep.Checkpoints _ -> Ok None

            let! profile, measures =
                measured job listener engine ready
                |> Result.teeError (fun _ -> held |> Option.iter _.Dispose())

            return {
                Ready = ready
                Engine = engine
                From = from
                Teacher = teacher
                Profile = profile
                Measures = measures
                Lock = held
            }
        }

    /// What makes a run this one.
    let identity (job: Job) (p: Prepared) =
        let r = p.Ready

        Checkpoint.identity r.Network r.Recipe r.Dataset job.Method job.Validation
        @ Teachers.identity p.Teacher
        @ Checkpoint.lossIdentity job.Loss

    /// What ranks compute with, which has to be of one kind. Ranks may use different GPUs.
    let private computed (engine: LibTorch) = [
        "device", (if engine.Device = Cpu then "cpu" else "cuda")
        "precision", Precision.name engine.Precision
    ]

    /// Where there are ranks: whether all can start, and with the same. Every rank gets the reasons.
    let together (job: Job) (begun: Result<Prepared, PipelineError>) =
        match job.Computing.Team with
        | None -> begun
        | Some team ->
            let said =
                begun
                |> Result.map (fun p ->
                    RankAgreement.items (identity job p @ computed p.Engine) p.From
                )
                |> Result.mapError (PipelineError.message >> _.TrimEnd())

            match begun, RankAgreement.call team said with
            | Ok prepared, [] -> Ok prepared
            | begun, misfits ->
                begun |> Result.iter (fun p -> p.Lock |> Option.iter _.Dispose())
                Error(Unlike misfits)
