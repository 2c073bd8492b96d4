namespace Sss.Torch

open Sss.Core
open Sss.Files

/// How training can end without a result.
type TrainError =
    /// The loss is no longer a number, or so large that training cannot recover.
    | Diverged of epoch: int * loss: float
    /// A number of the network is no longer finite, though the loss still was.
    | Overflowed of epoch: int * key: ArrayKey
    /// The loss of the first batch is not a number, or far too large: no step has been made.
    | BadStart of loss: float
    /// A batch normalisation that sees one value per channel. `images`: of a rank, where there are more.
    | NormOfOne of layer: string * images: int * ranks: int * available: int
    /// Stopped on request, with all that is needed to continue.
    | Stopped of TrainState
    /// No factor has moved since the start, in this many steps.
    | Unmoved of steps: int
    /// The state of the run could not be saved.
    | NotKept of FileError
    /// There was not enough memory for a batch.
    | OutOfMemory of batch: int
    /// The ranks no longer hold the same numbers.
    | Parted of step: int64
    /// There are fewer images in a batch than ranks.
    | TooManyRanks of ranks: int * batch: int
    /// The training set has no images.
    | NoImages
    /// The recipe has `stop`, and no images are held out.
    | NoValidation
    /// The network has neither weights nor factors.
    | NoWeights
    /// The network gives an image, and the data has one class for each image.
    | OutputIsImage of Shape
    /// The recipe has a teacher, and no network for it was given.
    | NoTeacher
    /// A label that is not a class of the network.
    | BadLabel of image: int * label: int * classes: int
    /// A mask with a class that the network does not have.
    | BadMask of image: int * label: int * classes: int
    /// A number that the loss of this word cannot take; None: any finite number would do.
    | BadTarget of image: int * value: float32 * loss: string option
    /// The targets of the data are not those of the network or of the loss.
    | BadTargets of FileError
    /// The same of a further output's target.
    | BadOutputTarget of output: string * TrainError
    /// A setting outside of its bounds.
    | BadSetting of name: string * value: string * bounds: string
    /// A target of latency, and no times to count it with.
    | NoProfile
    /// The training images can no longer be read.
    | BadData of FileError
    /// LibTorch failed, for example for lack of memory; the text is LibTorch's.
    | EngineFailed of reason: string
    /// The caller's own loss of this name cannot be minimised.
    | BadLoss of name: string * LossFault
    | BadModel of ModelError

/// Wording.
[<RequireQualifiedAccess>]
module TrainError =

    /// Whether training ended before it did anything: a checkpoint cannot be the cause.
    let isBeforeFirstStep (error: TrainError) =
        match error with
        | BadStart _
        | NormOfOne _
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
        | NoProfile
        | BadLoss _
        | BadModel(TooManyNumbers _)
        | BadModel(BadPenalty _)
        | BadModel(TooMuchMemory _) -> true
        | Diverged _
        | Overflowed _
        | Stopped _
        | Unmoved _
        | NotKept _
        | OutOfMemory _
        | Parted _
        | BadData _
        | EngineFailed _
        | BadModel _ -> false

    let private normOfOne (w: Wording) layer images ranks available =
        let batch =
            if ranks > 1 then
                $"each rank has {images} image per batch"
            else
                $"a batch is {images} image"

        let remedy =
            if available < 2 then
                "The training set has only one image; use more, or remove the `bn`."
            elif ranks > 1 then
                $"Use a {w.Batch} of at least {2 * ranks}, fewer ranks, or remove the `bn`."
            else
                $"Use a {w.Batch} of 2 or more, or remove the `bn`."

        $"`{layer}` normalises over one value: {batch}, and its input is 1x1. One value has no \
          variance. {remedy}"

    let private epochs count =
        if count = 1 then "1 epoch" else $"{count} epochs"

    /// One message that says what is wrong and what to do, in a caller's words.
    let rec messageIn (w: Wording) (error: TrainError) : string =
        match error with
        | Diverged(epoch, loss) ->
            $"Training diverged in epoch {epoch + 1}: the loss is {loss:g3}. Use a smaller {w.Rate}, or \
              {w.Warmup}."
        | Overflowed(epoch, key) ->
            $"Training diverged in epoch {epoch + 1}: `{ArrayKey.text key}` contains a number that is not finite. Use a smaller \
              {w.Rate}, or {w.Warmup}."
        | BadStart loss ->
            $"The loss of the first batch is {loss}, before any step was made. The weights that training \
              starts from, or the images, contain numbers that are too large; {w.Rate} is not the cause. Check \
              {w.StartValues}."
        | NormOfOne(layer, images, ranks, available) -> normOfOne w layer images ranks available
        | Stopped state -> $"Training was stopped after {epochs state.Epoch}{w.Stopped}."
        | Unmoved steps ->
            $"No scaling factor has moved in {steps} steps: {w.Rate} times γ is too small for the rounding of \
              single precision. Use a larger {w.Rate} or γ."
        | NotKept error ->
            $"Training ended, because its state cannot be saved: {FileError.messageIn w error}"
        | OutOfMemory batch ->
            $"There is not enough memory to train with a batch of {batch} images. Use a smaller \
              {w.Batch}."
        | Parted step ->
            $"The ranks have different numbers before step {step + 1L}. Processors that round \
              differently cause this: use the same kind for all ranks, or the same ATEN_CPU_CAPABILITY."
        | TooManyRanks(ranks, batch) ->
            $"A batch of {batch} images cannot be shared among {ranks} ranks; use fewer ranks, or a \
              larger {w.Batch}."
        | NoImages -> "The training set has no images."
        | NoValidation ->
            $"The recipe has {w.Stop}, which looks at the loss on images that are held out, and none are. Hold some out, \
              {w.HoldOut}, or remove {w.Stop}."
        | NoWeights ->
            "The network has no weights, so there is nothing to train. Add a layer that has some, such as `conv` or `dense`."
        | OutputIsImage output ->
            $"The network gives {output}, one value per class at each position, and the data has one class for each \
              image. End the network with `avgpool global`, for example, or use data with a mask for each image."
        | NoTeacher ->
            $"The recipe has a {w.Teacher}, and no network for it was given. {w.TeacherNetwork}"
        | BadLabel(image, label, classes) ->
            $"Training image {image} has the label {label}; labels are 0 to {classes - 1}."
        | BadMask(image, label, classes) ->
            $"The mask of training image {image} has the class {label}; classes are 0 to {classes - 1}."
        | BadTarget(image, value, Some loss) ->
            $"Training image {image} has the target {value}; `loss {loss}` takes numbers from 0 to 1."
        | BadTarget(image, value, None) ->
            $"Training image {image} has the target {value}; targets must be finite numbers."
        | BadTargets error -> FileError.messageIn w error
        | BadOutputTarget(output, error) -> $"Output `{output}`: {messageIn w error}"
        | BadSetting(name, value, bounds) -> $"{name} is {value}; it must be {bounds}."
        | NoProfile ->
            $"A target of latency needs a profile of measured times ({w.Profile}), and none is given."
        | BadData error -> $"The training images cannot be read: {FileError.messageIn w error}"
        | EngineFailed reason -> $"LibTorch failed: {reason}"
        | BadLoss(name, fault) -> LossFault.message name fault
        | BadModel error -> ModelError.messageIn w error

    /// The same in the words of the command line.
    let message (error: TrainError) : string = messageIn Wording.commandLine error
