namespace Sss.Torch

open Sss.Core
open Sss.Files
open TorchSharp

/// `events/`: what TensorBoard shows of a run. Each process that trains writes its own file. The
/// writer opens the file for each value and closes it again: there is nothing to dispose.
[<Sealed>]
type internal Events(folder: string) =
    let writer = torch.utils.tensorboard.SummaryWriter(folder, createRunName = false)

    /// Adds an epoch. Steps of TensorBoard are epochs, from 1.
    member _.Add(report: EpochReport) : Result<unit, FileError> =
        let add (tag: string) (value: float) =
            writer.add_scalar (tag, float32 value, report.Epoch + 1)

        FileError.catching
            folder
            (fun () ->
                add "loss/training" report.Loss

                if not (System.Double.IsNaN report.Accuracy) then
                    add "accuracy/training" report.Accuracy

                add "learning rate" report.Rate
                add "images per second" report.ImagesPerSecond

                match report.Validation with
                | Some v ->
                    add "loss/validation" v.Loss

                    for metric in Quality.metrics v.Quality do
                        add $"{metric.Name}/validation" metric.Value
                | None -> ()

                match report.WouldBe with
                | Some cost ->
                    add "selected/macs" (float cost.Macs)
                    add "selected/params" (float cost.Params)
                | None -> ()

                for f in report.Factors do
                    let kind = Plan.kindWord f.Kind
                    add $"gamma/{kind}" (Recipe.gammaOf f.Kind report.Gamma)
                    add $"dose/{kind}" (Recipe.gammaOf f.Kind report.Dose)
                    add $"non-zero factors/{kind}" (float f.NonZero)

                for o in report.Owners do
                    add $"non-zero factors by layer/{o.Owner}" (float o.NonZero)

                Ok()
            )
