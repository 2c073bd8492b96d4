namespace Sss.Torch

open Sss.Core
open Sss.Dsl
open Sss.Files

/// Everything that can go wrong between a text and a selected network.
type PipelineError =
    /// Mistakes in a text, with the text to draw them on.
    | BadText of path: string * text: string * Diagnostic list
    | BadFile of FileError
    | NoEngine of LibTorchError
    | NotTrained of TrainError
    /// The training of a run with checkpoints failed; the last checkpoint.
    | Ended of TrainError * checkpoint: string option
    /// Training is done and kept; its results could not be written.
    | Unsaved of FileError
    | NotResumed of CheckpointError
    /// Another process trains into the folder.
    | Occupied of folder: string
    /// A folder contains an unfinished run, and neither --resume nor --restart was given.
    | Unfinished of folder: string * checkpoint: string
    /// Ranks that were not started like rank 0, or cannot start.
    | Unlike of Misfit list
    | NotSelected of SelectionError
    | NoModel of ModelError
    /// The selected network's scores differ from the trained one's beyond the tolerance; `atDouble`: the
    /// same check at double precision.
    | Inexact of Exactness * atDouble: Exactness option
    /// ONNX Runtime gives other scores for the exported file.
    | OnnxDiffers of path: string * Exactness
    /// What a file says is no network of the language.
    | NotImported of ImportError
    /// LibTorch gives other scores than ONNX Runtime for the file.
    | ImportDiffers of path: string * difference: float * tolerance: float
    /// A latency profile of another network.
    | ProfileOfOther of path: string * network: string
    /// A latency profile without times of a layer.
    | ProfileLacks of path: string * layer: string
    /// A latency profile of an engine that does not exist.
    | ProfileEngine of path: string * engine: string
    /// Ranks that train towards a latency need one profile.
    | ProfileForRanks
    /// Ranks that choose their precision by themselves could choose differently.
    | PrecisionForRanks
    /// The normalisation is to be exported, and the weight file does not hold it.
    | NoNormalisation of path: string
    /// In 8 bits a network is worse on the test images than was allowed, in points; with its qualities in float32 and int8.
    | Int8Drops of path: string * float: Quality * int8: Quality * images: int * maxDrop: float
    /// A network has no layer with an integer kernel.
    | NothingInt8 of path: string
    /// A data set has no images of a split, training or test, that an export in 8 bits needs.
    | Int8WithoutImages of path: string * split: string

/// Wording.
[<RequireQualifiedAccess>]
module PipelineError =

    let private ended (w: Wording) error checkpoint =
        let said = TrainError.messageIn w error

        match error, checkpoint with
        | _ when TrainError.isBeforeFirstStep error -> said
        | _, None -> $"{said}\nThere is no checkpoint yet."
        | Stopped _, Some path -> $"{said}\nThe checkpoint is {Escape.line path}; {w.Continue}."
        | (NotKept _ | OutOfMemory _), Some path ->
            $"{said}\nThe last good checkpoint is {Escape.line path}; {w.Continue} when this is fixed."
        | _, Some path -> $"{said}\nThe last good checkpoint is {Escape.line path}; {w.Reuse}."

    let private invariant = System.Globalization.CultureInfo.InvariantCulture

    let private drops
        (w: Wording)
        path
        (float: Quality)
        (int8: Quality)
        (images: int)
        (maxDrop: float)
        =
        let metric = Quality.main float

        // To hundredths of a point, since the limit may have them.
        let value quality =
            let score = Quality.score quality

            if not (System.Double.IsFinite score) then
                "no number"
            elif metric.IsFraction then
                (100.0 * score).ToString("0.00", invariant) + " %"
            else
                score.ToString("0.0000", invariant)

        let drop = 100.0 * (Quality.score float - Quality.score int8)

        let by =
            if System.Double.IsFinite drop then
                $""", by {drop.ToString("0.00", invariant)} points"""
            else
                ""

        $"{Escape.line path} was not written: int8 lowers {metric.Name} on {images} test images from {value float} to \
          {value int8}{by}, and {maxDrop:R} are allowed. {w.AllowDrop}"

    let private unlike (misfits: Misfit list) =
        let together =
            match misfits with
            | [ Misfit.All _ ] -> []
            | _ -> [ "All ranks need the same program, files and options." ]

        let reasons =
            misfits
            |> List.map (
                function
                | Misfit.All reason -> reason
                | Misfit.CannotStart(rank, reason) -> $"{rank} cannot start: {reason}"
                | Misfit.Differs(rank, items) ->
                    String.concat "\n" [
                        $"{rank} was not started like rank 0:"
                        for name, there, here in items do
                            $"  {name}: {there} there, {here} at rank 0"
                    ]
            )

        String.concat "\n" (reasons @ together)

    /// Whether every rank of a job has this error at the same place, so that all can end in
    /// order.
    let isCommon (error: PipelineError) =
        match error with
        | Unlike _ -> true
        | NotTrained error
        | Ended(error, _) ->
            match error with
            | Diverged _
            | Overflowed _
            | BadStart _
            | NormOfOne _
            | BadModel(TooManyNumbers _)
            | Stopped _
            | Unmoved _
            | Parted _
            | TooManyRanks _
            | NoImages
            | NoValidation
            | NoWeights
            | OutputIsImage _
            | NoTeacher
            | BadLabel _
            | BadMask _
            | BadTarget _
            | BadTargets _
            | BadOutputTarget _
            | BadSetting _
            | NoProfile -> true
            | NotKept _
            | OutOfMemory _
            | BadData _
            | EngineFailed _
            | BadLoss _
            | BadModel _ -> false
        | _ -> false

    /// What is wrong and what to do, in a caller's words.
    let messageIn (w: Wording) (error: PipelineError) : string =
        match error with
        | BadText(path, text, diagnostics) ->
            diagnostics |> List.map (Language.render path text) |> String.concat "\n"
        | BadFile error -> FileError.messageIn w error
        | NoEngine error -> LibTorchError.message error
        | NotTrained error -> TrainError.messageIn w error
        | Ended(error, checkpoint) -> ended w error checkpoint
        | Unsaved error ->
            $"{FileError.messageIn w error}\nThe training itself is saved; {w.Continue} when this is fixed."
        | NotResumed error -> CheckpointError.messageIn w error
        | Occupied folder ->
            $"Another run is using {Escape.line folder}; wait for it, or {w.OtherFolder}."
        | Unfinished(folder, checkpoint) ->
            $"{Escape.line folder} contains a run that is not finished ({Escape.line checkpoint}).\n{w.Unfinished}"
        | Unlike misfits -> unlike misfits
        | NotSelected error ->
            $"No network can be selected: {SelectionError.message error}. \
              Remedy: {SelectionError.remedy error}."
        | NoModel error -> ModelError.messageIn w error
        | Inexact(e, atDouble) ->
            $"The selected network differs from the trained one by {e.MaxRel:g3} of the scale of its scores; \
              {e.Tolerance:g3} is allowed ({e.Inputs} inputs, {e.ArgmaxAgree * 100.0:f2} %% with the \
              same class). "
            + (
                match atDouble with
                | Some d when d.Verdict = Exact ->
                    $"At double precision they agree (up to {d.MaxRel:g3}), so this is rounding: the network's \
                     numbers differ too much in size for single precision. Train with a smaller {w.Rate} or a \
                     larger {w.Decay}."
                | Some d ->
                    $"They differ at double precision too (by {d.MaxRel:g3}), so this is not rounding but a bug \
                     in this program; please report it. {w.FindCase}"
                | None -> w.FindCase
            )
        | OnnxDiffers(path, e) ->
            $"{Escape.line path} was not written: for it, ONNX Runtime and LibTorch give different scores: they differ by {e.MaxRel:g3} of \
              the scale of its scores; {e.Tolerance:g3} is allowed. This is a bug in the export or in ONNX Runtime; \
              please report it."
        | NotImported error -> ImportError.messageIn w error
        | ImportDiffers(path, difference, tolerance) ->
            $"{Escape.line path} was not imported: its scores in ONNX Runtime and those of the network in LibTorch differ by \
              {difference:g3} of the largest score; {tolerance:g3} is allowed. This is a bug in the import, or the \
              file treats the images of a batch together; please report it."
        | ProfileOfOther(path, network) ->
            $"{Escape.line path} is a profile of another network than {network}. Factors may differ, layers may not; \
              {w.OwnProfile}."
        | ProfileLacks(path, layer) ->
            $"{Escape.line path} has no times of the layer `{Escape.line layer}`; {w.OwnProfile}."
        | ProfileEngine(path, engine) ->
            $"{Escape.line path} is a profile of the engine '{Escape.line engine}', which is unknown; engines are \
              onnxruntime and libtorch."
        | ProfileForRanks ->
            "A target of latency needs --profile FILE where several ranks train: all of them need the same times. \
              `sss profile` writes the file."
        | PrecisionForRanks ->
            "Several ranks need one precision: give --precision float32 or --precision bf16. With auto, each of them would \
              choose for itself."
        | NoNormalisation path ->
            $"{Escape.line path} does not record how its images are prepared; {w.ExportRaw}."
        | Int8Drops(path, float, int8, images, maxDrop) -> drops w path float int8 images maxDrop
        | NothingInt8 path ->
            $"{Escape.line path} was not written: the network has no layer that int8 makes faster: no conv, dwconv or dense \
              other than a conv that gives the scores. {w.ExportFloat}"
        | Int8WithoutImages(path, split) ->
            $"{Escape.line path} was not written: the data set has no {split} images, and int8 is calibrated on training images \
              and measured on test images."

    /// The same in the words of the command line.
    let message (error: PipelineError) : string = messageIn Wording.commandLine error
