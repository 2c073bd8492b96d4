namespace Sss.Report

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Reading of run folders. What is not there is left out; what is there and damaged is an error.
[<RequireQualifiedAccess>]
module ReadRun =

    let private texted (path: string) : Result<TextedNetwork, ReportError> =
        Language.load path
        |> Result.map (fun (_, parsed) -> {
            Network = parsed.Network
            Recipe = parsed.Recipe
        })
        |> Result.mapError (fun (text, diagnostics) -> BadText(path, text, diagnostics))

    let private weights path (network: Network) =
        result {
            let! saved = NetworkFile.read path
            do! NetworkFile.checkSaved path network saved
            return saved
        }
        |> Result.mapError BadFile

    let private factors (network: Network) (weights: Weights<float32>) =
        Parameters.factors network
        |> List.choose (fun f ->
            Map.tryFind f.Key weights |> Option.map (fun array -> f.Owner, array.Data)
        )
        |> Map.ofList

    /// Why structures with a zero factor stayed. The rules are worked out again; they are shown only
    /// where that leads to the very network that is there (other options of selection leave another).
    let private stays (network: Network) (weights: Weights<float32>) (selected: Network) =
        match Selection.plan Selection.defaults network weights with
        | Ok plan ->
            let cost = Cost.ofNetwork selected

            if plan.After.Macs = cost.Macs && plan.After.Params = cost.Params then
                plan.Stays
            else
                []
        | Error _ -> []

    /// The files of a run, with what the report lacks without them.
    let private parts = [
        "network.sss", "the picture, the layers and the recipe"
        "network.safetensors", "the factors at the end of training"
        "selected.sss", "what was removed"
        "metrics.csv", "the training curves"
        "result.json", "accuracy, exactness and times"
        "bench.json", "latency ('sss bench' measures it)"
    ]

    /// Whether a folder holds a run at all.
    let private check (folder: string) isThere =
        result {
            do! RegularFile.checkFolder folder |> Result.mapError BadFile

            if not (Directory.Exists folder) then
                return! Error(BadFile(NotFound folder))

            let known = [ "network.sss"; "selected.sss"; "metrics.csv"; "result.json" ]

            if not (List.exists isThere known) then
                return! Error(NoRun folder)
        }

    /// The largest small picture that a report takes in: a run's have some kilobytes.
    let private largestThumbnail = 1L <<< 18

    /// The small pictures of a run. Only files that a run writes are read, whatever `result.json` names.
    let private thumbnails (folder: string) (result: RunResult option) =
        let own = [ 1 .. RunDiagnosis.mostWorst ] |> List.map RunDiagnosis.pictureFile

        let isOwn (seed: int) (name: string) =
            let dense = StudyKind.controlFolder StudyKind.Dense seed
            own |> List.exists (fun file -> name = file || name = $"{dense}/{file}")

        let read seed (name: string) =
            let path = Path.Combine(folder, name)

            if isOwn seed name && File.Exists path && FileInfo(path).Length <= largestThumbnail then
                RegularFile.bytes path
                |> Result.toOption
                |> Option.map (fun bytes ->
                    name, "data:image/png;base64," + System.Convert.ToBase64String bytes
                )
            else
                None

        match result with
        | None -> Map.empty
        | Some result ->
            result.Diagnosis.Worst @ result.Diagnosis.DenseWorst
            |> List.choose (fun picture -> picture.Picture |> Option.bind (read result.Seed))
            |> Map.ofList

    /// Reads a run folder.
    let read (folder: string) : Result<RunFacts, ReportError> =
        let path name = Path.Combine(folder, name)
        let isThere name = File.Exists(path name)

        let whenThere name read =
            if isThere name then
                read (path name) |> Result.map Some
            else
                Ok None

        let file read path = read path |> Result.mapError BadFile

        result {
            do! check folder isThere
            let! dense = whenThere "network.sss" texted
            let! selected = whenThere "selected.sss" texted

            let! saved =
                match dense with
                | None -> Ok None
                | Some(dense: TextedNetwork) ->
                    whenThere "network.safetensors" (fun p -> weights p dense.Network)

            let weights = saved |> Option.map _.Weights

            let! epochs = whenThere "metrics.csv" (file MetricsFile.read)
            let! result = whenThere "result.json" (file ResultFile.read)
            let! latency = whenThere "bench.json" (file FactsJson.latency)

            return {
                Dense = dense
                Selected = selected
                Factors =
                    Option.map2 (fun (f: TextedNetwork) w -> factors f.Network w) dense weights
                    |> Option.defaultValue Map.empty
                Preparation = saved |> Option.bind _.Preparation
                Stays =
                    Option.map3
                        (fun (f: TextedNetwork) w (s: TextedNetwork) -> stays f.Network w s.Network)
                        dense
                        weights
                        selected
                    |> Option.defaultValue []
                Epochs = Option.defaultValue [] epochs
                Result = result
                Thumbnails = thumbnails folder result
                Controls =
                    match result with
                    | Some r -> Option.toList r.Repeats @ r.Controls
                    | None -> []
                Latency = latency
                Missing = parts |> List.filter (fst >> isThere >> not)
            }
        }
