/// A folder of JPEGs into a ResNet-18 at 64×64: how long the steps wait for data, and how much
/// memory it takes. Usage: bench-loading [PICTURES] [STEPS] [LOADERS] [FOLDER]
module Sss.Bench.Loading.Program

open System
open System.Diagnostics
open System.IO
open System.Threading
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// K. He et al., "Deep residual learning for image recognition", CVPR 2016, table 1, 18 layers.
let private resnet18 =
    "network ResNet18 {
  input 3x64x64
  classes 10
  def basic(width, s) {
    residual @scale(block) {
      conv width 3x3 stride=s; bn; relu
      conv width 3x3; bn
    } shortcut auto
    relu
  }
  conv 64 7x7 stride=2; bn; relu
  maxpool 3x3 stride=2 pad=1
  basic 64 1; basic 64 1
  basic 128 2; basic 128 1
  basic 256 2; basic 256 1
  basic 512 2; basic 512 1
  avgpool global
  dense classes
}
train { batch 64; lr 0.05 constant; gamma 0.001; augment area=0.08 flip jitter=0.4 pca=0.1 }
"

let private ok wording result =
    match result with
    | Ok value -> value
    | Error error ->
        eprintfn "%s" (wording error)
        exit 1

/// Images a second of one thread that does nothing but fill batches.
let private alone (dataset: Dataset) augment =
    let plan = Batch.training dataset augment 1
    let batch = 64

    let images =
        Array.zeroCreate<float32>(batch * int (Shape.count dataset.Train.Shape))

    let labels = Array.zeroCreate<int64> batch
    let clock = Stopwatch.StartNew()
    let mutable filled = 0

    while clock.Elapsed.TotalSeconds < 5.0 do
        let indices = Array.init batch (fun i -> (filled + 7 * i) % dataset.Train.Count)

        Batch.fill plan 0L (ReadOnlySpan indices) (images.AsSpan()) (labels.AsSpan())
        |> ok FileError.message
        |> ignore

        filled <- filled + batch

    float filled / clock.Elapsed.TotalSeconds

let private row (name: string) (value: string) = printfn "| %s | %s |" name value

[<EntryPoint>]
let main words =
    let number at fallback =
        words |> Array.tryItem at |> Option.map int |> Option.defaultValue fallback

    let pictures, steps, loaders = number 0 20_000, number 1 150, number 2 1

    let folder =
        words
        |> Array.tryItem 3
        |> Option.defaultValue (Path.Combine(Path.GetTempPath(), "sss-bench-loading"))

    let parsed =
        Language.parse resnet18
        |> ok (List.map (Language.render "resnet18" resnet18) >> String.concat "\n")

    let recipe = {
        Option.get parsed.Recipe with
            Epochs = 2
    }

    row "what" "measured"
    row "---" "---"
    let bytes = Pictures.write folder pictures
    row "pictures" $"{pictures}, {bytes / int64 pictures} bytes each on average"
    let clock = Stopwatch.StartNew()

    let dataset =
        Dataset.loadFor parsed.Network (PictureOptions.ofAugment recipe.Augment) (Folder folder)
        |> ok FileError.message

    row "opening the folder" $"{clock.Elapsed.TotalSeconds:F1} s"
    row "resident after that" $"{Memory.resident ():F0} MiB"
    row "one loader alone, published augmentation" $"{alone dataset recipe.Augment:F0} images/s"
    let engine = LibTorch.load () |> ok LibTorchError.message
    let batch = recipe.Batch
    let early = Memory.resident ()

    let report event =
        match event with
        | EpochDone e ->
            let seconds = float (steps * batch) / e.ImagesPerSecond

            row
                $"epoch {e.Epoch + 1}: {steps} steps of {batch}"
                $"{e.ImagesPerSecond:F1} images/s, waited {e.Waited:F2} of {seconds:F1} s \
                  ({100.0 * e.Waited / seconds:F2} %%), resident {Memory.resident ():F0} MiB"
        | _ -> ()

    Train.run
        {
            Engine = engine
            Threads = Some 1
            Loaders = Some loaders
            Method = FactorMethod.Apg
            From = None
            Validation = None
            Keeper = None
            Team = None
            Teacher = None
            Loss = None
            Measures = CostLimit.noMeasures
        }
        parsed.Network
        (Dataset.limit (steps * batch) dataset)
        recipe
        report
        CancellationToken.None
    |> ok TrainError.message
    |> ignore

    row "resident before training, peak" $"{early:F0} MiB, {Memory.peak ():F0} MiB"
    row "load of the machine at the end" (Memory.load ())
    0
