namespace Sss.Torch

open System
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Text
open System.Text.Json
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// A state of training as a safetensors file. The arrays of the network have their usual keys,
/// so that the file serves as a weight file too; all others have keys that begin with `@`. What is
/// no array is in the metadata: `sss.checkpoint` (`Format`), `sss.network`, `sss.state`, the items of
/// the run's identity as `run.NAME`, and `sss.checksum`, the SHA-256 of everything else.
[<RequireQualifiedAccess>]
module CheckpointFile =

    /// The version that is written, and the only one that is read.
    [<Literal>]
    let Format = "3"

    let private single (t: Tensor<float32>) = StoredTensor.Single t

    let private double (data: float[]) =
        StoredTensor.Double { Shape = [ data.Length ]; Data = data }

    let private group prefix (arrays: Map<ArrayKey, 'T>) (store: 'T -> StoredTensor) = [
        for KeyValue(key, value) in arrays do
            prefix + ArrayKey.text key, store value
    ]

    /// A number must read back the same.
    let private scalars (state: TrainState) : string =
        JsonText.ofWriter (fun json ->
            let number (name: string) (value: float) = json.WriteNumber(name, value)

            // JSON has no word for numbers that are not finite.
            let optional (name: string) (value: float) =
                if Double.IsFinite value then
                    json.WriteNumber(name, value)
                else
                    json.WriteNull name

            json.WriteStartObject()
            json.WriteNumber("epoch", state.Epoch)
            json.WriteNumber("step", state.Step)
            number "doseNeuron" state.Dose.Neuron
            number "doseGroup" state.Dose.Group
            number "doseBlock" state.Dose.Block
            number "doseShared" state.Dose.Shared
            number "loss" state.Sums.Loss
            json.WriteNumber("right", state.Sums.Right)
            json.WriteNumber("images", state.Sums.Images)
            number "trainMacs" state.TrainMacs
            number "seconds" state.Seconds

            state.Threads
            |> Option.iter (fun threads -> json.WriteNumber("threads", threads))

            match state.Pressure with
            | None -> ()
            | Some p ->
                json.WriteString("phase", string p.Budget.Phase)
                number "totalReach" p.Budget.TotalReach
                number "multiplier" p.Budget.Multiplier

                match p.Latency with
                | None -> ()
                | Some t ->
                    number "latencyFactor" t.Factor
                    number "latencyShare" t.Share

            match state.Uncut with
            | None -> ()
            | Some uncut -> json.WriteString("whole", Language.print uncut.Network)

            match state.Best with
            | None -> ()
            | Some best ->
                json.WriteString("best", Language.print best.Network)
                json.WriteNumber("bestEpoch", best.Epoch)

                for metric in Quality.metrics best.Quality do
                    optional ("best." + metric.Key) metric.Value

                number "bestLoss" best.Loss
                json.WriteNumber("bestMacs", best.Macs)

            match state.LastProgress with
            | None -> ()
            | Some last ->
                json.WriteNumber("progressEpoch", last.Epoch)
                optional "progressLoss" last.Loss
                json.WriteNumber("progressMacs", last.Macs)

            json.WriteEndObject()
        )

    let private tensors (state: TrainState) : Map<string, StoredTensor> =
        [
            group "" state.Numbers single
            group "@probe/" state.Probe single
            group "@factor-velocity/" state.FactorVelocity single
            group "@velocity/" state.Velocity single
            group "@square-means/" state.SquareMeans single
            group "@average/" state.Averages single
            group "@squares/" state.Squares single
            group "@zero-steps/" state.ZeroSteps (Array.map float >> double)
            match state.Pressure with
            | None -> ()
            | Some p -> [
                "@gammas", double (Array.map Press.gamma p.Presses)
                "@marked", double (p.Budget.Marked |> Array.map (fun m -> if m then 1.0 else 0.0))
                "@kept", double (p.Budget.Kept |> Array.map (fun k -> if k then 1.0 else 0.0))
                "@previous", double p.Budget.Previous
              ]
            match state.Uncut with
            | None -> ()
            | Some uncut ->
                group "@whole/" uncut.Weights single
                group "@places/" uncut.Places (Array.map float >> double)
                group "@folded/" uncut.Folded single
            match state.Best with
            | None -> ()
            | Some best -> group "@best/" best.Numbers single
        ]
        |> List.concat
        |> Map.ofList

    /// SHA-256 over metadata and tensors, each in the order of their names.
    let internal checksum (metadata: Map<string, string>) (tensors: Map<string, StoredTensor>) =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256

        let text (value: string) =
            hash.AppendData(ReadOnlySpan(Encoding.UTF8.GetBytes value))
            hash.AppendData(ReadOnlySpan [| 0uy |])

        for KeyValue(key, value) in metadata do
            text key
            text value

        for KeyValue(key, tensor) in tensors do
            text key

            match tensor with
            | StoredTensor.Single t ->
                text $"%A{t.Shape}"
                hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan t.Data))
            | StoredTensor.Double t ->
                text $"%A{t.Shape}"
                hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan t.Data))

        Convert.ToHexStringLower(hash.GetHashAndReset())

    /// Writes a state, whole or not at all. `identity`: what the run is, item by item.
    let write (path: string) (identity: (string * string) list) (state: TrainState) =
        let tensors = tensors state

        let metadata =
            Map.ofList [
                "sss.checkpoint", Format
                "sss.format", NetworkFile.Format
                "sss.network", Language.print state.Network
                "sss.classes", "[]"
                "sss.state", scalars state
                for name, value in identity do
                    $"run.{name}", value
            ]

        Safetensors.writeTensors
            path
            tensors
            (Map.toList metadata @ [ "sss.checksum", checksum metadata tensors ])

    /// A state with the identity of its run. A file that is cut short, changed by a single bit or of
    /// another version is an error.
    let read (path: string) : Result<Map<string, string> * TrainState, FileError> =
        let fault = SafetensorsFile.metadataFault path

        result {
            let! file = Safetensors.read path

            let item key = SafetensorsFile.item path key file
            let! format = item "sss.checkpoint"

            do!
                Result.requireEqual
                    format
                    Format
                    (fault (Unsupported("sss.checkpoint", format, Format)))

            let! given = item "sss.checksum"
            let found = checksum (Map.remove "sss.checksum" file.Metadata) file.Tensors
            do! Result.requireEqual given found (fault (Mismatch("the checksum", given, found)))

            let identity =
                file.Metadata
                |> Map.toSeq
                |> Seq.filter (fun (key, _) -> key.StartsWith("run.", StringComparison.Ordinal))
                |> Seq.map (fun (key, value) -> key.Substring 4, value)
                |> Map.ofSeq

            let! state =
                try
                    Ok(CheckpointState.read file)
                with
                | :? JsonException
                | :? FormatException
                | :? InvalidOperationException
                | :? Collections.Generic.KeyNotFoundException as e ->
                    Error(fault (Syntax("checkpoint", e.Message)))

            do! StateCheck.check path state
            do! StateCheck.checkEpochs path (Map.tryFind "recipe" identity) state
            return identity, state
        }
