namespace Sss.Files

open System
open System.IO
open FsToolkit.ErrorHandling
open Google.Protobuf
open Sss.Core

/// What may be chosen about an import.
type ImportOptions = {
    /// The network's name; None: one made of the file's.
    Name: string option
    /// The size of the image, where the file leaves it open.
    Input: Shape option
    /// Kinds of factors to place.
    Scales: Set<FactorKind>
    /// The number of classes of a new last layer; None: the file's last layer stays.
    Classes: int option
}

/// The last layer of a network that got another number of classes than its file has.
type NewLayer = {
    Name: string
    /// What the file gives: scores or features.
    FileOutputs: int
    /// Whether it is in the place of the file's last layer, or comes after the file's features.
    IsReplaced: bool
}

/// A network made of a file, with its weights.
type Imported = {
    Network: Network
    Weights: Weights<float32>
    /// By layer and join: the name that the file has for it, where a file of ours has one. The network's own
    /// names are automatic.
    Names: Map<string, string>
    /// Whether the file ends in a softmax, which the network leaves out.
    EndsInSoftmax: bool
    /// The layer that is new, where `Classes` asked for one.
    Fresh: NewLayer option
    /// The further outputs by their names in the file, in the order of the network's text.
    FurtherOutputs: string list
    /// What else the file gives, and why the network has no output for it.
    LeftOut: (string * string) list
}

/// Trained networks of other programs: ONNX files, opset 7 to 21, with weights of any precision.
[<RequireQualifiedAccess>]
module OnnxImport =

    let private opsets = 7L, 21L

    /// The word of definitions for parts that occur more than once.
    let private word = "block"

    /// A name of the language for a file: `resnet18-v1.onnx` is `resnet18_v1`.
    let private nameOf (path: string) : string =
        let stem =
            (path
             |> Path.GetFileNameWithoutExtension
             |> Option.ofObj
             |> Option.defaultValue "")
            |> String.map (fun c -> if Char.IsAsciiLetterOrDigit c then c else '_')

        if stem = "" || not (Char.IsAsciiLetter stem[0]) then
            "Net" + stem
        else
            string (Char.ToUpperInvariant stem[0]) + stem.Substring 1

    let private draft name input classes body : Draft = {
        Name = name
        Input = Some input
        Classes = Some classes
        OutputKind = OutputKind.Classes
        Definitions = Set.singleton word
        Body = body
        Place = Place.none
    }

    let private checked' path (make: DraftNode list -> Draft) body : Result<Network, ImportError> =
        match Check.check (make body) with
        | Ok(network, _) -> Ok network
        | Error errors ->
            let reasons =
                errors
                |> List.map (fun e -> (NetworkErrorText.toDiagnostic e).Message)
                |> List.distinct

            Error(ImportError.Network(path, reasons))

    /// Factors of 1 and the arrays of each layer.
    let private weightsOf
        (network: Network)
        (vertices: Map<int, Vertex>)
        (layers: int list)
        fresh
        : Weights<float32> =
        let arrays = [
            for layer, number in Seq.zip (Network.layers network) layers do
                if Some number <> fresh then
                    for KeyValue(part, tensor) in vertices[number].Arrays do
                        ArrayKey.make part layer.Name, tensor
        ]

        let factors = [
            for f in Parameters.factors network do
                f.Key,
                {
                    Shape = [ f.Scale.Count ]
                    Data = Array.create f.Scale.Count 1.0f
                }
        ]

        Map.ofList (arrays @ factors)

    /// Joins in the order of the text.
    let rec private joins (tree: Tree list) : int list =
        tree
        |> List.collect (
            function
            | Tree.Layer _
            | Tree.Part _ -> []
            | Tree.Residual(number, branch, shortcut) -> number :: joins branch @ joins shortcut
            | Tree.Gate(number, inner) -> number :: joins inner
            | Tree.Output(_, inner) -> joins inner
            | Tree.Concat(number, _, sides) -> number :: List.collect joins sides
        )

    let private outputsOf (tree: Tree list) : FurtherOutput list =
        tree
        |> List.choose (
            function
            | Tree.Output(output, _) -> Some output
            | Tree.Layer _
            | Tree.Part _
            | Tree.Residual _
            | Tree.Gate _
            | Tree.Concat _ -> None
        )

    let private namesOf
        (network: Network)
        (vertices: Map<int, Vertex>)
        (tree: Tree list)
        : Map<string, string> =
        let isJoin node = (Node.join node).IsSome
        let named = Network.nodes network |> Seq.filter isJoin |> Seq.map Node.name

        let outputs = outputsOf tree |> Seq.map (fun output -> output.Name, output.FileName)

        Seq.append
            (Seq.zip (Network.layers network |> Seq.map (fun l -> l.Name)) (ImportDraft.layers tree))
            (Seq.zip named (joins tree))
        // Steps inside a layer have its name and a slash.
        |> Seq.map (fun (name, number) -> name, vertices[number].Name.Split('/').[0])
        |> Seq.append outputs
        |> Map.ofSeq

    /// Operations that a file may have. Larger networks than any that is known have a tenth of them.
    let private mostOperations = 100_000

    let private checkSize (model: OnnxModel) =
        let count = model.Nodes.Length

        if count > mostOperations then
            Error(
                ImportError.Graph(
                    model.Path,
                    $"it has {count} operations; at most {mostOperations} are read"
                )
            )
        else
            Ok()

    let private checkOpset (model: OnnxModel) =
        let low, high = opsets

        if model.Opset < low || model.Opset > high then
            Error(
                ImportError.Graph(
                    model.Path,
                    $"it is written for opset {model.Opset}; opsets {low} to {high} are read"
                )
            )
        else
            Ok()

    /// Another number of classes, where one is given.
    let private withClasses path classes state tree output =
        match classes with
        | None -> Ok(state, tree, None)
        | Some count ->
            ImportSettle.classes count state tree output
            |> Result.map (fun (state, tree, fresh) -> state, tree, Some fresh)
            |> Result.mapError (fun reason -> ImportError.Graph(path, reason))

    /// The new layer by its name. `given`: the outputs of the file.
    let private newLayer network (layers: int list) given fresh : NewLayer option =
        fresh
        |> Option.bind (fun struct (number, isReplaced) ->
            Seq.zip (Network.layers network) layers
            |> Seq.tryFind (fun (_, n) -> n = number)
            |> Option.map (fun (layer, _) -> {
                Name = layer.Name
                FileOutputs = given
                IsReplaced = isReplaced
            })
        )

    /// Reads a file as a network of the language, or says everything about it that is none. The arrays of
    /// a new last layer are missing from the weights.
    let read (options: ImportOptions) (path: string) : Result<Imported, ImportError> =
        result {
            let! model = OnnxModel.read path
            do! checkOpset model
            do! checkSize model
            let! state, output, further, unread = Recognise.run options.Input model

            let! tree, vertices, unplaced =
                ImportTree.make model.IsOwn state.Vertices output further
                |> Result.mapError (fun refusals -> ImportError.Operations(path, refusals))

            let state = { state with Vertices = vertices }

            let! state, tree, fresh = withClasses path options.Classes state tree output

            let given = vertices[output].Shape.Channels
            let layers = ImportDraft.layers tree
            let vertices = state.Vertices
            let image = vertices[0].Shape
            let classes = options.Classes |> Option.defaultValue given
            let make = draft (Option.defaultValue (nameOf path) options.Name) image classes

            let body =
                ImportDraft.make vertices tree
                |> ImportSettle.wanted options.Scales make
                |> Regroup.rescaled (fun scale -> Some { scale with Place = Place.none })

            let body = if model.IsOwn then body else Regroup.grouped word body
            let! network = checked' path make body

            return {
                Network = network
                Weights =
                    weightsOf network vertices layers (fresh |> Option.map (fun struct (n, _) -> n))
                Names =
                    if model.IsOwn then
                        namesOf network vertices tree
                    else
                        Map.empty
                EndsInSoftmax = state.EndsInSoftmax
                Fresh = newLayer network layers given fresh
                FurtherOutputs = outputsOf tree |> List.map _.FileName
                LeftOut = unread @ unplaced
            }
        }

    /// What a file computes, in ONNX Runtime: of a file that `sss` exported, the network alone, as `read` reads
    /// it.
    let session (threads: int) (path: string) : Result<OnnxSession, FileError> =
        result {
            let! whole = OnnxRun.load threads path

            match OnnxRun.takes whole with
            | None
            | Some OnnxTakes.Images -> return whole
            | Some OnnxTakes.Pixels
            | Some OnnxTakes.Numbers ->
                (whole :> IDisposable).Dispose()
                let! model = OnnxModel.proto path |> Result.map MessageExtensions.ToByteArray
                return! OnnxRun.ofBytes threads path model
        }
