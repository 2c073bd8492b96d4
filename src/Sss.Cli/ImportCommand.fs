namespace Sss.Cli

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch

/// `sss import`.
[<RequireQualifiedAccess>]
module ImportCommand =

    let private factorsOf (network: Network) kind =
        Network.scales network
        |> Seq.filter (fun (_, scale) -> scale.Kind = kind && Scale.isDeclared scale)
        |> Seq.sumBy (fun (_, scale) -> scale.Count)

    let private print (path: string) text weights preparation (p: ProvedImport) =
        let cost = Cost.ofNetwork p.Network

        let factors =
            ImportSettings.kinds
            |> List.map (fun (word, kind) -> word, factorsOf p.Network kind)
            |> List.filter (fun (_, n) -> n > 0)
            |> List.map (fun (word, n) ->
                Number.counted n (if word = "shared" then "shared channel" else word)
            )

        Terminal.out
            $"{Escape.line text}, {Escape.line weights}: {p.Network.Name}, {Number.grouped cost.Params} parameters, \
              {Number.grouped cost.Macs} macs"

        if not factors.IsEmpty then
            let listed = String.Join(", ", factors)
            Terminal.out $"factors: {listed}"

        if p.EndsInSoftmax then
            Terminal.out "the softmax at the end of the file is left out"

        for name, shape in Network.outputs p.Network do
            Terminal.out $"output {name}: {shape}"

        for name, reason in p.LeftOut do
            Terminal.out
                $"the output {Escape.line name} of the file is left out: {Escape.line reason}"

        p.Fresh
        |> Option.iter (fun layer ->
            let place =
                if layer.IsReplaced then
                    $"in the place of the file's last layer, which has {layer.FileOutputs} outputs"
                else
                    $"after the {layer.FileOutputs} outputs of the file, which are taken for features"

            Terminal.out $"{layer.Name} is new, for {p.Network.Classes} classes, {place}"
        )

        preparation
        |> Option.iter (fun given ->
            Terminal.out $"images: {Preparation.text p.Network.Input given}"
        )

        Terminal.out
            $"{Escape.line path}: the same scores in ONNX Runtime, largest difference {Number.tiny p.Difference} \
              relative over {p.Images} inputs"

    let private printJson text weights (p: ProvedImport) =
        let cost = Cost.ofNetwork p.Network

        let fresh =
            p.Fresh
            |> Option.map (fun layer -> Terminal.quoted layer.Name)
            |> Option.defaultValue "null"

        let replaced =
            match p.Fresh with
            | Some {
                       IsReplaced = true
                       FileOutputs = count
                   } -> string count
            | Some _
            | None -> "null"

        let left = p.LeftOut |> List.map (fst >> Terminal.quoted) |> String.concat ","

        Terminal.out
            $"{{\"network\":{Terminal.quoted text},\"weights\":{Terminal.quoted weights},\
              \"params\":{cost.Params},\"macs\":{cost.Macs},\
              \"neurons\":{factorsOf p.Network Neuron},\"groups\":{factorsOf p.Network Group},\
              \"blocks\":{factorsOf p.Network Block},\"new\":{fresh},\"replaced\":{replaced},\
              \"leftOut\":[{left}],\"maxRel\":{p.Difference:R},\"inputs\":{p.Images}}}"

    let private given (args: Argu.ParseResults<ImportArgument>) path (network: Network) =
        ImportSettings.preparation args
        |> Result.bind (Option.traverseResult (ImportSettings.forChannels network.Input.Channels))
        |> Result.mapError (fun reason -> NotImported(ImportError.Graph(path, reason)))

    /// The weights for images whose first channel is red.
    let private ordered args path network weights =
        match ImportSettings.isBlueFirst args with
        | Ok true -> ChannelOrder.reversed path network weights
        | Ok false
        | Error _ -> Ok weights

    /// Before the work: the files may have no place.
    let private checkPlaces (args: Argu.ParseResults<ImportArgument>) text =
        result {
            for file in [ text; ModelImport.weightsFile text ] do
                do! Engine.checkFree (args.Contains ImportArgument.Force) file
        }

    let private import (args: Argu.ParseResults<ImportArgument>) options path text =
        result {
            do! checkPlaces args text
            let! engine = Engine.load None
            let! proved = ModelImport.run engine options path
            let! preparation = given args path proved.Network
            let! numbers = ordered args path proved.Network proved.Weights
            let! weights = ModelImport.write text preparation proved.Network numbers

            if not proved.IsTelling then
                Terminal.error
                    "the file gives all images the same scores, so that equality shows little"

            if args.Contains ImportArgument.Json then
                printJson text weights proved
            else
                print path text weights preparation proved
        }

    let private printMapped (network: Network) text file (made: MappedWeights) json =
        let cost = Cost.ofNetwork network

        if json then
            let names =
                made.Names
                |> List.map (fun (own, theirs) -> $"{Terminal.quoted own}:{Terminal.quoted theirs}")

            let joined = String.Join(",", names)

            Terminal.out
                $"{{\"network\":{Terminal.quoted text},\"weights\":{Terminal.quoted file},\
                  \"params\":{cost.Params},\"macs\":{cost.Macs},\"byOrder\":{made.ByOrder},\
                  \"layers\":{{{joined}}}}}"
        else
            Terminal.out
                $"{Escape.line text}, {Escape.line file}: {network.Name}, {Number.grouped cost.Params} parameters, \
                  {Number.grouped cost.Macs} macs"

            Terminal.out
                $"{made.Names.Length} layers found by the shapes of their arrays, {made.ByOrder} of them also by their \
                  order; --json lists them"

    /// Weights of PyTorch for a network that is there.
    let private importWeights (args: Argu.ParseResults<ImportArgument>) source path text =
        result {
            do! checkPlaces args text
            let! network, made = ModelImport.mapped source path
            let! preparation = given args path network
            let! numbers = ordered args path network made.Weights
            let! file = ModelImport.write text preparation network numbers
            printMapped network text file made (args.Contains ImportArgument.Json)
        }

    /// `sss import FILE --out FILE`
    let main (words: string[]) : int =
        match Usage.parse<ImportArgument> "import" words with
        | Error code -> code
        | Ok args ->
            let path = args.GetResult ImportArgument.File
            let text = args.GetResult ImportArgument.Out

            let settings =
                result {
                    let! options = ImportSettings.options args
                    do! ImportSettings.preparation args |> Result.ignore
                    do! ImportSettings.isBlueFirst args |> Result.ignore
                    let! source = ImportSettings.source args

                    if not (text.EndsWith(".sss", StringComparison.Ordinal)) then
                        return! Error $"--out must be a .sss file, not '{text}'."

                    return options, source
                }

            let imported =
                settings
                |> Result.map (fun (options, source) ->
                    match source with
                    | Some source -> importWeights args source path text
                    | None -> import args options path text
                )

            match imported with
            | Error message -> Usage.refuse "import" message
            | Ok(Error error) -> Engine.report error
            | Ok(Ok()) -> Exit.ok
