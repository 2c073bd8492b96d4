namespace Sss.Bench.Rivals

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// What a rival came to.
type Score = {
    Rule: Rule
    /// λ of slimming's penalty; 0 for magnitude.
    Strength: float
    /// The step size of fine-tuning over that of training.
    Tuning: float
    Macs: int64
    Params: int64
    /// Epochs of the whole network, epochs of the small one.
    Epochs: int * int
    /// Macs of forward passes over all training: what the run that it is compared with spent, or up
    /// to an epoch of the small network more.
    Compute: float
    Accuracy: float
}

/// Train, take neurons out, train on, with as much computing as a run of `sss train` took.
[<RequireQualifiedAccess>]
module Rival =

    let private macsOf network = (Cost.ofNetwork network).Macs

    /// The rival of a finished run, at its size and its compute: the whole network for as long as the
    /// run's target had, the small one for the rest.
    let run
        (bench: Bench)
        (network: Network)
        (done': RunResult)
        (compute: float)
        (rule: Rule)
        (strength: float)
        (tuning: float)
        =
        result {
            let recipe = done'.Recipe
            let bare = Uniform.plain network
            let images = bench.Dataset.Train.Count / recipe.Batch * recipe.Batch |> int64
            let first = Control.deadline recipe

            let! numbers =
                match rule with
                | Rule.Magnitude -> Fit.train bench recipe first recipe.Lr bare None
                | Rule.Slimming ->
                    Rule.sites network
                    |> List.map (fun (layer, _) -> $"{layer.Name}.weight")
                    |> Fit.trainSlimming bench recipe first strength bare

            let! small = Rule.zeros rule network done'.Selected.Macs numbers
            let network = Uniform.plain small.Network
            let epoch network = float images * float (macsOf network)
            let left = compute - float first * epoch bare
            let second = left / epoch network |> ceil |> int |> max 1

            let! tuned =
                Fit.train bench recipe second (tuning * recipe.Lr) network (Some small.Weights)

            let! accuracy = Fit.accuracy bench network tuned

            return {
                Rule = rule
                Strength = strength
                Tuning = tuning
                Macs = macsOf network
                Params = (Cost.ofNetwork network).Params
                Epochs = first, second
                Compute = float first * epoch bare + float second * epoch network
                Accuracy = accuracy
            }
        }
