namespace Sss.Cli

open System
open System.Globalization
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// How images are prepared for a network, as the command line gives it: one number, or one a channel.
type GivenPreparation = {
    Mean: float32[]
    Std: float32[]
    Black: float32
    White: float32
}

/// The options of `sss import`, read and held to their bounds.
[<RequireQualifiedAccess>]
module ImportSettings =

    /// The kinds of factors and their words.
    let kinds = [ "neuron", Neuron; "group", Group; "block", Block; "shared", Shared ]

    /// Those that are placed where none are named. Shared factors also make the layers between blocks narrower, which
    /// the user asks for.
    let private usual = Set.ofList [ Neuron; Group; Block ]

    let private scales (given: string option) : Result<Set<FactorKind>, string> =
        match given with
        | None -> Ok usual
        | Some "none" -> Ok Set.empty
        | Some text ->
            text.Split ','
            |> List.ofArray
            |> List.traverseResultM (fun word ->
                List.tryFind (fun (name, _) -> name = word) kinds
                |> Option.map snd
                |> Result.requireSome (
                    $"--scale: '{word}' is unknown; kinds are neuron, group, block and shared, or none."
                    + Usage.didYouMean (List.map fst kinds) word
                )
            )
            |> Result.map Set.ofList

    let private shape (text: string) : Result<Shape, string> =
        let parts =
            text.Split 'x'
            |> Array.map (fun part ->
                match Int32.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture) with
                | true, n when n >= 1 && n <= 1_000_000 -> Some n
                | _ -> None
            )

        match parts with
        | [| Some c; Some h; Some w |] -> Ok(Shape.create c h w)
        | _ -> Error $"--input must be channels, height and width, as 3x224x224, not '{text}'."

    /// A name that a network may have.
    let private name (text: string) : Result<string, string> =
        let isName =
            text <> ""
            && not (Char.IsAsciiDigit text[0])
            && text |> Seq.forall (fun c -> Char.IsAsciiLetterOrDigit c || c = '_')
            && not (Sss.Dsl.Words.isReserved text)

        Result.requireTrue $"--name: '{text}' is no name; use letters, digits and _." isName
        |> Result.map (fun () -> text)

    let private numbers name isGood expected (text: string) : Result<float32[], string> =
        let styles =
            NumberStyles.AllowDecimalPoint
            ||| NumberStyles.AllowExponent
            ||| NumberStyles.AllowLeadingSign

        text.Split ','
        |> List.ofArray
        |> List.traverseResultM (fun part ->
            match Single.TryParse(part.Trim(), styles, CultureInfo.InvariantCulture) with
            | true, value when Single.IsFinite value && isGood value -> Ok value
            | _ -> Error $"{name}: '{part}' is not {expected}."
        )
        |> Result.map Array.ofList

    let private any (_: float32) = true

    let private imagenet = {
        Mean = [| 0.485f; 0.456f; 0.406f |]
        Std = [| 0.229f; 0.224f; 0.225f |]
        Black = 0.0f
        White = 1.0f
    }

    /// How images are prepared; None: nothing is said about it.
    let preparation (args: Argu.ParseResults<ImportArgument>) =
        let mean = args.TryGetResult ImportArgument.Mean
        let std = args.TryGetResult ImportArgument.Std
        let range = args.TryGetResult ImportArgument.Range
        let isGiven = [ mean; std; range ] |> List.exists Option.isSome

        match args.TryGetResult ImportArgument.Preset with
        | Some _ when isGiven ->
            Error "--preset says what --mean, --std and --range say; give one or the others."
        | Some "imagenet" -> Ok(Some imagenet)
        | Some other ->
            Error(
                $"--preset: '{other}' is unknown; the only one is imagenet."
                + Usage.didYouMean [ "imagenet" ] other
            )
        | None when not isGiven -> Ok None
        | None ->
            result {
                let number = "a number"
                let! mean = mean |> Option.traverseResult (numbers "--mean" any number)

                let! std =
                    std
                    |> Option.traverseResult (
                        numbers "--std" (fun v -> v > 0.0f) "a number above 0"
                    )

                let! range = range |> Option.traverseResult (numbers "--range" any number)

                let! black, white =
                    match range with
                    | None -> Ok(0.0f, 1.0f)
                    | Some [| black; white |] when black <> white -> Ok(black, white)
                    | Some _ -> Error "--range must be two numbers, black and white, as 0,255."

                return
                    Some {
                        Mean = Option.defaultValue [| 0.0f |] mean
                        Std = Option.defaultValue [| 1.0f |] std
                        Black = black
                        White = white
                    }
            }

    /// The preparation for images of so many channels.
    let forChannels (channels: int) (given: GivenPreparation) : Result<Preparation, string> =
        let each name (values: float32[]) =
            match values with
            | [| one |] -> Ok(Array.create channels one)
            | _ when values.Length = channels -> Ok values
            | _ -> Error $"its images have {channels} channels; {name} has {values.Length} numbers"

        result {
            let! mean = each "--mean" given.Mean
            let! std = each "--std" given.Std
            return Preparation.given given.Black given.White mean std
        }

    /// Whether the file's first channel is blue.
    let isBlueFirst (args: Argu.ParseResults<ImportArgument>) : Result<bool, string> =
        match args.TryGetResult ImportArgument.Order with
        | None
        | Some "rgb" -> Ok false
        | Some "bgr" -> Ok true
        | Some other ->
            Error(
                $"--order: '{other}' is unknown; orders are rgb and bgr."
                + Usage.didYouMean [ "rgb"; "bgr" ] other
            )

    /// The network whose weights the file holds; None: the file is ONNX.
    let source (args: Argu.ParseResults<ImportArgument>) : Result<string option, string> =
        let others =
            [
                "--input", args.Contains ImportArgument.Input
                "--scale", args.Contains ImportArgument.Scale
                "--classes", args.Contains ImportArgument.Classes
                "--name", args.Contains ImportArgument.Name
            ]
            |> List.filter snd

        match args.TryGetResult ImportArgument.As, args.TryGetResult ImportArgument.Map with
        | None, None -> Ok None
        | None, Some _ -> Error "--map says how the weights of --as are named; give --as too."
        | Some _, None -> Error "--as needs --map torchvision: how the file's weights are named."
        | Some _, Some _ when not others.IsEmpty ->
            Error $"{fst others.Head} cannot be given with --as: the text says it."
        | Some text, Some "torchvision" -> Ok(Some text)
        | Some _, Some other ->
            Error(
                $"--map: '{other}' is unknown; the only one is torchvision."
                + Usage.didYouMean [ "torchvision" ] other
            )

    /// What is chosen about the network.
    let options (args: Argu.ParseResults<ImportArgument>) : Result<ImportOptions, string> =
        result {
            let! scales = scales (args.TryGetResult ImportArgument.Scale)
            let! input = args.TryGetResult ImportArgument.Input |> Option.traverseResult shape
            let! name = args.TryGetResult ImportArgument.Name |> Option.traverseResult name

            let! classes =
                args.TryGetResult ImportArgument.Classes
                |> Option.traverseResult (Usage.between 1 1_000_000 "--classes")

            return {
                Name = name
                Input = input
                Scales = scales
                Classes = classes
            }
        }
