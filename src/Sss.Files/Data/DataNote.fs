namespace Sss.Files

open System
open Sss.Core

/// Remarks about a data set for users who train on it. Each case contains the facts, not the
/// wording.
[<RequireQualifiedAccess>]
type DataNote =
    | Folder of FolderNote
    /// A fault: classes that have test images and no training images.
    | Unlearned of classes: string list * images: int
    /// A fault: all training images are of one class.
    | OneClass of name: string * images: int
    /// A fault: all training images are the same.
    | AllSame of images: int
    /// Classes without a training image or a test image.
    | Absent of classes: string list
    /// Classes in which all training images are the same, with their numbers of images.
    | SameInClass of classes: (string * int) list
    /// Training images that are copies of another one.
    | Copies of copies: int * images: int
    /// Training images with a copy that has another label.
    | TwoLabels of images: int
    /// Test images that are training images too.
    | TrainAndTest of images: int * tests: int
    /// Classes with one training image.
    | OneImage of classes: string list
    /// Fewer training images than a batch takes.
    | BelowBatch of images: int * batch: int
    /// `count` images drawn class by class, since the first `count` have only `had` of the `classes`,
    /// or other proportions.
    | Limited of what: string * count: int * classes: int * had: int * seed: int
    /// Arrays were split class by class, at random; the classes with one image, which is trained on.
    | Divided of train: int * test: int * seed: int * single: string list

/// Wording.
[<RequireQualifiedAccess>]
module DataNote =

    /// Whether no training makes sense.
    let isFault note =
        match note with
        | DataNote.Folder note -> FolderNote.isFault note
        | DataNote.Unlearned _
        | DataNote.OneClass _
        | DataNote.AllSame _ -> true
        | DataNote.Absent _
        | DataNote.SameInClass _
        | DataNote.Copies _
        | DataNote.TwoLabels _
        | DataNote.TrainAndTest _
        | DataNote.OneImage _
        | DataNote.BelowBatch _
        | DataNote.Limited _
        | DataNote.Divided _ -> false

    let private counted = FolderNote.counted
    let private some = FolderNote.some

    let private limited what count classes had seed =
        let reason =
            if had < classes then
                $"""the first {count} have {had} of {counted classes "class"}"""
            else
                $"the first {count} have other proportions of classes"

        $"{count} {what} images drawn at random from each class in proportion, seed {seed}: {reason}"

    let private divided train test seed single =
        let text =
            $"split class by class, at random with seed {seed}: {train} images for training, {test} for testing"

        if List.isEmpty single then
            text
        else
            $"{text}; the only image of {some single} is for training"

    let private text note =
        match note with
        | DataNote.Folder note -> FolderNote.message note
        | DataNote.Unlearned(classes, images) ->
            $"""{counted images "test image"} of classes that have no training images: {some classes}"""
        | DataNote.OneClass(name, images) ->
            $"all {images} training images are of one class, `{name}`: there is nothing to classify"
        | DataNote.AllSame images ->
            $"all {images} training images are the same image: there is nothing to learn"
        | DataNote.Absent classes -> $"no images at all of {some classes}"
        | DataNote.SameInClass classes ->
            let word (name, count) = $"`{name}` ({count} images)"
            let shown = classes |> List.truncate 5 |> List.map word
            let more = classes.Length - 5
            let tail = if more > 0 then $" and {more} more" else ""
            $"""all training images of a class are the same image: {String.Join(", ", shown)}{tail}"""
        | DataNote.Copies(copies, images) ->
            $"{copies} of {images} training images are copies of another one; were they decoded correctly?"
        | DataNote.TwoLabels images ->
            $"""{counted images "training image"} also present with another label: no network can classify both correctly"""
        | DataNote.TrainAndTest(images, tests) ->
            $"{images} of {tests} test images are training images too: the accuracy will be too high"
        | DataNote.OneImage classes -> $"only one training image of {some classes}"
        | DataNote.BelowBatch(images, batch) ->
            $"""{counted images "training image"}, fewer than a batch of {batch}: each step takes all of them"""
        | DataNote.Limited(what, count, classes, had, seed) -> limited what count classes had seed
        | DataNote.Divided(train, test, seed, single) -> divided train test seed single

    /// One line, without a full stop. Names of folders and classes are the user's: what would control a
    /// terminal or begin a new line is escaped.
    let message note = Escape.line (text note)

    /// At most this many lines per data set.
    let private mostLines = 12

    /// Notes below a title, of a bounded number of lines; empty where there is no note.
    let block (title: string) (notes: DataNote list) : string list =
        let more = notes.Length - mostLines

        match notes with
        | [] -> []
        | notes -> [
            title
            for note in List.truncate mostLines notes do
                "  " + message note
            if more > 0 then
                $"  and {more} more of this kind"
          ]
