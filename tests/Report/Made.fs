namespace Sss.Tests.Report

open System
open System.IO
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Run folders made up without training: random weights, a pattern of zero factors, and numbers.
module Made =

    /// The folder of the repository.
    let root = Sss.Tests.Repository.root

    /// An empty folder that goes with the test.
    type Folder = Sss.Tests.Repository.Folder

    /// What must be right for a test to mean anything.
    let must result =
        match result with
        | Ok value -> value
        | Error error -> failwith $"%A{error}"

    /// The network and the recipe of a file below the repository.
    let example (file: string) =
        let parsed = File.ReadAllText(Path.Combine(root, file)) |> Language.parse |> must
        parsed.Network, Option.defaultValue Recipe.defaults parsed.Recipe

    /// Random weights from a seed; `factor owner index` says what each factor is.
    let weights (seed: int) (factor: string -> int -> float32) (network: Network) =
        let random = Random seed
        let normal () = float32 (random.NextDouble() - 0.5)
        let tensor shape data = { Shape = shape; Data = data }

        [
            for p in Parameters.ofNetwork network do
                let count = int (Parameters.size p.Shape)
                p.Key, tensor p.Shape (Array.init count (fun _ -> normal ()))
            for s in Parameters.statistics network do
                let value =
                    if s.Spec.Role = ArrayRole.RunningVariance then
                        1.0f
                    else
                        0.0f

                s.Key, tensor [ s.Count ] (Array.create s.Count value)
            for f in Parameters.factors network do
                f.Key, tensor [ f.Scale.Count ] (Array.init f.Scale.Count (factor f.Owner))
        ]
        |> Map.ofList

    /// The rows of a training in which factors go one by one.
    let private metrics (network: Network) (recipe: Recipe) (left: string -> int) macs =
        let owners = Parameters.factors network |> List.map (fun f -> f.Owner, f.Scale)
        let dense = (Cost.ofNetwork network).Macs

        [
            for epoch in 1 .. recipe.Epochs do
                let t = float epoch / float recipe.Epochs
                let part = max 0.0 (1.0 - 1.4 * t)

                let count (owner, scale: Scale) =
                    let last = left owner
                    // Owners let go of theirs at different times.
                    let shift = float (abs (String.length owner * 7 + last) % 5) / 8.0
                    let p = max 0.0 (min 1.0 (part + shift * part))
                    float last + round (p * float (scale.Count - last))

                let total kind =
                    owners |> List.filter (fun (_, s) -> s.Kind = kind) |> List.sumBy count

                [
                    "epoch", float epoch
                    "loss", 2.2 * exp (-4.0 * t) + 0.05
                    "accuracy", 1.0 - 0.85 * exp (-5.0 * t)
                    "lr", 0.1 * (1.0 - t)
                    "neurons", total Neuron
                    "groups", total Group
                    "blocks", total Block
                    "macs", float macs + part * float (dense - macs)
                    for owner in owners do
                        "nonzero." + fst owner, count owner
                ]
        ]

    /// Twelve wrong answers with small pictures, and probabilities that are too high.
    /// The dense network's are in the folder of its run.
    let private diagnosis (folder: string) (seed: int) : RunDiagnosis =
        let dense = StudyKind.controlFolder StudyKind.Dense seed
        let names = [ "circle"; "square"; "star" ]

        let picture (run: string) rank : WorstPicture =
            let values = Array.init 192 (fun i -> float32 ((i * rank * 7) % 61) / 60.0f)

            let preparation: Preparation = {
                Pictures = PictureOptions.standard
                Range = PixelRange.Known(0.0f, 1.0f)
                Scale = 1.0f
                Mean = [| 0.0f; 0.0f; 0.0f |]
                Deviation = [| 1.0f; 1.0f; 1.0f |]
                IsGiven = false
            }

            let png = Thumbnail.png (Shape.create 3 8 8) preparation values |> Option.get
            let place = Path.Combine(folder, run)
            Directory.CreateDirectory(Path.Combine(place, "worst")) |> ignore
            File.WriteAllBytes(Path.Combine(place, $"worst/{rank}.png"), png)

            {
                Index = 31 * rank
                Name = $"{names[rank % 3]}/a-picture-with-a-long-name-{31 * rank}.png"
                Class = names[rank % 3]
                TakenFor = names[(rank + 1) % 3]
                Probability = 0.001 * float rank
                Confidence = 0.99 - 0.02 * float rank
                Loss = 6.0 - 0.2 * float rank
                Picture = Some $"worst/{rank}.png"
            }

        let answers = Seq.init 120 (fun i -> 0.3 + 0.7 * float i / 120.0, i % 10 < 7)

        {
            Calibration = Calibration.ofAnswers answers
            DenseCalibration = Calibration.ofAnswers (Seq.truncate 90 answers)
            Worst = List.map (picture "") [ 1 .. RunDiagnosis.mostWorst ]
            DenseWorst = List.map (picture dense) [ 3..7 ] |> RunDiagnosis.below dense
        }

    /// Fills a folder as `sss train` would, with everything that a report can show.
    let run (folder: string) (network: Network) (recipe: Recipe) factor =
        let file name = Path.Combine(folder, name)
        let weights = weights 1 factor network
        let selected = Selection.select Selection.defaults network weights |> must
        let plan = selected.Plan

        let save (name: string) (text: string) weights =
            File.WriteAllText(file (name + ".sss"), text)

            NetworkFile.write (file (name + ".safetensors")) {
                Text = text
                Classes = []
                Preparation = None
                Probabilities = Sss.Core.Probabilities.Softmax
                Weights = weights
                Strangers = []
            }
            |> must

        save "network" (Language.printWithRecipe network recipe) weights
        save "selected" (Language.print selected.Network) selected.Weights

        let left owner =
            weights[ArrayKey.make ArrayPart.Factor owner].Data
            |> Array.filter (fun v -> v <> 0.0f)
            |> Array.length

        for row in metrics network recipe left plan.After.Macs do
            MetricsFile.append (file "metrics.csv") row |> must

        let size (cost: Cost) : RunSize = {
            Params = cost.Params
            Macs = cost.Macs
        }

        ResultFile.write (file "result.json") {
            Network = network.Name
            Seed = recipe.Seed
            Recipe = recipe
            Method = "apg"
            Dense = size plan.Before
            Selected = size plan.After
            Neuron = plan.Neuron
            Group = plan.Group
            Block = plan.Block
            Shared = plan.Shared
            Test = {
                RunTest.Quality = Quality.Classification 0.9312
                Loss = 0.2345
                Count = 10000
                Outputs = []
            }
            Classes = [
                {
                    Name = "circle"
                    Images = 50
                    Right = 45
                    Predicted = 52
                    TakenFor = [ "square", 4; "star", 1 ]
                }
                {
                    Name = "square"
                    Images = 50
                    Right = 40
                    Predicted = 45
                    TakenFor = [ "star", 7; "circle", 3 ]
                }
                {
                    Name = "star"
                    Images = 20
                    Right = 0
                    Predicted = 8
                    TakenFor = [ "circle", 20 ]
                }
            ]
            DenseClasses = []
            Diagnosis = diagnosis folder recipe.Seed
            Validation = None
            Exactness = {
                MaxAbs = 2.9e-6
                MaxRel = 6.8e-7
                ArgmaxAgree = 1.0
                Inputs = 512
                Verdict = "exact"
            }
            Compute =
                Some {
                    TrainMacs = 1.23e14
                    Images = 1200000L
                    Epochs = recipe.Epochs
                }
            Arithmetic = None
            FileSize = None
            Latency = None
            Repeats = None
            Controls = []
            Seconds = { Train = 2031.4; Select = 0.21 }
        }
        |> must

        selected

    /// Measured times as `sss bench` leaves them.
    let bench =
        """{"format":1,"threads":2,"rows":[
  {"engine":"libtorch","batch":1,"full":{"median":6.1,"low":5.9,"high":7.2},"selected":{"median":2.4,"low":2.3,"high":2.6},"speedup":2.54},
  {"engine":"libtorch","batch":64,"full":{"median":182.4,"low":180.1,"high":190.2},"selected":{"median":61.2,"low":60.4,"high":63.0},"speedup":2.98},
  {"engine":"onnxruntime","batch":1,"full":{"median":4.8,"low":4.7,"high":5.1},"selected":{"median":1.7,"low":1.6,"high":1.8},"speedup":2.82}]}"""

    /// Adds controls to a `result.json`.
    let withControls (folder: string) (name: string) =
        let file = Path.Combine(folder, "result.json")
        let text = (File.ReadAllText file).TrimEnd().TrimEnd('}').TrimEnd()
        let name = Text.Json.JsonSerializer.Serialize name

        File.WriteAllText(
            file,
            text
            + $""",
  "controls": [
    {{"name":"dense","params":1000,"macs":2000,"seeds":3,"accuracy":0.9401,"deviation":0.0012}},
    {{"name":{name},"params":500,"macs":900,"seeds":1,"accuracy":0.9214}}
  ]
}}
"""
        )

    /// A smooth pattern: some blocks gone, some neurons gone, the others of different size.
    let factor (owner: string) (index: int) =
        let hash =
            abs ((owner.Length * 31 + int owner[owner.Length / 2] * 17 + index * 7) % 11)

        if owner.EndsWith "residual1" then
            let number = (owner.Split '.')[0] |> String.filter Char.IsDigit |> int

            if number % 5 < 2 then
                0.0f
            else
                0.4f + float32 (number % 7) * 0.1f
        elif hash < 5 then
            0.0f
        else
            float32 hash / 10.0f

    /// Three points of a sweep with long labels, and the networks that they are compared with.
    let sweep () : Sss.Report.SweepFacts =
        use folder = new Folder()
        let network, recipe = example "examples/digits.sss"
        run folder.Path network { recipe with Epochs = 2 } factor |> ignore
        let result = ResultFile.read (folder.File "result.json") |> must
        let dense = result.Dense.Macs

        let row name share accuracy : SeedRow = {
            Name = name
            Params = int64 (share * float result.Dense.Params)
            Macs = int64 (share * float dense)
            Seeds = 3
            Accuracy = accuracy
            Deviation = Some 0.004
            Difference = if name = "selected" then None else Some 0.01
            StandardError = if name = "selected" then None else Some 0.002
            Runs = []
        }

        let point label share accuracy : Sss.Report.SweepPoint = {
            Label = label
            Result = result
            Selected = row "selected" share accuracy
            Controls = [
                row "dense" 1.0 0.985
                row "scratch-e" share (accuracy - 0.01)
                row "uniform" share (accuracy - 0.02)
            ]
            Latency = None
            Link = None
        }

        {
            Network = network.Name
            Points = [
                point "γ neuron=0.0025 block=0.0125" 0.98 0.984
                point "macs 0.5" 0.5 0.98
                point "macs 0.05" 0.02 0.91
            ]
        }
