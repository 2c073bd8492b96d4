namespace Sss.Torch

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// A network that was read from a file, and how far it is from the file.
type ProvedImport = {
    Network: Network
    Weights: Weights<float32>
    /// The largest difference of two scores over the largest score of their image.
    Difference: float
    /// Random images that both ran.
    Images: int
    /// Whether the file gives them different scores; where it does not, equality shows little.
    IsTelling: bool
    /// The layer that starts anew, where another number of classes was asked for.
    Fresh: NewLayer option
    /// Whether the file ends in a softmax, which the network leaves out.
    EndsInSoftmax: bool
    /// What else the file gives, and why the network has no output for it.
    LeftOut: (string * string) list
}

/// The scores of a network beside those of its file.
type private FileProof = {
    Found: float
    Count: int
    /// The largest difference that counts as equal.
    Most: float
    DiffersByImage: bool
}

/// Import of ONNX files, which succeeds only if LibTorch gives the file's scores.
[<RequireQualifiedAccess>]
module ModelImport =

    /// The largest relative difference that counts as equal.
    let tolerance = 1e-4

    /// The same for files that compute at half precision.
    let private halfTolerance = 1e-2

    /// The network of a file, with the file's names where it is one of ours. No proof.
    let read (options: ImportOptions) (path: string) : Result<Imported, PipelineError> =
        OnnxImport.read options path
        |> Result.map ImportNames.restored
        |> Result.mapError NotImported

    /// max|a − b| of an image over its max|a|, the largest of all images.
    let private difference (classes: int) (file: float32[]) (own: float32[]) : float =
        if file.Length <> own.Length then
            infinity
        else
            Array.zip (Array.chunkBySize classes file) (Array.chunkBySize classes own)
            |> Array.map (fun (a, b) ->
                let apart = Array.map2 (fun x y -> abs (float x - float y)) a b |> Array.max
                let scale = a |> Array.map (fun x -> abs (float x)) |> Array.max

                if Double.IsNaN apart then infinity
                elif apart = 0.0 then 0.0
                else apart / scale
            )
            |> Array.max

    /// Images that both run: as many as take a few seconds.
    let private imagesOf (network: Network) : int =
        let macs = max 1L (Cost.ofNetwork network).Macs
        int (min 16L (max 2L (8_000_000_000L / macs)))

    /// Images that a file may take at a time.
    let private mostAtOnce = 256

    /// What the file gives, the scores and then some further outputs, so many images at a time.
    let private fileValues
        session
        (further: string list)
        (input: Shape)
        atOnce
        (images: float32[])
        : Result<float32[], PipelineError> =
        let size = int (Shape.count input)
        let names = OnnxRun.firstOutput session :: further

        images
        |> Array.chunkBySize (atOnce * size)
        |> List.ofArray
        |> List.traverseResultM (fun some ->
            OnnxRun.named names session input (some.Length / size) some
        )
        |> Result.map Array.concat
        |> Result.mapError BadFile

    /// The images that a file takes at a time; 0: any number.
    let private batchOf path session : Result<int, PipelineError> =
        let batch = OnnxRun.batch session

        if batch > mostAtOnce then
            Error(
                NotImported(
                    ImportError.Graph(
                        path,
                        $"it takes {batch} images at a time; at most {mostAtOnce} can be checked"
                    )
                )
            )
        else
            Ok batch

    /// What the network gives, by output, with the softmax that the file has.
    let private ownValues (imported: Imported) model (images: float32[]) : float32[] list =
        let network = imported.Network
        let own = Network.split network (Evaluate.values model (ReadOnlyMemory images))

        if imported.EndsInSoftmax then
            Softmax.ofScores network.Classes own.Head :: own.Tail
        else
            own

    /// How far a network is from the file that it was read from, and on how many random images.
    let private prove
        (engine: LibTorch)
        path
        (imported: Imported)
        : Result<FileProof, PipelineError> =
        result {
            let network = imported.Network

            use! session =
                OnnxImport.session Environment.ProcessorCount path |> Result.mapError BadFile

            let! batch = batchOf path session
            let count = imagesOf network

            let count =
                if batch > 0 then
                    (count + batch - 1) / batch * batch
                else
                    count

            let images = Exactness.randomImages 1 count network

            let! file =
                fileValues
                    session
                    imported.FurtherOutputs
                    network.Input
                    (if batch > 0 then batch else count)
                    images

            use! model =
                Model.create (LibTorch.onCpu engine) network imported.Weights
                |> Result.mapError NoModel

            let own = ownValues imported model images
            let file = Network.split network file
            let rows = Array.chunkBySize network.Classes file.Head

            return {
                Found =
                    List.map2 (fun (a: float32[]) b -> difference (a.Length / count) a b) file own
                    |> List.max
                Count = count
                Most = if OnnxRun.isHalf session then halfTolerance else tolerance
                DiffersByImage = rows |> Array.exists (fun row -> row <> rows[0])
            }
        }

    /// Start values for what a new last layer has.
    let private completed (imported: Imported) : Weights<float32> =
        match imported.Fresh with
        | None -> imported.Weights
        | Some fresh ->
            let start = Init.weights 1 imported.Network

            (imported.Weights, start)
            ||> Map.fold (fun weights key t ->
                if key.Owner = fresh.Name then
                    Map.add key t weights
                else
                    weights
            )

    /// Reads a file and proves what was read: with the file's own last layer, also where the network gets
    /// another one.
    let run
        (engine: LibTorch)
        (options: ImportOptions)
        (path: string)
        : Result<ProvedImport, PipelineError> =
        result {
            let! whole = read { options with Classes = None } path
            do! NetworkFile.check path whole.Network whole.Weights |> Result.mapError BadFile
            let! proof = prove engine path whole

            if not (proof.Found <= proof.Most) then
                return! Error(ImportDiffers(path, proof.Found, proof.Most))

            let! imported =
                match options.Classes with
                | None -> Ok whole
                | Some _ -> read options path

            return {
                Network = imported.Network
                Weights = completed imported
                Difference = proof.Found
                Images = proof.Count
                IsTelling = proof.DiffersByImage
                Fresh = imported.Fresh
                EndsInSoftmax = imported.EndsInSoftmax
                LeftOut = imported.LeftOut
            }
        }

    /// The file of weights beside a text.
    let weightsFile (text: string) : string =
        IO.Path.ChangeExtension(text, ".safetensors")
        |> Option.ofObj
        |> Option.defaultValue text

    /// Writes the text, and the weights under the same name. `preparation`: what images go through before
    /// the network, where that is known.
    let write
        (text: string)
        (preparation: Preparation option)
        (network: Network)
        (weights: Weights<float32>)
        : Result<string, PipelineError> =
        let file = weightsFile text
        let printed = Language.print network

        result {
            do! AtomicFile.writeText text printed

            do!
                NetworkFile.write file {
                    Text = printed
                    Classes = []
                    Preparation = preparation
                    Probabilities = Probabilities.Softmax
                    Weights = weights
                    Strangers = []
                }

            return file
        }
        |> Result.mapError BadFile

    /// Weights of PyTorch for the network of a text.
    let mapped (text: string) (path: string) : Result<Network * MappedWeights, PipelineError> =
        result {
            let! network =
                Language.load text
                |> Result.map (fun (_, parsed) -> parsed.Network)
                |> Result.mapError (fun (source, diagnostics) -> BadText(text, source, diagnostics))

            let! file = Safetensors.read path |> Result.mapError BadFile

            let! made =
                ForeignWeights.map network file
                |> Result.mapError (fun reasons -> NotImported(ImportError.Weights(path, reasons)))

            do! NetworkFile.check path network made.Weights |> Result.mapError BadFile
            return network, made
        }
