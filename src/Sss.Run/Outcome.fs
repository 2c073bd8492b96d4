namespace Sss.Torch

open Sss.Core
open Sss.Files

/// A smaller network, with the check that it is the same function.
type Outcome = {
    Trained: Trained
    Recipe: Recipe
    Selected: Selected<float32>
    /// As it trained, whole, and selected: one function.
    Exactness: Exactness
    /// Where that is not exact: the same check computed at double precision.
    AtDouble: Exactness option
    /// The selected network on the test set.
    Test: Evaluation
    /// Bytes of its ONNX file, once that is written, where the target limits them.
    FileSize: int64 option
    /// Its time, where the target limits it.
    Latency: RunLatency option
    /// What it gets wrong there.
    Diagnosis: Diagnosis
    /// Wall-clock time of selection alone.
    SelectSeconds: float
}

/// Summaries of outcomes.
[<RequireQualifiedAccess>]
module Outcome =

    let private diagnosis (found: Diagnosis) : RunDiagnosis = {
        RunDiagnosis.none with
            Calibration = found.Calibration
            Worst =
                found.Worst
                |> List.mapi (fun i (picture, png) -> {
                    picture with
                        Picture = png |> Option.map (fun _ -> RunDiagnosis.pictureFile (i + 1))
                })
    }

    /// `result.json` of an outcome.
    let summary (outcome: Outcome) : RunResult =
        let plan = outcome.Selected.Plan

        let size (cost: Cost) : RunSize = {
            Params = cost.Params
            Macs = cost.Macs
        }

        {
            Network = outcome.Trained.Network.Name
            Seed = outcome.Recipe.Seed
            Recipe = outcome.Recipe
            Method = FactorMethod.name outcome.Trained.Method
            Dense = size (Cost.ofNetwork outcome.Trained.Network)
            Selected = size (Cost.ofNetwork outcome.Selected.Network)
            Neuron = plan.Neuron
            Group = plan.Group
            Block = plan.Block
            Shared = plan.Shared
            Test = {
                Quality = outcome.Test.Quality
                Loss = outcome.Test.Loss
                Count = outcome.Test.Count
                Outputs = outcome.Test.Outputs
            }
            Classes = outcome.Diagnosis.Classes
            DenseClasses = []
            Diagnosis = diagnosis outcome.Diagnosis
            Validation =
                outcome.Trained.State.Best
                |> Option.map (fun best -> {
                    RunValidation.Epoch = best.Epoch + 1
                    Quality = best.Quality
                    Loss = best.Loss
                })
            Exactness = {
                MaxAbs = outcome.Exactness.MaxAbs
                MaxRel = outcome.Exactness.MaxRel
                ArgmaxAgree = outcome.Exactness.ArgmaxAgree
                Inputs = outcome.Exactness.Inputs
                Verdict = Exactness.word outcome.Exactness.Verdict
            }
            Compute =
                Some {
                    RunCompute.TrainMacs = outcome.Trained.State.TrainMacs
                    Images = outcome.Trained.Images
                    Epochs = outcome.Trained.State.Epoch
                }
            Arithmetic = Some outcome.Trained.Arithmetic
            FileSize = outcome.FileSize
            Latency = outcome.Latency
            Repeats = None
            Controls = []
            Seconds = {
                Train = outcome.Trained.Seconds
                Select = outcome.SelectSeconds
            }
        }
