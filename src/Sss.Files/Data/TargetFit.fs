namespace Sss.Files

open Sss.Core

/// Whether the targets of a data set are those that a network gives and that its losses compare.
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

    /// The further outputs of a network, each with its shape and its targets: its own, or those of the scores.
    let further (network: Network) (targets: Targets) : (string * Shape * Targets) list =
        let own = Map.ofList (Targets.further targets)
        let shared = Targets.ofScores targets

        [
            for name, shape in Network.outputs network ->
                name, shape, (Map.tryFind name own |> Option.defaultValue shared)
        ]

    /// The first fault of a list of checks.
    let private all (checks: (unit -> Result<unit, FileError>) list) =
        (Ok(), checks) ||> List.fold (fun sofar check -> sofar |> Result.bind check)

    /// Fails unless targets have the shape of an output. An image of classes for labels: `OutputIsImage` says so before training.
    let private extents dataset says (output: Shape) (targets: Targets) =
        match targets with
        | Targets.Masks(height, width, _) when height <> output.Height || width <> output.Width ->
            differ dataset says $"masks for it are {output.Height}x{output.Width}"
        | Targets.Numbers(shape, _) when shape <> output ->
            differ dataset says $"targets for it are {Targets.needed false output}"
        | Targets.Labels _
        | Targets.Masks _
        | Targets.Numbers _
        | Targets.Several _ -> Ok()

    /// Fails where there are targets of an output that the network does not have.
    let private names (network: Network) (dataset: Dataset) =
        let known = Network.outputs network |> List.map fst

        let isUnknown (name, _) = not (List.contains name known)

        match Targets.further dataset.Train.Targets |> List.tryFind isUnknown with
        | Some(name, _) ->
            differ
                dataset
                $"the network has no output `{name}`"
                $"write `output {name} {{ … }}` in the network, or leave the arrays of `{name}` out"
        | None -> Ok()

    let private furtherShape (network: Network) (dataset: Dataset) =
        let ofOutput (name, output, own) () =
            let says = $"its output `{name}` gives {output}"

            match own with
            | Targets.Labels _ when Shape.area output > 1L ->
                differ dataset says $"give it targets of its own: `y_train_{name}`"
            | Targets.Labels _
            | Targets.Masks _
            | Targets.Numbers _
            | Targets.Several _ -> extents dataset says output own

        all [
            fun () -> names network dataset
            yield! further network dataset.Train.Targets |> List.map ofOutput
        ]

    /// Fails unless the targets are of the kind and the shape that a network gives.
    let shape (network: Network) (dataset: Dataset) : Result<unit, FileError> =
        let output = Network.output network

        let classes () =
            match network.OutputKind with
            | OutputKind.Classes -> Ok()
            | OutputKind.Numbers ->
                differ
                    dataset
                    $"the network has `outputs` and needs {Targets.needed false output}"
                    (remedy false output)

        let targets = Targets.ofScores dataset.Train.Targets

        all [
            fun () -> extents dataset $"the network gives {output}" output targets
            fun () ->
                match targets with
                | Targets.Labels _
                | Targets.Masks _ -> classes ()
                | Targets.Numbers _
                | Targets.Several _ -> Ok()
            fun () -> furtherShape network dataset
        ]

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
            match Targets.ofScores dataset.Train.Targets with
            | Targets.Labels _
            | Targets.Masks _ -> sameClasses ()
            | Targets.Numbers _
            | Targets.Several _ -> Ok()
        )

    /// Fails unless a loss can be computed from targets. `name`: of a further output.
    let private lossOf
        dataset
        (name: string option)
        (loss: Loss)
        (output: Shape)
        (targets: Targets)
        =
        let fail () =
            let takes = Loss.takesClass loss
            let word = Loss.word loss

            match name with
            | None ->
                differ
                    dataset
                    $"`loss {word}` needs {Targets.needed takes output}"
                    (remedy takes output)
            | Some name ->
                differ
                    dataset
                    $"`output {name} {word}` needs {Targets.needed takes output}"
                    $"store them as `y_train_{name}` and `y_test_{name}`, or give the output another loss"

        match targets, Loss.takesClass loss with
        | Targets.Labels _, true
        | Targets.Masks _, true
        | Targets.Numbers _, false -> Ok()
        | Targets.Labels _, false
        | Targets.Masks _, false
        | Targets.Several _, _
        | Targets.Numbers _, true -> fail ()

    /// Fails unless the losses of a recipe can be computed from the targets of a network's outputs.
    let loss (network: Network) (recipe: Recipe) (dataset: Dataset) : Result<unit, FileError> =
        let targets = dataset.Train.Targets

        let ofScores () =
            lossOf dataset None recipe.Loss (Network.output network) (Targets.ofScores targets)

        let ofFurther = [
            for name, output, own in further network targets ->
                fun () -> lossOf dataset (Some name) (Recipe.lossOf recipe name).Loss output own
        ]

        all ((fun () -> names network dataset) :: ofScores :: ofFurther)
