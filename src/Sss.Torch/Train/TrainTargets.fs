namespace Sss.Torch

open System
open Sss.Core
open Sss.Files

/// Whether the targets of a data set can be trained for.
[<RequireQualifiedAccess>]
module internal TrainTargets =

    /// The first target of an output that training cannot take.
    let private badTargetOf
        (name: string option)
        (classes: int)
        (loss: Loss)
        (targets: Targets)
        : TrainError option =
        let size = Targets.size targets

        let fault =
            match name with
            | None -> id
            | Some name -> fun error -> BadOutputTarget(name, error)

        match targets with
        | Targets.Labels labels ->
            labels
            |> Array.tryFindIndex (fun label -> label < 0 || label >= classes)
            |> Option.map (fun image -> BadLabel(image, labels[image], classes) |> fault)
        | Targets.Masks(_, _, pixels) ->
            pixels
            |> Array.tryFindIndex (fun label -> int label >= classes)
            |> Option.map (fun at -> BadMask(at / size, int pixels[at], classes) |> fault)
        | Targets.Numbers(_, values) ->
            let isUnit = loss = Loss.Bce

            let isBad value =
                not (Single.IsFinite value) || isUnit && (value < 0.0f || value > 1.0f)

            values
            |> Array.tryFindIndex isBad
            |> Option.map (fun at ->
                BadTarget(at / size, values[at], (if isUnit then Some(Loss.word loss) else None))
                |> fault
            )
        | Targets.Several _ -> None

    /// The first target that training cannot take.
    let private badTarget
        (network: Network)
        (recipe: Recipe)
        (targets: Targets)
        : TrainError option =
        [
            badTargetOf None network.Classes recipe.Loss (Targets.ofScores targets)

            for name, output, own in TargetFit.further network targets do
                let loss = (Recipe.lossOf recipe name).Loss
                badTargetOf (Some name) output.Channels loss own
        ]
        |> List.tryPick id

    /// A change of training images that the targets cannot follow: its name, its value, what it must be.
    let rec private badChange (augment: Augment) (network: Network) (targets: Targets) =
        let image what = $"0 where each image has {what}"

        let moving what = [
            match augment.Rand with
            | Some rand -> "`randaugment n`", float rand.Count, image what
            | None -> ()
        ]

        let changes what = [
            "`augment area`", augment.Area, image what
            "`augment crop`", float augment.Crop, image what
            "`augment flip`", (if augment.Flip then 1.0 else 0.0), image what
            yield! moving what
        ]

        let mixing what = [
            "`mixup alpha`", augment.Mixup, image what
            "`cutmix alpha`", augment.Cutmix, image what
        ]

        match targets with
        | Targets.Labels _ -> []
        | Targets.Masks(height, width, _) ->
            let isWhole = height = network.Input.Height && width = network.Input.Width

            [
                "`augment area`", augment.Area, image "a mask"
                yield! moving "a mask"
                yield! mixing "a mask"
                if not isWhole then
                    "`augment crop`",
                    float augment.Crop,
                    $"0 where masks are {height}x{width} and images {network.Input}"
            ]
        | Targets.Numbers(shape, _) when Shape.area shape > 1L ->
            changes $"{shape} numbers" @ mixing $"{shape} numbers"
        | Targets.Numbers _ -> []
        | Targets.Several(scores, further) ->
            mixing "targets of several outputs"
            @ List.choose (badChange augment network) (scores :: List.map snd further)
        |> List.tryFind (fun (_, value, _) -> value <> 0.0)

    /// Whether the targets of the data set are those of the network and of the loss, each within its bounds.
    let check (network: Network) (dataset: Dataset) (recipe: Recipe) =
        let targets = dataset.Train.Targets

        let fits () =
            TargetFit.loss network recipe dataset
            |> Result.bind (fun () ->
                // The number of class names is not training's matter.
                TargetFit.shape network dataset
            )
            |> Result.mapError BadTargets

        match Targets.ofScores targets with
        | Targets.Labels _ when not (Network.isClassifier network) && Loss.takesClass recipe.Loss ->
            Error(OutputIsImage(Network.output network))
        | _ ->
            let isDark =
                recipe.Augment.Rand.IsSome
                && (
                    match dataset.Range with
                    | PixelRange.Unknown _ -> true
                    | PixelRange.Known _ -> false
                )

            match fits (), badTarget network recipe targets with
            | Error error, _ -> Error error
            | Ok(), Some error -> Error error
            | Ok(), None when isDark ->
                let bounds = "left out where black and white of the images are not known"
                Error(BadSetting("`randaugment`", "given", bounds))
            | Ok(), None ->
                match badChange recipe.Augment network targets with
                | Some(name, value, bounds) -> Error(BadSetting(name, string value, bounds))
                | None -> Ok()
