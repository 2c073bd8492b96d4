namespace Sss.Files

open System
open System.IO
open Microsoft.ML.OnnxRuntime
open Sss.Core

/// A loaded ONNX model with one input and one output. Dispose it after use.
type OnnxSession internal (path: string, session: InferenceSession) =

    /// Where it came from.
    member _.Path = path

    member internal _.Session = session

    interface IDisposable with
        member _.Dispose() = session.Dispose()

/// Running of ONNX files in ONNX Runtime, on the CPU.
[<RequireQualifiedAccess>]
module OnnxRun =

    /// Turns the runtime's exceptions into errors.
    let private guarded path (work: unit -> 'T) : Result<'T, FileError> =
        FileError.catching
            path
            (fun () ->
                try
                    Ok(work ())
                with
                | :? OnnxRuntimeException as e ->
                    Error(Refused(path, "ONNX Runtime", e.Message.Split('\n').[0]))
                | :? DllNotFoundException
                | :? TypeInitializationException as e ->
                    let reason =
                        (e.InnerException |> Option.ofObj |> Option.defaultValue e).Message

                    Error(Refused(path, "ONNX Runtime", $"it cannot be loaded: {reason}"))
            )

    let private options (threads: int) =
        let options = new SessionOptions()
        options.IntraOpNumThreads <- threads
        options.InterOpNumThreads <- 1
        // Waiting threads that spin would slow down whatever else runs.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0")
        options

    /// A session from a file's bytes; `name` replaces the path in messages.
    let ofBytes (threads: int) (name: string) (model: byte[]) : Result<OnnxSession, FileError> =
        guarded
            name
            (fun () ->
                use options = options threads
                new OnnxSession(name, new InferenceSession(model, options))
            )

    /// A session from a file.
    let load (threads: int) (path: string) : Result<OnnxSession, FileError> =
        if File.Exists path then
            guarded
                path
                (fun () ->
                    use options = options threads
                    new OnnxSession(path, new InferenceSession(path, options))
                )
        else
            Error(NotFound path)

    let private input (session: OnnxSession) = Seq.head session.Session.InputMetadata

    /// The images that the model takes at a time; 0 where any number will do.
    let batch (session: OnnxSession) : int =
        match input(session).Value.Dimensions with
        | [||] -> 0
        | dims -> max 0 dims[0]

    /// Whether the model takes and gives numbers of half precision.
    let isHalf (session: OnnxSession) : bool =
        input(session).Value.ElementDataType = Tensors.TensorElementType.Float16

    /// Numbers in the model's precision.
    let private tensor (session: OnnxSession) (extents: int64[]) (values: float32[]) : OrtValue =
        match input(session).Value.ElementDataType with
        | Tensors.TensorElementType.Float16 ->
            let halves =
                values
                |> Array.map (fun v -> Float16(BitConverter.HalfToUInt16Bits(Half.op_Explicit v)))

            OrtValue.CreateTensorValueFromMemory(halves, extents)
        | Tensors.TensorElementType.Double ->
            OrtValue.CreateTensorValueFromMemory(Array.map float values, extents)
        | _ -> OrtValue.CreateTensorValueFromMemory(values, extents)

    let private numbers (value: OrtValue) : float32[] =
        match value.GetTensorTypeAndShape().ElementDataType with
        | Tensors.TensorElementType.Float16 ->
            value.GetTensorDataAsSpan<Float16>().ToArray()
            |> Array.map (fun v -> float32 (BitConverter.UInt16BitsToHalf v.value))
        | Tensors.TensorElementType.Double ->
            value.GetTensorDataAsSpan<float>().ToArray() |> Array.map float32
        | _ -> value.GetTensorDataAsSpan<float32>().ToArray()

    /// Runs `count` images and reads some of the outputs.
    let private calling
        (session: OnnxSession)
        (shape: Shape)
        count
        images
        (outputs: string list)
        read
        =
        guarded
            session.Path
            (fun () ->
                let inner = session.Session

                let extents = [|
                    int64 count
                    int64 shape.Channels
                    int64 shape.Height
                    int64 shape.Width
                |]

                use input = tensor session extents images
                use settings = new RunOptions()

                use results =
                    inner.Run(
                        settings,
                        [| Seq.head inner.InputMetadata.Keys |],
                        [| input |],
                        Array.ofList outputs
                    )

                read (List.ofSeq results)
            )

    /// The scores of `count` images that are after each other, N × C × H × W; the result is
    /// N × classes.
    let run
        (session: OnnxSession)
        (shape: Shape)
        (count: int)
        (images: float32[])
        : Result<float32[], FileError> =
        let first = Seq.head session.Session.OutputMetadata.Keys
        calling session shape count images [ first ] (List.head >> numbers)

    /// What `run` does, with all inputs and outputs of the model: the name and the numbers of each.
    let all
        (session: OnnxSession)
        (shape: Shape)
        (count: int)
        (images: float32[])
        : Result<(string * float32[]) list, FileError> =
        let names = List.ofSeq session.Session.OutputMetadata.Keys

        calling session shape count images names (List.map numbers >> List.zip names)
        |> Result.map (fun outputs -> (input(session).Key, images) :: outputs)

    /// Some outputs for `count` images: N × values, those of one output after the other in each row.
    let named
        (names: string list)
        (session: OnnxSession)
        (shape: Shape)
        (count: int)
        (images: float32[])
        : Result<float32[], FileError> =
        calling
            session
            shape
            count
            images
            names
            (List.map (numbers >> Array.splitInto count)
             >> fun parts ->
                 Array.init count (fun n -> parts |> List.map (Array.item n) |> Array.concat)
                 |> Array.concat)

    /// What the exported file of a network gives for `count` images: N × values, the scores and then the values of its further
    /// outputs.
    let values (session: OnnxSession) (network: Network) =
        let names = OnnxGraph.output :: (Network.outputs network |> List.map fst)
        named names session network.Input

    /// The name of a model's first output.
    let firstOutput (session: OnnxSession) : string =
        Seq.head session.Session.OutputMetadata.Keys

    /// The metadata of a model file.
    let metadata (session: OnnxSession) : Map<string, string> =
        session.Session.ModelMetadata.CustomMetadataMap
        |> Seq.map (fun pair -> pair.Key, pair.Value)
        |> Map.ofSeq

    /// What a file that `sss` exported takes; none of any other file.
    let takes (session: OnnxSession) : OnnxTakes option =
        let entries = metadata session

        match Map.tryFind "sss.takes" entries, Map.tryFind "sss.input" entries with
        | Some word, _ -> OnnxTakes.tryParse word
        // Files of earlier versions.
        | None, Some text when text.StartsWith "pixels as the training data stores them" ->
            Some OnnxTakes.Numbers
        | None, Some _ -> Some OnnxTakes.Images
        | None, None -> None

    /// The shape of the images that the model takes; none where an extent is open, or it takes something else.
    let shape (session: OnnxSession) : Shape option =
        match input(session).Value.Dimensions with
        | [| _; c; h; w |] when c > 0 && h > 0 && w > 0 -> Some(Shape.create c h w)
        | _ -> None

    /// The extents of an image's scores; 0 where one is open.
    let outputs (session: OnnxSession) : int list =
        let output = Seq.head session.Session.OutputMetadata
        output.Value.Dimensions |> List.ofArray |> List.skip 1 |> List.map (max 0)

    /// The name of the network.
    let name (session: OnnxSession) : string = session.Session.ModelMetadata.GraphName
