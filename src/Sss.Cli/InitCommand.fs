namespace Sss.Cli

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

/// `sss init`: a first network for a data set.
[<RequireQualifiedAccess>]
module InitCommand =

    /// The number of pictures in a folder whose sizes are read.
    let private mostPictures = 200

    /// Sizes that halve well.
    let private sizes = [ 16; 24; 32; 48; 64 ]

    /// The largest size that half of the pictures fill, up to 64: beyond it training on a CPU takes
    /// hours, and users who need more can change it.
    let private inputOf (pictures: string list) : Result<Shape, FileError> =
        let step = max 1 (pictures.Length / mostPictures)

        let sides =
            pictures
            |> List.indexed
            |> List.filter (fun (i, _) -> i % step = 0)
            |> List.map (fun (_, path) ->
                ImageFile.size path |> Result.map (fun size -> min size.H size.W)
            )

        let known = sides |> List.choose Result.toOption |> List.sort

        match known, sides with
        | [], Error error :: _ -> Error error
        | [], _ -> Ok(Shape.create 3 32 32)
        | known, _ ->
            let median = known[known.Length / 2]

            let size =
                sizes
                |> List.filter (fun s -> s <= median)
                |> List.tryLast
                |> Option.defaultValue 16

            Ok(Shape.create 3 size size)

    let private ofDataset data mayFlip residual (dataset: Dataset) = {
        Data = data
        Input = dataset.Train.Shape
        Classes = dataset.Classes.Length
        Images = dataset.Train.Count
        MayFlip = mayFlip
        Residual = residual
    }

    /// The networks that it writes give one class for each image.
    let private oneClass (dataset: Dataset) : Result<unit, FileError> =
        match dataset.Train.Targets with
        | Targets.Labels _ -> Ok()
        | Targets.Masks _
        | Targets.Numbers _ ->
            Error(
                TargetsDiffer(
                    dataset.Name,
                    "`sss init` writes networks for one class for each image",
                    Targets.describe dataset.Train.Targets,
                    "begin with one of the examples: segmentation.sss, regression.sss or multi-label.sss"
                )
            )

    let private facts (data: string) residual : Result<StarterFacts, FileError> =
        result {
            let! source = DataSource.parse data

            match source with
            | Folder folder ->
                let! classes, pictures = ImageFolder.contents folder
                let! input = inputOf pictures

                return {
                    Data = data
                    Input = input
                    Classes = classes.Length
                    Images = pictures.Length
                    MayFlip = true
                    Residual = residual
                }
            | FashionMnist
            | Cifar10 _
            | Cifar100 _ ->
                let! dataset = Dataset.load source
                return ofDataset data true residual dataset
            | Digits
            | Idx _
            | Npz _ ->
                let! dataset = Dataset.load source
                do! oneClass dataset
                Engine.tellPixels dataset
                return ofDataset data false residual dataset
        }

    /// A text that is formatted and passes `check`; anything else would be a bug in this program.
    let private finished file text =
        result {
            let! formatted = Language.format text
            let! parsed = Language.parse formatted
            return formatted, parsed.Network
        }
        |> Result.mapError (fun diagnostics -> BadText(file, text, diagnostics))

    let private write args =
        result {
            let (args: Argu.ParseResults<InitArgument>), residual = args
            let file = args.GetResult InitArgument.Out
            do! Engine.checkFree (args.Contains InitArgument.Force) file

            let! facts =
                facts (args.GetResult InitArgument.Data) residual |> Result.mapError BadFile

            let! text, network = finished file (Starter.text file facts)
            do! AtomicFile.writeText file text |> Result.mapError BadFile
            return file, facts, network
        }

    let private print json (file: string, facts: StarterFacts, network: Network) =
        let cost = Cost.ofNetwork network

        if json then
            Terminal.out
                $"{{\"file\":{Terminal.quoted file},\"network\":{Terminal.quoted network.Name},\
                  \"params\":{cost.Params},\"macs\":{cost.Macs},\"factors\":{cost.Factors}}}"
        else
            Terminal.out
                $"{Escape.line file}: {network.Name} for images of {network.Input} in {facts.Classes} classes, \
                  {Number.grouped cost.Params} params, {Number.grouped cost.Macs} macs"

            Terminal.out
                $"next: sss train {Escape.line file} --data {Escape.line facts.Data} --out runs/first"

        Exit.ok

    /// `sss init --data DATA --out FILE`
    let main (words: string[]) : int =
        match Usage.parse<InitArgument> "init" words with
        | Error code -> code
        | Ok args ->
            let style = args.TryGetResult InitArgument.Style |> Option.defaultValue "residual"

            if not (List.contains style Usage.styles) then
                Usage.refuse
                    "init"
                    ($"--style: '{style}' is unknown; styles are residual and plain."
                     + Usage.didYouMean Usage.styles style)
            else
                match write (args, style = "residual") with
                | Error error -> Engine.report error
                | Ok written -> print (args.Contains InitArgument.Json) written
