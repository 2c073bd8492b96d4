namespace Sss.Torch

open System
open System.IO
open Sss.Core
open Sss.Files

/// What a network gets wrong on a set of images, where each has one class; empty otherwise.
type Diagnosis = {
    Classes: ClassRow list
    Calibration: Calibration option
    /// Images with another class than they are taken for, those with the highest loss, each with a small picture as a PNG
    /// file where it can be shown.
    Worst: (WorstPicture * byte[] option) list
}

/// What an image was given.
[<Struct>]
type private Answer = {
    Index: int
    Label: int
    Taken: int
    Loss: float
    Confidence: float
}

/// What models get wrong.
[<RequireQualifiedAccess>]
module Diagnosis =

    /// A picture's folder and file, or the place of an image that is in an array.
    let private nameOf (split: Split) index =
        match split.Pixels with
        | Pictures pictures ->
            let path = pictures.Paths[index]

            let folder =
                Path.GetFileName(
                    Path.GetDirectoryName path |> Option.ofObj |> Option.defaultValue ""
                )

            $"{folder}/{Path.GetFileName path}"
        | Bytes _
        | Floats _ -> $"image {index}"

    /// What an image of a class was given.
    let private answer index label (row: ReadOnlySpan<float32>) : Answer =
        let total = Softmax.logSum row
        let taken = Scoring.arg row

        {
            Index = index
            Label = label
            Taken = taken
            Loss = total - float row[label]
            Confidence = exp (float row[taken] - total)
        }

    /// The images with the highest loss, the highest first, with small pictures of them.
    let private worst (names: string[]) (dataset: Dataset) (split: Split) (answers: Answer seq) =
        let shape = split.Shape
        let plan = Batch.plain dataset split
        let image = Array.zeroCreate (int (Shape.count shape))

        let nameOfClass i =
            if i < names.Length then names[i] else string i

        answers
        |> Seq.filter (fun a -> a.Taken <> a.Label)
        |> Seq.sortBy (fun a -> -a.Loss, a.Index)
        |> Seq.truncate RunDiagnosis.mostWorst
        |> Seq.map (fun a ->
            let picture =
                match Batch.one plan 0L a.Index (Span image) with
                | Ok() -> Thumbnail.png shape dataset.Preparation image
                | Error _ -> None

            let worst: WorstPicture = {
                Index = a.Index
                Name = nameOf split a.Index
                Class = nameOfClass a.Label
                TakenFor = nameOfClass a.Taken
                Probability = exp (-a.Loss)
                Confidence = a.Confidence
                Loss = a.Loss
                Picture = None
            }

            worst, picture
        )
        |> List.ofSeq

    /// The quality and loss of a model on a split, and what it gets wrong. `names`: of the classes, in the order of the scores.
    let ofModel
        (names: string list)
        (model: Model)
        (dataset: Dataset)
        (split: Split)
        : Result<Evaluation * Diagnosis, FileError> =
        let answers = ResizeArray<Answer>()

        Evaluate.runWith
            (fun index label row -> answers.Add(answer index label row.Span))
            model
            dataset
            split
        |> Result.map (fun evaluation ->
            evaluation,
            {
                Classes =
                    if answers.Count = 0 then
                        []
                    else
                        answers
                        |> Seq.map (fun a -> a.Label, a.Taken)
                        |> ClassRow.table (Network.scores model.Network) names
                Calibration =
                    answers
                    |> Seq.map (fun a -> a.Confidence, a.Taken = a.Label)
                    |> Calibration.ofAnswers
                Worst = worst (Array.ofList names) dataset split answers
            }
        )
