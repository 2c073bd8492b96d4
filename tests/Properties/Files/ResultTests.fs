module Sss.Tests.Files.ResultTests

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files

/// A result with numbers that can be told apart.
let result: RunResult = {
    Network = "ResNet20"
    Seed = 1
    Recipe = {
        Recipe.defaults with
            Schedule = Step(0.1, [ 30; 60 ])
            Target = { Target.none with Macs = Some 0.5 }
    }
    Method = "apg"
    Dense = { RunSize.Params = 10L; Macs = 20L }
    Selected = { RunSize.Params = 5L; Macs = 6L }
    Neuron = { Kept = 1; Total = 2 }
    Group = { Kept = 0; Total = 0 }
    Block = { Kept = 3; Total = 4 }
    Shared = { Kept = 0; Total = 0 }
    Test = {
        RunTest.Quality = Quality.Classification 0.975
        Loss = 0.1
        Count = 359
        Outputs = []
    }
    Classes = []
    DenseClasses = []
    Diagnosis = RunDiagnosis.none
    Validation =
        Some {
            RunValidation.Epoch = 28
            Quality = Quality.Classification 0.99
            Loss = 0.05
        }
    Exactness = {
        RunExactness.MaxAbs = 1e-6
        MaxRel = 2e-7
        ArgmaxAgree = 1.0
        Inputs = 100
        Verdict = "exact"
    }
    Compute =
        Some {
            RunCompute.TrainMacs = 123456789.0
            Images = 5000L
            Epochs = 5
        }
    Arithmetic =
        Some {
            RunArithmetic.Device = "cuda:1"
            Precision = "bf16"
            Tf32 = true
            Ranks = 4
            Threads = 2
        }
    FileSize = None
    Latency = None
    Repeats = None
    Controls = [
        {
            Name = "dense"
            Params = 10L
            Macs = 20L
            Seeds = 1
            Accuracy = 0.98
            Deviation = None
            Difference = Some -0.005
            StandardError = None
            Runs = [
                {
                    Seed = 1
                    Accuracy = 0.98
                    Params = 10L
                    Macs = 20L
                    Epochs = 30
                    TrainMacs = Some 1e9
                    Verdict = "exact"
                }
            ]
        }
    ]
    Seconds = {
        RunSeconds.Train = 60.5
        Select = 0.25
    }
}

[<Fact>]
let ``result.json has the shape that scripts rely on`` () =
    let expected =
        """{
  "format": 1,
  "network": "ResNet20",
  "seed": 1,
  "recipe": {
    "epochs": 30,
    "batch": 128,
    "lr": 0.1,
    "schedule": "step",
    "factor": 0.1,
    "at": [
      30,
      60
    ],
    "warmup": 0,
    "head": 1,
    "momentum": 0.9,
    "decay": 0.0001,
    "gamma": {
      "neuron": 0,
      "group": 0,
      "block": 0
    },
    "penalty": "nonneg",
    "loss": {
      "name": "crossentropy",
      "smoothing": 0
    },
    "optimizer": {
      "name": "nag"
    },
    "target": 0.5,
    "shrink": null,
    "seed": 1,
    "augment": {
      "resize": 0,
      "background": "white",
      "area": 0,
      "crop": 0,
      "flip": false,
      "jitter": 0,
      "pca": 0,
      "erase": 0,
      "mixup": 0,
      "cutmix": 0
    },
    "teacher": null
  },
  "method": "apg",
  "dense": {
    "params": 10,
    "macs": 20
  },
  "selected": {
    "params": 5,
    "macs": 6,
    "factors": {
      "neuron": [
        1,
        2
      ],
      "group": [
        0,
        0
      ],
      "block": [
        3,
        4
      ]
    }
  },
  "test": {
    "accuracy": 0.975,
    "loss": 0.1,
    "count": 359
  },
  "validation": {
    "epoch": 28,
    "accuracy": 0.99,
    "loss": 0.05
  },
  "exactness": {
    "maxAbs": 1E-06,
    "maxRel": 2E-07,
    "argmaxAgree": 1,
    "inputs": 100,
    "verdict": "exact"
  },
  "compute": {
    "trainMacs": 123456789,
    "images": 5000,
    "epochs": 5
  },
  "arithmetic": {
    "device": "cuda:1",
    "precision": "bf16",
    "tf32": true,
    "ranks": 4,
    "threads": 2
  },
  "controls": [
    {
      "name": "dense",
      "params": 10,
      "macs": 20,
      "seeds": 1,
      "accuracy": 0.98,
      "difference": -0.005,
      "runs": [
        {
          "seed": 1,
          "accuracy": 0.98,
          "params": 10,
          "macs": 20,
          "epochs": 30,
          "trainMacs": 1000000000,
          "verdict": "exact"
        }
      ]
    }
  ],
  "seconds": {
    "train": 60.5,
    "select": 0.25
  }
}
"""

    Assert.Equal(expected, ResultFile.toText result)

[<Property>]
let ``result.json reads back`` (recipe: Recipe) (accuracy: float) (params': int64) =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "sub", "result.json")
        let finite x = if Double.IsFinite x then x else 0.5

        let recipe = {
            recipe with
                Lr = finite recipe.Lr
                Head = finite recipe.Head
                Momentum = finite recipe.Momentum
                Decay = finite recipe.Decay
                Gamma = {
                    Neuron = finite recipe.Gamma.Neuron
                    Group = finite recipe.Gamma.Group
                    Block = finite recipe.Gamma.Block
                    Shared = finite recipe.Gamma.Shared
                }
                Penalty =
                    match recipe.Penalty with
                    | FactorPenalty.Mcp theta -> FactorPenalty.Mcp(finite theta)
                    | FactorPenalty.Scad a -> FactorPenalty.Scad(finite a)
                    | other -> other
                Teacher =
                    recipe.Teacher
                    |> Option.map (fun t -> {
                        Weight = finite t.Weight
                        Temperature = finite t.Temperature
                    })
                Target = {
                    recipe.Target with
                        Macs = Option.map finite recipe.Target.Macs
                        Params = Option.map finite recipe.Target.Params
                        Latency =
                            match recipe.Target.Latency with
                            | Some(LatencyLimit.Milliseconds most) ->
                                Some(LatencyLimit.Milliseconds(finite most))
                            | Some(LatencyLimit.OfDense fraction) ->
                                Some(LatencyLimit.OfDense(finite fraction))
                            | None -> None
                }
                TargetBy = Option.map finite recipe.TargetBy
                Augment = {
                    recipe.Augment with
                        Area = finite recipe.Augment.Area
                        Jitter = finite recipe.Augment.Jitter
                        Pca = finite recipe.Augment.Pca
                        Erase = finite recipe.Augment.Erase
                        Mixup = finite recipe.Augment.Mixup
                        Cutmix = finite recipe.Augment.Cutmix
                }
                Ema = Option.map finite recipe.Ema
                Schedule =
                    match recipe.Schedule with
                    | Step(f, at) -> Step(finite f, at)
                    | other -> other
                Loss =
                    match Loss.parameter recipe.Loss with
                    | Some(_, value) -> Loss.withParameter (finite value) recipe.Loss
                    | None -> recipe.Loss
                Optimizer =
                    match recipe.Optimizer with
                    | Optimizer.AdamW(a, b, c) -> Optimizer.AdamW(finite a, finite b, finite c)
                    | Optimizer.Nag -> Optimizer.Nag
        }

        let run = {
            result with
                Recipe = recipe
                Dense = {
                    RunSize.Params = params'
                    Macs = Int64.MaxValue
                }
                Test = {
                    result.Test with
                        Quality = Quality.Classification(finite accuracy)
                }
        }

        Folders.ok (ResultFile.write path run)
        Folders.ok (ResultFile.read path) = run
    )

[<Fact>]
let ``a recipe from before there were penalties was trained with the default`` () =
    let text =
        RecipeJson.toText {
            Recipe.defaults with
                Penalty = FactorPenalty.Mcp 0.5
        }

    Assert.Contains("\"penalty\":\"mcp\",\"theta\":0.5,", text)
    let older = text.Replace("\"penalty\":\"mcp\",\"theta\":0.5,", "")
    use document = System.Text.Json.JsonDocument.Parse older
    Assert.Equal(Recipe.defaults, RecipeJson.read document.RootElement)

    Assert.Equal<(string * string * string) list>(
        [ "penalty", "\"nonneg\"", "\"mcp\""; "theta", "nothing", "0.5" ],
        RecipeJson.differences older text
    )

    Assert.Empty(RecipeJson.differences older (RecipeJson.toText Recipe.defaults))

[<Fact>]
let ``an older result.json, which tells no ranks, reads without its arithmetic`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "result.json")
        let text = ResultFile.toText result
        let older = text.Replace(",\n    \"ranks\": 4,\n    \"threads\": 2", "")
        Assert.NotEqual<string>(text, older)
        File.WriteAllText(path, older)
        Assert.Equal({ result with Arithmetic = None }, Folders.ok (ResultFile.read path))
    )

[<Fact>]
let ``a loss that is not finite is null in result.json and NaN when read`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "result.json")

        let run = {
            result with
                Test = { result.Test with Loss = nan }
        }

        Folders.ok (ResultFile.write path run)
        Assert.Contains("\"loss\": null", File.ReadAllText path)
        Assert.True(Double.IsNaN (Folders.ok (ResultFile.read path)).Test.Loss)
    )

[<Fact>]
let ``a result.json cut or changed is an error, never an exception`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "result.json")
        let text = ResultFile.toText result

        for at in 0 .. text.Length - 3 do
            File.WriteAllText(path, text.Substring(0, at))

            Assert.Contains(
                "result.json: at byte",
                Folders.messageIn folder (ResultFile.read path)
            )

            File.WriteAllText(path, text.Remove(at, 1))
            ResultFile.read path |> ignore
    )
