namespace Sss.Files

open Sss.Core

/// Whether the targets of a data set are those that a network gives and that a loss compares.
[<RequireQualifiedAccess>]
module TargetFit =

    let private differ (dataset: Dataset) needed remedy =
        Error(TargetsDiffer(dataset.Name, needed, Targets.describe dataset.Train.Targets, remedy))

    /// How the arrays of an archive must look.
    let private remedy takesClass (output: Shape) =
        if not takesClass then
            "numbers are stored as float32 or float64, or as bool where they are yes and no"
        elif Shape.area output = 1L then
            "classes are stored as uint8, int32 or int64, one for each image"
        else
            "masks are stored as uint8, int32 or int64 of images x height x width"

    /// Fails unless the targets are of the kind and the shape that a network gives.
    let shape (network: Network) (dataset: Dataset) : Result<unit, FileError> =
        let output = Network.output network
        let says = $"the network gives {output}"

        let classes () =
            match network.OutputKind with
            | OutputKind.Classes -> Ok()
            | OutputKind.Numbers ->
                differ
                    dataset
                    $"the network has `outputs` and needs {Targets.needed false output}"
                    (remedy false output)

        match dataset.Train.Targets with
        // An image of classes for them: `OutputIsImage` says so before training.
        | Targets.Labels _ -> classes ()
        | Targets.Masks(height, width, _) ->
            if height = output.Height && width = output.Width then
                classes ()
            else
                differ dataset says $"masks for it are {output.Height}x{output.Width}"
        | Targets.Numbers(shape, _) ->
            if shape = output then
                Ok()
            else
                differ dataset says $"targets for it are {Targets.needed false output}"

    /// The same, and as many classes where targets are classes: whether a network can be tried on the data.
    let network (network: Network) (dataset: Dataset) : Result<unit, FileError> =
        let classes = List.length dataset.Classes

        let sameClasses () =
            if classes = network.Classes then
                Ok()
            else
                Error(
                    DatasetDiffers(
                        dataset.Name,
                        "number of classes",
                        string network.Classes,
                        string classes
                    )
                )

        shape network dataset
        |> Result.bind (fun () ->
            match dataset.Train.Targets with
            | Targets.Labels _
            | Targets.Masks _ -> sameClasses ()
            | Targets.Numbers _ -> Ok()
        )

    /// Fails unless a loss can be computed from the targets of a network's output.
    let loss (network: Network) (loss: Loss) (dataset: Dataset) : Result<unit, FileError> =
        let output = Network.output network

        let fail () =
            let takes = Loss.takesClass loss
            let needed = $"`loss {Loss.word loss}` needs {Targets.needed takes output}"
            differ dataset needed (remedy takes output)

        match dataset.Train.Targets, Loss.takesClass loss with
        | Targets.Labels _, true
        | Targets.Masks _, true
        | Targets.Numbers _, false -> Ok()
        | Targets.Labels _, false
        | Targets.Masks _, false
        | Targets.Numbers _, true -> fail ()
