namespace Sss.Torch

open System
open System.IO
open System.Reflection
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Text
open System.Text.Json
open Sss.Core
open Sss.Files

/// What a rank contributes at the start of a job.
type Brought = {
    /// `rank 1 on HOST`.
    Name: string
    /// What the run is, item by item; or why this rank cannot take part.
    Said: Result<(string * string) list, string>
}

/// Why a rank cannot train with rank 0.
[<RequireQualifiedAccess>]
type Misfit =
    /// No rank can start, for the same reason.
    | All of reason: string
    | CannotStart of rank: string * reason: string
    /// Item, there, at rank 0.
    | Differs of rank: string * (string * string * string) list

/// The ranks of a job compare what they were started with, before the first step.
[<RequireQualifiedAccess>]
module RankAgreement =

    let private brief (hash: IncrementalHash) =
        Convert.ToHexStringLower(hash.GetHashAndReset()).Substring(0, 16)

    /// The build of this program: the same sources give the same.
    let private program () =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
        let own = Assembly.GetExecutingAssembly()

        for part in
            [
                own
                typeof<TrainState>.Assembly
                typeof<LibTorch>.Assembly
                typeof<Dataset>.Assembly
                typeof<Network>.Assembly
            ] do
            hash.AppendData(part.ManifestModule.ModuleVersionId.ToByteArray())

        let version =
            own.GetName().Version
            |> Option.ofObj
            |> Option.map (fun v -> v.ToString 3)
            |> Option.defaultValue ""

        $"{version}, build {brief hash}"

    let private weights (from: TrainState option) =
        match from with
        | None -> "random"
        | Some state ->
            use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256

            for KeyValue(key, tensor) in state.Numbers do
                hash.AppendData(Encoding.UTF8.GetBytes(ArrayKey.text key))
                hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan tensor.Data))

            brief hash

    /// All that has to be the same on every rank. `identity`: the run's, of `Checkpoint.identity`.
    let items (identity: (string * string) list) (from: TrainState option) =
        [ "program", program () ] @ identity @ [ "start weights", weights from ]

    /// Ranks that do not fit rank 0, which comes first.
    let compare (all: Brought list) : Misfit list =
        match all with
        | [] -> []
        | first :: others -> [
            for rank in all do
                match rank.Said with
                | Error reason -> Misfit.CannotStart(rank.Name, reason)
                | Ok _ -> ()

            match first.Said with
            | Error _ -> ()
            | Ok here ->
                for rank in others do
                    match rank.Said with
                    | Ok there ->
                        match Checkpoint.differences (Map.ofList there) here with
                        | [] -> ()
                        | items -> Misfit.Differs(rank.Name, items)
                    | Error _ -> ()
          ]

    let private encode (brought: Brought) : byte[] =
        let kind, items =
            match brought.Said with
            | Ok items -> "ok", items |> List.collect (fun (name, value) -> [ name; value ])
            | Error reason -> "error", [ reason ]

        JsonSerializer.SerializeToUtf8Bytes(Array.ofList (brought.Name :: kind :: items))

    let private decode (bytes: byte[]) : Brought =
        match JsonSerializer.Deserialize<string[]>(ReadOnlySpan bytes) |> Option.ofObj with
        | Some words when words.Length >= 2 && words[1] = "ok" -> {
            Name = words[0]
            Said =
                words[2..]
                |> Array.chunkBySize 2
                |> Array.map (fun pair -> pair[0], pair[1])
                |> List.ofArray
                |> Ok
          }
        | Some words -> {
            Name = words[0]
            Said = Error(Array.last words)
          }
        | None -> { Name = ""; Said = Error "" }

    /// A reason that holds for all ranks is reported once.
    let private inOne (size: int) (misfits: Misfit list) : Misfit list =
        let reasons =
            misfits
            |> List.choose (
                function
                | Misfit.CannotStart(_, reason) -> Some reason
                | Misfit.All _
                | Misfit.Differs _ -> None
            )

        match List.distinct reasons with
        | [ reason ] when reasons.Length = size -> [ Misfit.All reason ]
        | _ -> misfits

    /// Compares all ranks; collective. Every rank gets the same answer.
    let call (team: Team) (said: Result<(string * string) list, string>) : Misfit list =
        team.OfAll(
            encode {
                Name = $"rank {team.Rank} on {Environment.MachineName}"
                Said = said
            }
        )
        |> Array.map decode
        |> List.ofArray
        |> compare
        |> inOne team.Size

/// The state that a run starts from, handed from rank 0 to the others, which may have another disk.
[<RequireQualifiedAccess>]
module internal Handover =

    let private withFile (work: string -> Result<'T, FileError>) =
        let path = Path.Combine(Path.GetTempPath(), $"sss-{Guid.NewGuid():N}.safetensors")

        try
            work path
        finally
            if File.Exists path then
                File.Delete path

    /// Collective: rank 0 gives, all get.
    let state (team: Team) (own: TrainState option) : Result<TrainState option, FileError> =
        let read path =
            FileError.catching path (fun () -> Ok(File.ReadAllBytes path))

        let packed =
            match own with
            | Some state when team.Rank = 0 ->
                withFile (fun path ->
                    CheckpointFile.write path [] state |> Result.bind (fun () -> read path)
                )
            | _ -> Ok [||]

        match packed with
        // The others wait for the bytes; this error of rank 0 alone ends the job (`isCommon`).
        | Error error -> Error error
        | Ok bytes ->
            match team.OfFirst bytes with
            | _ when team.Rank = 0 -> Ok own
            | [||] -> Ok None
            | bytes ->
                withFile (fun path ->
                    FileError.catching path (fun () -> Ok(File.WriteAllBytes(path, bytes)))
                    |> Result.bind (fun () -> CheckpointFile.read path)
                    |> Result.map (snd >> Some)
                )
