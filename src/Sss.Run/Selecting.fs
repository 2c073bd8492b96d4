namespace Sss.Torch

open System.Diagnostics
open FsToolkit.ErrorHandling
open Sss.Core

/// The phases of a job after its training.
[<RequireQualifiedAccess>]
module internal Selecting =

    /// Removes what the factors have zeroed.
    let select
        (p: Prepared)
        (options: SelectOptions)
        (trained: Trained)
        : Result<Chosen, PipelineError> =
        result {
            let clock = Stopwatch.StartNew()

            let options = Option.foldBack Profiles.rounded p.Profile options

            let! selected =
                Selection.select options trained.Network trained.Numbers
                |> Result.mapError NotSelected

            return {
                Selected = selected
                Seconds = clock.Elapsed.TotalSeconds
            }
        }

    /// The whole network compared with the selected one, and if training has cut, the network as it was after
    /// the last step compared with the whole one that was restored from it.
    let private compare check (engine: LibTorch) (trained: Trained) selected (images: float32[]) =
        result {
            let! chosen = check engine (trained.Network, trained.Numbers) selected images

            match trained.State.Uncut with
            | None -> return chosen
            | Some _ ->
                let! restored =
                    check
                        engine
                        (trained.State.Network, TrainState.averaged trained.State)
                        (TrainState.dense trained.State)
                        images

                return Exactness.worse chosen restored
        }
        |> Result.mapError NoModel

    /// Whether the selected network is the one that was trained, on random images and on test images.
    let prove (p: Prepared) (trained: Trained) (chosen: Chosen) : Result<Proof, PipelineError> =
        result {
            let selected = chosen.Selected.Network, chosen.Selected.Weights
            let test = p.Ready.Dataset.Test
            let count = Exactness.inputsOf trained.Network
            let random = Exactness.randomImages p.Ready.Recipe.Seed count trained.Network

            let! real =
                Evaluate.images p.Ready.Dataset test (min count test.Count)
                |> Result.mapError BadFile

            let images = Array.append random real
            let! exactness = compare Exactness.check p.Engine trained selected images

            let! atDouble =
                match exactness.Verdict with
                | Exact -> Ok None
                | NotExact ->
                    compare Exactness.checkAtDouble p.Engine trained selected images
                    |> Result.map Some

            return {
                Exactness = exactness
                AtDouble = atDouble
            }
        }

    /// The selected network's time, where the target limits it.
    let private latency (p: Prepared) (trained: Trained) (selected: Selected<float32>) =
        (p.Ready.Recipe.Target.Latency, p.Profile)
        ||> Option.map2 (fun limit profile -> limit, profile)
        |> Option.traverseResult (fun (limit, profile) ->
            Profiles.outcome
                p.Engine
                profile
                limit
                (trained.State.Pressure |> Option.bind _.Latency)
                trained.Network
                (selected.Network, selected.Weights)
        )

    /// The selected network on the test images, and beside its target.
    let evaluate (p: Prepared) (trained: Trained) (chosen: Chosen) (proof: Proof) =
        result {
            let dataset = p.Ready.Dataset
            let selected = chosen.Selected

            use! model =
                Model.create p.Engine selected.Network selected.Weights
                |> Result.mapError NoModel

            let! test, diagnosis =
                Diagnosis.ofModel dataset.Classes model dataset dataset.Test
                |> Result.mapError BadFile

            let! latency = latency p trained selected

            return {
                Trained = trained
                Recipe = p.Ready.Recipe
                Selected = selected
                Exactness = proof.Exactness
                AtDouble = proof.AtDouble
                Test = test
                FileSize = None
                Latency = latency
                Diagnosis = diagnosis
                SelectSeconds = chosen.Seconds
            }
        }
