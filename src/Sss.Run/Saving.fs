namespace Sss.Torch

open System.IO
open FsToolkit.ErrorHandling
open Sss.Dsl
open Sss.Files
// Last, for its `Outcome`: the language has one too.
open Sss.Torch

/// What a job writes into its run folder.
[<RequireQualifiedAccess>]
module internal Saving =

    /// What saving gives; None: the job keeps no run folder.
    let private inFolder
        (job: Job)
        (save: string -> Result<'T, PipelineError>)
        : Result<'T option, PipelineError> =
        match job.Keep with
        | Keep.Nothing
        | Keep.Checkpoints _ -> Ok None
        | Keep.Run place ->
            save place.Folder
            |> Result.map Some
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
                            p.Ready.Recipe.Loss
                            trained.Numbers
                }
                |> Result.mapError BadFile
            )
        |> Result.ignore

    let private selected (p: Prepared) (outcome: Outcome) folder =
        result {
            do!
                RunFolder.saveNetwork
                    folder
                    RunFolder.selected
                    (Language.print outcome.Selected.Network)
                    p.Ready.Dataset
                    p.Ready.Recipe.Loss
                    outcome.Selected.Weights
        }
        |> Result.mapError BadFile

    /// Writes small pictures of what the network gets wrong, and `result.json`.
    let private summary (outcome: Outcome) folder =
        result {
            do!
                outcome.Diagnosis.Worst
                |> List.indexed
                |> List.choose (fun (i, (_, png)) -> png |> Option.map (fun png -> i + 1, png))
                |> RunFolder.saveWorst folder

            do! ResultFile.write (RunFolder.file folder "result.json") (Outcome.summary outcome)
        }
        |> Result.mapError BadFile

    /// Writes the ONNX file; its bytes.
    let private onnx (p: Prepared) folder : Result<int64, PipelineError> =
        result {
            let! loaded = RunFolder.load folder
            let file = RunFolder.file folder $"{RunFolder.selected}.onnx"
            do! OnnxExport.write p.Engine false loaded file |> Result.ignore
            return FileInfo(file).Length
        }

    /// Writes the selected network, as ONNX too, and `result.json`; the outcome, with the size of the file
    /// where the target limits it. A selected network that is another function is written too, to
    /// help find the bug, but not as something to deploy; then it is an error.
    let all (job: Job) (p: Prepared) (outcome: Outcome) : Result<Outcome, PipelineError> =
        result {
            do! inFolder job (selected p outcome) |> Result.ignore

            match outcome.Exactness.Verdict with
            | NotExact ->
                do! inFolder job (summary outcome) |> Result.ignore
                return! Error(Inexact(outcome.Exactness, outcome.AtDouble))
            | Exact ->
                let! bytes = inFolder job (onnx p)

                let outcome = {
                    outcome with
                        FileSize = p.Ready.Recipe.Target.Size |> Option.bind (fun _ -> bytes)
                }

                do! inFolder job (summary outcome) |> Result.ignore
                return outcome
        }
