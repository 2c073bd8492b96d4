namespace Sss.Torch

open Sss.Core
open Sss.Dsl
open Sss.Files

/// All that can go wrong between a text and a selected network.
type PipelineError =
    /// Mistakes in a text, with the text to draw them on.
    | BadText of path: string * text: string * Diagnostic list
    | BadFile of FileError
    | NoEngine of LibTorchError
    | NotTrained of TrainError
    | NotSelected of SelectionError
    | NoModel of ModelError
    /// The selected network is another function than the full one.
    | Inexact of Exactness
    /// ONNX Runtime gives other scores for the exported file.
    | OnnxDiffers of path: string * Exactness
    /// The normalisation is to be exported, and the weight file does not hold it.
    | NoNormalisation of path: string

/// Wording.
[<RequireQualifiedAccess>]
module PipelineError =

    /// What is wrong and the way out.
    let message (error: PipelineError) : string =
        match error with
        | BadText(path, text, diagnostics) ->
            diagnostics |> List.map (Language.render path text) |> String.concat "\n"
        | BadFile error -> FileError.message error
        | NoEngine error -> LibTorchError.message error
        | NotTrained error -> TrainError.message error
        | NotSelected error ->
            $"No network can be selected: {SelectionError.message error}. \
              Remedy: {SelectionError.remedy error}."
        | NoModel error -> ModelError.message error
        | Inexact e ->
            $"The selected network differs from the full one: by {e.MaxRel:g3} of the largest score \
              where {e.Tolerance:g3} is allowed ({e.Inputs} inputs, {e.ArgmaxAgree * 100.0:f2} %% with \
              the same class). This is a fault of this program; `sss verify` finds the smallest case."
        | OnnxDiffers(path, e) ->
            $"{path} was not written: ONNX Runtime gives other scores than LibTorch, by {e.MaxRel:g3} \
              of the largest where {e.Tolerance:g3} is allowed. This is a fault of this program."
        | NoNormalisation path ->
            $"{path} does not say how its images are normalised; export without --normalize."
