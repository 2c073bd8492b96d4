namespace Sss.Cli

open System
open Sss.Core
open Sss.Files
open Sss.Torch

/// The summary of `sss train` for a finished run.
[<RequireQualifiedAccess>]
module TrainSummary =

    /// One limit of the target: met or missed. `found` says what was reached, where the table does not.
    let private limit (wanted: string) (found: string option) isMet =
        let found = found |> Option.map (fun text -> $" ({text})") |> Option.defaultValue ""

        if isMet then
            $"target     {wanted}: met{found}"
        else
            $"target     {wanted}: MISSED{found}; too small a part of the network has \
              factors, or training is too short"

    /// The time beside its limit. Where the profile is of another machine, the prediction counts.
    let private latency (l: RunLatency) =
        let wanted = $"{Number.milliseconds l.Most} a call in {l.Engine}"
        let predicted = $"predicted {Number.milliseconds l.Predicted}"

        match l.Measured with
        | Some measured when measured <= l.Most || l.Predicted > l.Most ->
            limit
                wanted
                (Some $"measured {Number.milliseconds measured}, {predicted}")
                (measured <= l.Most)
        | Some measured ->
            $"target     {wanted}: MISSED by {Number.percent (measured / l.Most - 1.0)} (measured \
              {Number.milliseconds measured}, {predicted}); the machine was busy, or the prediction is off"
        | None ->
            let where = $"{predicted} for {l.Machine}; not measured here"
            limit wanted (Some where) (l.Predicted <= l.Most)

    /// Whether the recipe's target was met, a line for each limit.
    let private target (outcome: Outcome) (result: RunResult) = [
        let target = outcome.Recipe.Target

        match target.Macs with
        | None -> ()
        | Some fraction ->
            limit
                $"{Number.percent fraction} of the macs"
                None
                (float result.Selected.Macs <= fraction * float result.Dense.Macs)

        match target.Params with
        | None -> ()
        | Some fraction ->
            limit
                $"{Number.percent fraction} of the params"
                None
                (float result.Selected.Params <= fraction * float result.Dense.Params)

        match target.Size, result.FileSize with
        | Some most, Some bytes ->
            limit
                $"{Number.grouped most} bytes of ONNX"
                (Some $"{Number.grouped bytes} bytes")
                (bytes <= most)
        | Some _, None
        | None, _ -> ()

        yield! Option.toList result.Latency |> List.map latency
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
                    yield! factors "shared" result.Shared
                ]
            yield! target outcome result
            ""
            match result.Validation with
            | Some v ->
                $"chosen     epoch {v.Epoch}, which had {Metric.ofQuality v.Quality} of the validation \
                  images"
            | None -> ()
            $"{EvaluationText.heading test.Quality}{EvaluationText.onTest test}, loss {test.Loss:``0.0000``}"
            for line in EvaluationText.outputs test do
                $"           {line}"
            $"exactness  {Exactness.word e.Verdict}: at most {Number.tiny e.MaxRel} \
              relative, {Number.tiny e.MaxAbs} absolute, over {e.Inputs} inputs"
            yield! arithmetic outcome.Trained.Arithmetic
            $"time       {result.Seconds.Train:``0.0``} s training, {result.Seconds.Select:``0.00``} s \
              selection"
        ]

    /// The last lines: where the results are, and what to do with them.
    let saved (out: string) (report: int option) : string =
        ReportCommand.saved
            "saved in   "
            out
            report
            (fun folder -> $"sss export {folder} --onnx selected.onnx")
