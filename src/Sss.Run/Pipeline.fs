namespace Sss.Torch

open System.Threading
open FsToolkit.ErrorHandling
open Sss.Dsl
open Sss.Files
// Last, for its `Outcome`: the language has one too.
open Sss.Torch

/// The main job as a sequence of phases:
/// load → check → prepare → train → select → prove → evaluate → save → report.
[<RequireQualifiedAccess>]
module Pipeline =

    /// Runs a job. The command line, its ranks and the C# facade differ only in the goal and in how
    /// they listen.
    let run
        (job: Job)
        (listener: Listener<'Report>)
        (stop: CancellationToken)
        : Result<Finished<'Report>, PipelineError> =
        // Loading LibTorch looks at the load since the first job of the process, the choice of threads at that since this one.
        MachineLoad.watch () |> ignore
        let began = MachineLoad.take ()

        result {
            use! prepared =
                Preparing.load job listener
                |> Result.bind (Preparing.check job listener)
                |> Result.bind (Preparing.prepare job listener)
                |> Preparing.together job

            let! trained = Learning.train job prepared listener began stop
            do! Saving.trained job prepared trained

            let! selected =
                match job.Goal with
                | Goal.Training -> Ok None
                | Goal.Selection options ->
                    result {
                        let! chosen = Selecting.select prepared options trained
                        let! proof = Selecting.prove prepared trained chosen
                        let! outcome = Selecting.evaluate prepared trained chosen proof
                        let! outcome = Saving.all job prepared outcome
                        return Some(outcome, listener.Report prepared.Ready outcome)
                    }

            return {
                Ready = prepared.Ready
                Trained = trained
                Profile = prepared.Profile
                Selected = selected
            }
        }

    /// A file's text, and what it says.
    let loadText (path: string) : Result<string * Parsed, PipelineError> = Preparing.text path

    /// The quality of a network from disk, and what it gets wrong, on a data set that may be another than its own: images go
    /// through the preparation of its training, in its units, and labels are those of its classes.
    let diagnose (engine: LibTorch) (loaded: LoadedNetwork) (dataset: Dataset) (split: Split) =
        result {
            let! prepared, split = EvaluationData.prepared loaded dataset split

            use! model =
                Model.create engine loaded.Network loaded.Weights |> Result.mapError NoModel

            let names =
                if loaded.Classes.IsEmpty then
                    dataset.Classes
                else
                    loaded.Classes

            return! Diagnosis.ofModel names model prepared split |> Result.mapError BadFile
        }

    /// The quality alone.
    let evaluate (engine: LibTorch) (loaded: LoadedNetwork) (dataset: Dataset) (split: Split) =
        diagnose engine loaded dataset split |> Result.map fst
