namespace Sss.Report

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// How close the selected networks of a study are to their targets.
[<RequireQualifiedAccess>]
module internal BelowTarget =

    let private network (text: string) =
        Language.parse text |> Result.map _.Network |> Result.toOption

    /// Macs that a selected network is below its target (negative: above); None: it has none.
    let private below (run: StudyRun) : int64 option =
        run.Result.Recipe.Target.Macs
        |> Option.map (fun fraction ->
            int64 (fraction * float run.Result.Dense.Macs) - run.Result.Selected.Macs
        )

    /// That, and what the cheapest structure that the network has kept costs; None where a study does not tell: it
    /// is of an older sss.
    let private ofRun (dense: Network) (run: StudyRun) : (int64 * int64) option =
        option {
            let! missing = below run
            let! selected = run.Selected |> Option.bind network
            let! cheapest = KeptStructures.cheapest dense selected
            return missing, cheapest
        }

    let private point (study: Study) (dense: Network) (label: string) =
        let runs = Study.runsOf label StudyKind.Selected study
        let missing = runs |> List.choose below
        let above = missing |> List.filter (fun macs -> macs < 0L)

        let known = runs |> List.choose (ofRun dense)
        let near = known |> List.filter (fun (missing, least) -> missing <= least)

        match missing with
        | [] -> None
        | _ when not above.IsEmpty ->
            Some $"{label}: **{above.Length} of {runs.Length} runs are above**"
        | _ ->
            let most = $"{label}: by at most {RowText.grouped (List.max missing)} macs"

            if known.IsEmpty then
                Some most
            else
                Some
                    $"{most}, in {near.Length} of {runs.Length} runs by no more than the cheapest kept structure"

    /// One text for each point that has a target.
    let texts (study: Study) : string list =
        study.Plan
        |> List.tryFind (fun (name, _) -> name = "network")
        |> Option.bind (snd >> network)
        |> Option.map (fun dense -> study.Points |> List.choose (point study dense))
        |> Option.defaultValue []
