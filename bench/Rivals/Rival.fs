namespace Sss.Bench.Rivals

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// The trained network that the runs of a study started from.
type DenseRun = {
    Numbers: Weights<float32>
    /// What it was trained by.
    Recipe: Recipe
    /// Forward macs of its training.
    TrainMacs: float
}

/// A run of `sss train`, and what its rivals begin with.
type Opponent = {
    /// With its factors.
    Whole: Network
    Run: StudyRun
    /// Forward macs of the run alone.
    Compute: float
    /// None: the run started at random, and so do its rivals.
    Dense: DenseRun option
}

/// Train, take neurons out, train on, with as much computing as a run of `sss train` took.
[<RequireQualifiedAccess>]
module Rival =

    let private macsOf network = (Cost.ofNetwork network).Macs

    /// The run folder of a trained network.
    let dense (folder: string) : Result<DenseRun, string> =
        result {
            let! loaded =
                RunFolder.loadFile (RunFolder.file folder $"{RunFolder.network}.safetensors")
                |> Result.mapError PipelineError.message

            let! run =
                ResultFile.read (RunFolder.file folder "result.json")
                |> Result.mapError FileError.message

            let! compute =
                run.Compute
                |> Result.requireSome $"{folder} does not say what its training took"

            return {
                Numbers = loaded.Weights
                Recipe = run.Recipe
                TrainMacs = compute.TrainMacs
            }
        }

    let private spentBefore (o: Opponent) =
        o.Dense |> Option.map _.TrainMacs |> Option.defaultValue 0.0

    /// Forward macs of one epoch. `recipe`: incomplete batches are left out.
    let private epoch (bench: Bench) (recipe: Recipe) network =
        let images = bench.Dataset.Train.Count / recipe.Batch * recipe.Batch
        float images * float (macsOf network)

    let private epochsOf (bench: Bench) recipe network macs =
        macs / epoch bench recipe network |> ceil |> int |> max 1

    let private row bench (o: Opponent) t network numbers whole small trainMacs =
        result {
            let! accuracy = Fit.accuracy bench network numbers
            let run = o.Run.Result

            return {
                Network = network.Name
                Target = Option.defaultValue 1.0 run.Recipe.Target.Macs
                Seed = run.Seed
                SelectedMacs = run.Selected.Macs
                SelectedParams = run.Selected.Params
                SelectedTrainMacs = spentBefore o + o.Compute
                SelectedAccuracy = Quality.accuracy run.Test.Quality
                Try = t
                Macs = macsOf network
                Params = (Cost.ofNetwork network).Params
                EpochsWhole = whole
                EpochsSmall = small
                TrainMacs = trainMacs
                Accuracy = accuracy
            }
        }

    /// The whole network before neurons go: the one that is there, or one trained for as long as the run's target had.
    /// With the epochs of that.
    let private whole bench (o: Opponent) rule (t: Try) =
        let recipe = o.Run.Result.Recipe
        let bare = Uniform.plain o.Whole

        match o.Dense, rule with
        | Some dense, _ -> Ok(dense.Numbers, 0)
        | None, Rule.Magnitude ->
            let first = int (ceil (TargetCourse.deadline recipe))

            Fit.train bench recipe first recipe.Lr bare None
            |> Result.map (fun numbers -> numbers, first)
        | None, Rule.Slimming ->
            let first = int (ceil (TargetCourse.deadline recipe))

            Rule.sites o.Whole
            |> List.map (fun (layer, _) -> ArrayKey.make ArrayPart.Weight layer.Name)
            |> Fit.trainSlimming bench recipe first t.Strength bare
            |> Result.map (fun numbers -> numbers, first)

    let private prune bench (o: Opponent) rule (t: Try) =
        result {
            let recipe = o.Run.Result.Recipe
            let! numbers, first = whole bench o rule t
            let spent = float first * epoch bench recipe (Uniform.plain o.Whole)
            let! small = Rule.zeros rule o.Whole o.Run.Result.Selected.Macs numbers
            let network = Uniform.plain small.Network
            let second = epochsOf bench recipe network (o.Compute - spent)

            let! tuned =
                Fit.train bench recipe second (t.Tuning * recipe.Lr) network (Some small.Weights)

            let trained = spent + float second * epoch bench recipe network
            return! row bench o t network tuned first second (spentBefore o + trained)
        }

    /// The text of a run's selected network.
    let private selected (o: Opponent) =
        result {
            let! text =
                o.Run.Selected
                |> Result.requireSome $"the study does not have the text of {o.Run.Folder}"

            let! parsed =
                Language.parse text
                |> Result.mapError (
                    List.map (Language.render o.Run.Folder text) >> String.concat "\n"
                )

            return Uniform.plain parsed.Network
        }

    /// By the recipe of the dense network: that of the run is for trained weights.
    let private scratch bench (o: Opponent) (t: Try) =
        result {
            let! network = selected o

            let recipe = {
                (o.Dense |> Option.map _.Recipe |> Option.defaultValue o.Run.Result.Recipe) with
                    Seed = o.Run.Result.Seed
            }

            let epochs = epochsOf bench recipe network (spentBefore o + o.Compute)
            let! numbers = Fit.train bench recipe epochs (t.Tuning * recipe.Lr) network None
            let trained = float epochs * epoch bench recipe network
            return! row bench o t network numbers 0 epochs trained
        }

    /// A rival of a finished run, at its size and its compute.
    let run (bench: Bench) (o: Opponent) (t: Try) : Result<Row, string> =
        match Try.approach t with
        | Approach.Prune rule -> prune bench o rule t
        | Approach.Scratch -> scratch bench o t
