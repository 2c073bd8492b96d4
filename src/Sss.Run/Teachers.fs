namespace Sss.Torch

open System
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Text
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Networks as teachers.
[<RequireQualifiedAccess>]
module internal Teachers =

    /// Reads one.
    let load (source: WeightSource) : Result<LoadedNetwork, PipelineError> =
        match source with
        | WeightSource.File path -> RunFolder.load path
        | WeightSource.Given loaded -> Ok loaded

    /// From the input values of one preparation to those of another; None: they are the same.
    let change (data: string) (here: Preparation) (there: Preparation) =
        match Units.between here.Range there.Range with
        | None ->
            Error(
                BadFile(UnitsDiffer(data, PixelRange.text there.Range, PixelRange.text here.Range))
            )
        | Some units ->
            let isSame =
                units.IsSame
                && here.Scale = there.Scale
                && here.Mean = there.Mean
                && here.Deviation = there.Deviation

            let across = float units.ToSpan / float units.Span

            // Back to the pixel here, to the pixel there, and to its input value; in one step.
            let times c =
                float there.Scale * across * float here.Deviation[c]
                / (float here.Scale * float there.Deviation[c])

            let plus c =
                let pixel = float here.Mean[c] / float here.Scale
                let there' = float units.ToBlack + (pixel - float units.Black) * across
                (float there.Scale * there' - float there.Mean[c]) / float there.Deviation[c]

            let channels = here.Mean.Length

            if isSame then
                Ok None
            else
                Ok(
                    Some {
                        Times = Array.init channels (times >> float32)
                        Plus = Array.init channels (plus >> float32)
                    }
                )

    /// The teacher of a job: the network that was given for it, or the one of its start weights.
    let prepare (job: Job) (ready: Ready) : Result<TeacherSettings option, PipelineError> =
        let source =
            match job.Teacher, job.Begin with
            | Some source, _ -> Some source
            | None, Begin.Weights source -> Some source
            | None, (Begin.Random | Begin.Trained _) -> None

        match ready.Recipe.Teacher, source with
        | Some _, Some source ->
            result {
                let! loaded = load source
                let here = ready.Dataset.Preparation

                let! change =
                    match loaded.Preparation with
                    | Some there when there.Mean.Length = here.Mean.Length ->
                        change ready.Dataset.Name here there
                    | Some _
                    | None -> Ok None

                return
                    Some {
                        Network = loaded.Network
                        Weights = loaded.Weights
                        Change = change
                    }
            }
        | Some _, None
        | None, _ -> Ok None

    /// What identifies a trained network: its text, its numbers, and how it takes images.
    let digest (t: TeacherSettings) : string =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
        hash.AppendData(Encoding.UTF8.GetBytes(Language.print t.Network))

        for KeyValue(key, tensor) in t.Weights do
            hash.AppendData(Encoding.UTF8.GetBytes(ArrayKey.text key))
            hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan tensor.Data))

        for change in Option.toList t.Change do
            hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan change.Times))
            hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan change.Plus))

        Convert.ToHexStringLower(hash.GetHashAndReset()).Substring(0, 16)

    /// What identifies a teacher.
    let identity (teacher: TeacherSettings option) : (string * string) list = [
        match teacher with
        | None -> ()
        | Some t -> "teacher", digest t
    ]
