namespace Sss.Report

open System.IO
open FsToolkit.ErrorHandling
open Sss.Files

/// Reading of sweeps' folders: all of it is in `sweep.json`.
[<RequireQualifiedAccess>]
module ReadSweep =

    let private file (folder: string) =
        Path.Combine(folder, StudyFile.fileName)

    /// Whether a folder is a sweep's.
    let isThere (folder: string) = File.Exists(file folder)

    /// The study of a folder.
    let study (folder: string) : Result<Study, ReportError> =
        if not (Directory.Exists folder) then
            Error(BadFile(NotFound folder))
        elif not (isThere folder) then
            Error(NoSweep folder)
        else
            StudyFile.read (file folder) |> Result.mapError BadFile

    let private point (folder: string) (study: Study) (label: string) =
        match Study.rows label study, Study.runsOf label StudyKind.Selected study with
        | selected :: controls, first :: _ ->
            result {
                let! latency =
                    study.Benches
                    |> List.tryFind (fun (name, _) -> name = label)
                    |> Option.traverseResult (snd >> FactsJson.latencyIn (file folder))
                    |> Result.mapError BadFile

                let link = $"{first.Folder}/report.html"

                return
                    Some {
                        Label = label
                        Result = first.Result
                        Selected = selected
                        Controls = controls
                        Latency = latency
                        // Folders may hold what an address may not.
                        Link =
                            if File.Exists(Path.Combine(folder, link)) then
                                link.Split '/'
                                |> Array.map System.Uri.EscapeDataString
                                |> String.concat "/"
                                |> Some
                            else
                                None
                    }
            }
        | _ -> Ok None

    /// The facts of a study. Points without a selected network have no row.
    let facts (folder: string) (study: Study) : Result<SweepFacts, ReportError> =
        study.Points
        |> List.traverseResultM (point folder study)
        |> Result.map (fun points -> {
            Network = study.Network
            Points = List.choose id points
        })
