namespace Sss.Torch

open System
open System.IO
open System.Text.Json
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// What was found to continue from.
type Resumed = {
    /// The newest state that can be read, with its file; None: there is no checkpoint.
    Found: (string * TrainState) option
    /// Newer files that cannot be read, with the reasons.
    Damaged: FileError list
}

/// Why a run cannot continue from a checkpoint.
type CheckpointError =
    /// It belongs to another run: item, there, here.
    | OtherRun of path: string * (string * string * string) list
    /// None of the files can be read.
    | AllDamaged of folder: string * FileError list

/// The checkpoints of a run folder: `checkpoint/step-N.safetensors`, the last two.
[<RequireQualifiedAccess>]
module Checkpoint =

    /// How many are kept: when the newest is damaged there is one before it.
    let private keeps = 2

    /// The time between two of them inside an epoch.
    let every = TimeSpan.FromMinutes 5.0

    /// Their folder in a run folder.
    let folder (out: string) = Path.Combine(out, "checkpoint")

    let private stepOf (path: string) =
        match Int64.TryParse((Path.GetFileNameWithoutExtension path |> nonNull).Substring 5) with
        | true, step -> Some step
        | _ -> None

    /// The files, newest first.
    let files (out: string) : string list =
        let folder = folder out

        if Directory.Exists folder then
            Directory.GetFiles(folder, "step-*.safetensors")
            |> List.ofArray
            |> List.choose (fun path -> stepOf path |> Option.map (fun step -> step, path))
            |> List.sortByDescending fst
            |> List.map snd
        else
            []

    /// What identifies a run, item by item. The number of threads is not part of it: with another number the
    /// bits change, but nothing else.
    let identity
        (network: Network)
        (recipe: Recipe)
        (dataset: Dataset)
        (method: FactorMethod)
        (validation: float option)
        : (string * string) list = [
        "network", Language.print network
        "recipe", RecipeJson.toText recipe
        yield! Fingerprint.items dataset
        "method", FactorMethod.name method
        "validation",
        validation
        |> Option.map (fun f -> f.ToString("R", Globalization.CultureInfo.InvariantCulture))
        |> Option.defaultValue "none"
    ]

    /// What an own loss is called in an identity. A run with the recipe's loss has no such item.
    let private lossFunction = "loss function"

    /// What identifies a caller's own loss: the name that it gave. The function itself cannot be compared.
    let lossIdentity (loss: OwnLoss option) : (string * string) list =
        loss |> Option.map (fun loss -> lossFunction, loss.Name) |> Option.toList

    /// Writes a state, and removes all but the newest.
    let save (out: string) identity (state: TrainState) : Result<unit, FileError> =
        result {
            let path = Path.Combine(folder out, $"step-{state.Step:D9}.safetensors")

            do! CheckpointFile.write path identity state

            let all = files out

            for old in List.skip (min keeps all.Length) all do
                do! AtomicFile.delete old
        }

    /// Items that are not the same: name, there, here.
    let internal differences (there: Map<string, string>) (here: (string * string) list) = [
        for name, value in here do
            match Map.tryFind name there with
            | Some other when other = value -> ()
            | other ->
                let other = Option.defaultValue "" other

                match name with
                | "recipe" when other <> "" -> yield! RecipeJson.differences other value
                | "classes" when other <> "" -> Fingerprint.classDifference other value
                | "network" ->
                    let lines (text: string) = text.Split '\n'
                    let a, b = lines other, lines value
                    let at = Seq.zip a b |> Seq.takeWhile (fun (x, y) -> x = y) |> Seq.length

                    let line (all: string[]) =
                        if at < all.Length then all[at].Trim() else "its end"

                    $"network, line {at + 1}", line a, line b
                | _ when name = lossFunction && other = "" -> name, "the recipe's", value
                | _ -> name, other, value

        match Map.tryFind lossFunction there with
        | Some other when not (List.exists (fun (name, _) -> name = lossFunction) here) ->
            lossFunction, other, "the recipe's"
        | Some _
        | None -> ()
    ]

    /// Whether nothing that a step does depends on the number of epochs, and there are more of them now:
    /// the longer run has had exactly these steps too.
    let private isLonger (there: string) (here: string) =
        let read (text: string) =
            use document = JsonDocument.Parse text
            RecipeJson.read document.RootElement

        let a, b = read there, read here

        let isFree =
            match a.Schedule with
            | Constant
            | Step _ -> not (Target.isGiven a.Target) && a.ShrinkEvery.IsNone
            | Cosine
            | CosineRestart -> false

        isFree && b.Epochs > a.Epochs

    /// The newest checkpoint that can be read. One of another run is an error, regardless of
    /// the other files.
    let resume (out: string) (identity: (string * string) list) : Result<Resumed, CheckpointError> =
        let rec go damaged paths =
            match paths with
            | [] when List.isEmpty damaged -> Ok { Found = None; Damaged = [] }
            | [] -> Error(AllDamaged(folder out, List.rev damaged))
            | path :: rest ->
                match CheckpointFile.read path with
                | Error e -> go (e :: damaged) rest
                | Ok(there, state) ->
                    let there = Fingerprint.upgrade there identity
                    let here = Map.ofList identity

                    match differences there identity with
                    | [ "epochs", _, _ ] when isLonger there["recipe"] here["recipe"] ->
                        Ok {
                            Found = Some(path, state)
                            Damaged = List.rev damaged
                        }
                    | [] ->
                        Ok {
                            Found = Some(path, state)
                            Damaged = List.rev damaged
                        }
                    | different -> Error(OtherRun(path, different))

        go [] (files out)

    /// Keeps states and nothing else.
    let keeper (out: string) identity : Keeper = {
        Epoch = fun _ -> Ok()
        State = save out identity
        Every = every
    }

    /// Deletes all checkpoints.
    let clear (out: string) : Result<unit, FileError> =
        files out |> List.traverseResultM AtomicFile.delete |> Result.ignore

/// Wording.
[<RequireQualifiedAccess>]
module CheckpointError =

    /// How to continue instead. A change of `epochs` alone has its own text.
    let private wayOut (w: Wording) (path: string) items =
        let folder =
            Path.GetDirectoryName path
            |> Option.ofObj
            |> Option.bind (Path.GetDirectoryName >> Option.ofObj)
            |> Option.defaultValue ""

        let isMore (there: string) (here: string) =
            match Int32.TryParse there, Int32.TryParse here with
            | (true, there), (true, here) -> here > there
            | _ -> false

        match items with
        | [ "epochs", there, here ] when isMore there here -> [
            "A `cosine` schedule, a `target` and `shrink` depend on the number of epochs, so this run cannot be made longer."
            let network = Path.Combine(folder, "network.safetensors")
            w.Further network path
          ]
        | _ -> [ w.SameAgain ]

    /// What is wrong and what to do, in a caller's words.
    let messageIn (w: Wording) error =
        let lines (items: string list) = String.Join("\n", items)

        match error with
        | OtherRun(path, items) ->
            lines [
                $"{path} belongs to another run:"
                for name, there, here in items do
                    $"  {name}: {there} there, {here} here"
                yield! wayOut w path items
            ]
        | AllDamaged(folder, errors) ->
            lines [
                $"no checkpoint of {folder} can be read:"
                for error in errors do
                    $"  {FileError.messageIn w error}"
                w.BeginAgain
            ]

    /// The same in the words of the command line.
    let message (error: CheckpointError) : string = messageIn Wording.commandLine error
