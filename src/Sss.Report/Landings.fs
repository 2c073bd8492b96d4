namespace Sss.Report

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Where the selected networks of a study stand beside their targets.
[<RequireQualifiedAccess>]
module internal Landings =

    let private network (text: string) =
        Language.parse text |> Result.map _.Network |> Result.toOption

    /// Macs that a selected network is below its target (negative: above), and what the cheapest structure that it
    /// has kept costs; None where a study does not tell: it has no target, or is of an older sss.
    let private ofRun (whole: Network) (run: StudyRun) : (int64 * int64) option =
        option {
            let! fraction = run.Result.Recipe.TargetMacs
            let! selected = run.Selected |> Option.bind network
            let! cheapest = Kept.cheapest whole selected
            let target = int64 (fraction * float run.Result.Dense.Macs)
            return target - run.Result.Selected.Macs, cheapest
        }

    let private point (study: Study) (whole: Network) (label: string) =
        let runs = Study.runsOf label StudyKind.Selected study
        let known = runs |> List.choose (ofRun whole)

        if known.IsEmpty then
            None
        else
            let above = known |> List.filter (fun (missing, _) -> missing < 0L)
            let near = known |> List.filter (fun (missing, least) -> missing <= least)

            let most =
                known
                |> List.map (fun (missing, _) -> max 0L missing)
                |> List.max
                |> RowText.grouped

            let told =
                if above.IsEmpty then
                    $"by {most} macs at most, in {near.Length} of {runs.Length} by no more than the cheapest structure kept"
                else
                    $"**{above.Length} of {runs.Length} are above**"

            Some $"{label}: {told}"

    /// One text for each point that has a target.
    let texts (study: Study) : string list =
        study.Plan
        |> List.tryFind (fun (name, _) -> name = "network")
        |> Option.bind (snd >> network)
        |> Option.map (fun whole -> study.Points |> List.choose (point study whole))
        |> Option.defaultValue []
