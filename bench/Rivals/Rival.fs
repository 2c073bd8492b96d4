namespace Sss.Bench.Rivals

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// Train, take neurons out, train on, with as much computing as a run of `sss train` took.
[<RequireQualifiedAccess>]
module Rival =

    let private macsOf network = (Cost.ofNetwork network).Macs

    /// The rival of a finished run, at its size and its compute: the whole network for as long as the
    /// run's target had, the small one for the rest.
    let run (bench: Bench) (network: Network) (done': RunResult) (compute: float) (t: Try) =
        result {
            let recipe = done'.Recipe
            let rule = Try.rule t
            let bare = Uniform.plain network
            let images = bench.Dataset.Train.Count / recipe.Batch * recipe.Batch |> int64
            let first = TargetCourse.deadline recipe

            let! numbers =
                match rule with
                | Rule.Magnitude -> Fit.train bench recipe first recipe.Lr bare None
                | Rule.Slimming ->
                    Rule.sites network
                    |> List.map (fun (layer, _) -> ArrayKey.make ArrayPart.Weight layer.Name)
                    |> Fit.trainSlimming bench recipe first t.Strength bare

            let! small = Rule.zeros rule network done'.Selected.Macs numbers
            let network = Uniform.plain small.Network
            let epoch network = float images * float (macsOf network)
            let left = compute - float first * epoch bare
            let second = left / epoch network |> ceil |> int |> max 1

            let! tuned =
                Fit.train bench recipe second (t.Tuning * recipe.Lr) network (Some small.Weights)

            let! accuracy = Fit.accuracy bench network tuned

            return {
                Network = network.Name
                Target = Option.defaultValue 1.0 recipe.Target.Macs
                Seed = done'.Seed
                SelectedMacs = done'.Selected.Macs
                SelectedParams = done'.Selected.Params
                SelectedTrainMacs = compute
                SelectedAccuracy = Quality.accuracy done'.Test.Quality
                Try = t
                Macs = macsOf network
                Params = (Cost.ofNetwork network).Params
                EpochsWhole = first
                EpochsSmall = second
                TrainMacs = float first * epoch bare + float second * epoch network
                Accuracy = accuracy
            }
        }
