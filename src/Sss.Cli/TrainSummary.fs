namespace Sss.Cli

open System
open Sss.Core
open Sss.Files
open Sss.Torch

/// The summary of `sss train` for a finished run.
[<RequireQualifiedAccess>]
module TrainSummary =

    /// Whether the recipe's target was met.
    let private target (outcome: Outcome) (result: RunResult) = [
        match outcome.Recipe.TargetMacs with
        | None -> ()
        | Some fraction ->
            let wanted = Number.percent fraction

            if float result.Selected.Macs <= fraction * float result.Dense.Macs then
                $"target     {wanted} of the macs: met"
            else
                $"target     {wanted} of the macs: MISSED; too small a part of the network has \
                  factors, or training is too short"
    ]

    /// Where and how training computed, unless it is as always.
    let private arithmetic (a: RunArithmetic) = [
        match RunArithmetic.unusual a with
        | Some text -> $"computed   on {text}; accuracy and exactness at float32"
        | None -> ()
    ]

    /// What was removed, and the quality and cost, for people.
    let lines (outcome: Outcome) =
        let result = Outcome.summary outcome

        let part kept total =
            Number.percent (float kept / float (max 1L total))

        let cost name (dense: int64) (selected: int64) = [
            name
            Number.grouped dense
            Number.grouped selected
            part selected dense
        ]

        let factors name (f: Tally) = [
            if f.Total > 0 then
                cost name (int64 f.Total) (int64 f.Kept)
        ]

        let test, e = outcome.Test, outcome.Exactness

        [
            yield!
                Terminal.columns [
                    [ ""; "dense"; "selected"; "kept" ]
                    cost "params" result.Dense.Params result.Selected.Params
                    cost "macs" result.Dense.Macs result.Selected.Macs
                    yield! factors "neurons" result.Neuron
                    yield! factors "groups" result.Group
                    yield! factors "blocks" result.Block
                ]
            yield! target outcome result
            ""
            match result.Validation with
            | Some v ->
                $"chosen     epoch {v.Epoch}, which had {EvaluationText.main v.Quality} of the validation \
                  images"
            | None -> ()
            $"{EvaluationText.heading test.Quality}{EvaluationText.onTest test}, loss {test.Loss:``0.0000``}"
            $"exactness  {Exactness.word e.Verdict}: at most {Number.tiny e.MaxRel} \
              relative, {Number.tiny e.MaxAbs} absolute, over {e.Inputs} inputs"
            yield! arithmetic outcome.Trained.Arithmetic
            $"time       {result.Seconds.Train:``0.0``} s training, {result.Seconds.Select:``0.00``} s \
              selection"
        ]

    /// The last line: where the results are.
    let saved (out: string) (report: int option) : string =
        ReportCommand.saved "saved in   " out report
