namespace Sss.Cli

open System
open System.Globalization
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss import`.
[<RequireQualifiedAccess>]
module ImportCommand =

    let private kinds = [ "neuron", Neuron; "group", Group; "block", Block ]

    let private scales (given: string option) : Result<Set<FactorKind>, string> =
        match given with
        | None -> Ok(Set.ofList (List.map snd kinds))
        | Some "none" -> Ok Set.empty
        | Some text ->
            text.Split ','
            |> List.ofArray
            |> List.traverseResultM (fun word ->
                List.tryFind (fun (name, _) -> name = word) kinds
                |> Option.map snd
                |> Result.requireSome (
                    $"--scale: '{word}' is unknown; kinds are neuron, group and block, or none."
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

    let private options (args: Argu.ParseResults<ImportArgument>) : Result<ImportOptions, string> =
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

    let private factorsOf (network: Network) kind =
        Network.scales network
        |> Seq.filter (fun (_, scale) -> scale.Kind = kind)
        |> Seq.sumBy (fun (_, scale) -> scale.Count)

    let private print (path: string) text weights (p: ProvedImport) =
        let cost = Cost.ofNetwork p.Network

        let factors =
            kinds
            |> List.map (fun (word, kind) -> word, factorsOf p.Network kind)
            |> List.filter (fun (_, n) -> n > 0)
            |> List.map (fun (word, n) -> Number.counted n word)

        Terminal.out
            $"{Escape.line text}, {Escape.line weights}: {p.Network.Name}, {Number.grouped cost.Params} parameters, \
              {Number.grouped cost.Macs} macs"

        if not factors.IsEmpty then
            let listed = String.Join(", ", factors)
            Terminal.out $"factors: {listed}"

        if p.EndsInSoftmax then
            Terminal.out "the softmax at the end of the file is left out"

        p.Fresh
        |> Option.iter (fun layer ->
            Terminal.out $"{layer} is new, for {p.Network.Classes} classes"
        )

        Terminal.out
            $"{Escape.line path}: the same scores in ONNX Runtime, largest difference {Number.tiny p.Difference} \
              relative over {p.Images} inputs"

    let private printJson text weights (p: ProvedImport) =
        let cost = Cost.ofNetwork p.Network
        let fresh = p.Fresh |> Option.map Terminal.quoted |> Option.defaultValue "null"

        Terminal.out
            $"{{\"network\":{Terminal.quoted text},\"weights\":{Terminal.quoted weights},\
              \"params\":{cost.Params},\"macs\":{cost.Macs},\
              \"neurons\":{factorsOf p.Network Neuron},\"groups\":{factorsOf p.Network Group},\
              \"blocks\":{factorsOf p.Network Block},\"new\":{fresh},\
              \"maxRel\":{p.Difference:R},\"inputs\":{p.Images}}}"

    let private import options path text =
        result {
            // Before the work: the files may have no place.
            do! AtomicFile.check text |> Result.mapError BadFile
            let! engine = Engine.load None
            let! proved = ModelImport.run engine options path
            let! weights = ModelImport.write text proved
            return proved, weights
        }

    /// `sss import FILE --out FILE`
    let main (words: string[]) : int =
        match Usage.parse<ImportArgument> "import" words with
        | Error code -> code
        | Ok args ->
            let path = args.GetResult ImportArgument.File
            let text = args.GetResult ImportArgument.Out

            match options args with
            | Error message -> Usage.refuse "import" message
            | Ok _ when not (text.EndsWith(".sss", StringComparison.Ordinal)) ->
                Usage.refuse "import" $"--out must be a .sss file, not '{text}'."
            | Ok options ->
                match import options path text with
                | Error error -> Engine.report error
                | Ok(proved, weights) ->
                    if not proved.IsTelling then
                        Terminal.error
                            "the file gives all images the same scores, so that equality shows little"

                    if args.Contains ImportArgument.Json then
                        printJson text weights proved
                    else
                        print path text weights proved

                    Exit.ok
