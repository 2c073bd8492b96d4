namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Dsl
open Sss.Files
// Last, for its `Outcome`: the language has one too.
open Sss.Torch

/// What a job writes into its run folder.
[<RequireQualifiedAccess>]
module internal Saving =

    let private inFolder (job: Job) (save: string -> Result<unit, PipelineError>) =
        match job.Keep with
        | Keep.Nothing
        | Keep.Checkpoints _ -> Ok()
        | Keep.Run place ->
            save place.Folder
            |> Result.mapError (fun error ->
                match error with
                | BadFile error -> Unsaved error
                | error -> error
            )

    /// Writes the network that was trained: before selection, so that a failure there loses nothing.
    let trained (job: Job) (p: Prepared) (trained: Trained) : Result<unit, PipelineError> =
        inFolder
            job
            (fun folder ->
                result {
                    do! RunFolder.clearResults folder

                    do!
                        RunFolder.saveNetwork
                            folder
                            RunFolder.network
                            (Language.printWithRecipe trained.Network p.Ready.Recipe)
                            p.Ready.Dataset
                            trained.Numbers
                }
                |> Result.mapError BadFile
            )

    let private selected (p: Prepared) (outcome: Outcome) folder =
        result {
            do!
                RunFolder.saveNetwork
                    folder
                    RunFolder.selected
                    (Language.print outcome.Selected.Network)
                    p.Ready.Dataset
                    outcome.Selected.Weights

            do! ResultFile.write (RunFolder.file folder "result.json") (Outcome.summary outcome)
        }
        |> Result.mapError BadFile

    /// Writes the selected network, as ONNX too, and `result.json`. A selected network that is another
    /// function is written too, to help find the bug, but not as something to deploy;
    /// then it is an error.
    let all (job: Job) (p: Prepared) (outcome: Outcome) : Result<unit, PipelineError> =
        let onnx folder =
            result {
                let! loaded = RunFolder.load folder
                let file = RunFolder.file folder $"{RunFolder.selected}.onnx"
                do! OnnxExport.write p.Engine false loaded file |> Result.ignore
            }

        result {
            do! inFolder job (selected p outcome)

            match outcome.Exactness.Verdict with
            | Exact -> do! inFolder job onnx
            | NotExact -> return! Error(Inexact(outcome.Exactness, outcome.AtDouble))
        }
