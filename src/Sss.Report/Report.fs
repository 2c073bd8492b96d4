namespace Sss.Report

open System.IO
open FsToolkit.ErrorHandling
open Giraffe.ViewEngine
open Sss.Files

/// `report.html`: a run, or a sweep of runs, as one page that opens offline. Pages are pure functions
/// of the facts: no clock, no chance, no machine.
[<RequireQualifiedAccess>]
module Report =

    /// The name of the file in a run folder.
    let fileName = "report.html"

    let private missing (facts: RunFacts) =
        match facts.Missing with
        | [] -> []
        | files -> [
            Markup.section "missing" "Missing files" [
                ul [] [
                    for file, without in files do
                        li [] [
                            code [] [ str file ]
                            str $" is missing; it is needed for {without}."
                        ]
                ]
            ]
          ]

    /// The page of a run.
    let ofRun (facts: RunFacts) : string =
        let figures, training = Training.section facts

        let sections =
            [
                "picture", "Picture", Overview.picture facts
                "layers", "Layers", LayerTable.section facts
                "training", "Training", training
                "exactness", "Exactness", Proof.exactness facts
                "classes", "Classes", Classes.section facts
                "mistakes", "Mistakes", Mistakes.section facts
                "controls", "Controls", Proof.controls facts
                "latency", "Latency", Speed.section facts
                "recipe", "Recipe", Texts.recipe facts
                "difference", "Difference", Texts.difference facts
                "missing", "Lacking", missing facts
            ]
            |> List.filter (fun (_, _, content) -> not content.IsEmpty)

        Page.make
            (Overview.name facts)
            (Overview.sentence facts)
            [ Overview.cards facts ]
            (sections |> List.map (fun (id, link, _) -> id, link))
            (sections |> List.collect (fun (_, _, content) -> content))
            figures

    /// The page of a sweep.
    let ofSweep (facts: SweepFacts) : string =
        match facts.Points with
        | [] -> Page.make facts.Network "The sweep has no runs yet." [] [] [] []
        | points ->
            let figures, sections = Sweep.sections facts

            Page.make
                $"{facts.Network}: sweep"
                $"{points.Length} points: the accuracy for each share of the macs."
                []
                [
                    "cost", "Accuracy against cost"
                    "runs", "Runs"
                    if points |> List.exists (fun p -> not p.Controls.IsEmpty) then
                        "controls", "Controls"
                ]
                sections
                figures

    /// Reads a run folder and writes its report into it, whole or not at all. The path of the report.
    let write (folder: string) : Result<string, ReportError> =
        result {
            let! facts = ReadRun.read folder
            let path = Path.Combine(folder, fileName)
            do! AtomicFile.writeText path (ofRun facts) |> Result.mapError BadFile
            return path
        }

    /// Reads a sweep's folder and writes its report into it, whole or not at all. The path of the
    /// report.
    let writeSweep (folder: string) : Result<string, ReportError> =
        result {
            let! study = ReadSweep.study folder
            let! facts = ReadSweep.facts folder study
            let path = Path.Combine(folder, fileName)
            do! AtomicFile.writeText path (ofSweep facts) |> Result.mapError BadFile
            return path
        }
