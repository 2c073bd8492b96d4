namespace Sss.Files

open System

/// Remarks about a folder of pictures. Each case contains the facts, not
/// the wording. Folders are named relative to the data set's root.
[<RequireQualifiedAccess>]
type FolderNote =
    /// Hidden folders and hidden pictures, which are skipped.
    | Hidden of names: string list
    /// Class folders with nothing in them, which are not classes.
    | Empty of folders: string list
    /// Files of a class folder that are not read, by suffix.
    | NotRead of folder: string * suffixes: (string * int) list
    /// Pictures in folders below a class folder.
    | Nested of folder: string * pictures: int * folders: string list
    /// Masks that belong to no image.
    | NoImage of masks: string list
    /// Pictures that are in no class folder.
    | Loose of folder: string * pictures: int
    /// Folders beside `train` and `test`.
    | Beside of folders: string list
    /// A validation folder that is not used, since there is a test folder.
    | Unused of folder: string * test: string
    /// A validation folder that is used for testing, since there is no test folder.
    | StandsIn of folder: string
    /// Classes with training images but no test images.
    | Untested of classes: string list
    /// Two classes whose names look the same.
    | Alike of first: string * second: string * Likeness
    /// A fault: a class folder without a picture that can be read. How many files of which suffixes, how
    /// many pictures in folders below it, and how many broken pictures it has.
    | NoPictures of folder: string * suffixes: (string * int) list * nested: int * broken: int
    /// A fault: pictures to test a class with that training has not; the class that may be meant.
    | Unlearnable of folder: string * pictures: int * near: (string * Likeness option) option

/// Wording.
[<RequireQualifiedAccess>]
module FolderNote =

    /// Whether a class could not be learned, or not be tested fairly.
    let isFault note =
        match note with
        | FolderNote.NoPictures _
        | FolderNote.Unlearnable _ -> true
        | FolderNote.Hidden _
        | FolderNote.Empty _
        | FolderNote.NotRead _
        | FolderNote.Nested _
        | FolderNote.NoImage _
        | FolderNote.Loose _
        | FolderNote.Beside _
        | FolderNote.Unused _
        | FolderNote.StandsIn _
        | FolderNote.Untested _
        | FolderNote.Alike _ -> false

    let internal counted (n: int) (one: string) =
        if n = 1 then $"1 {one}"
        elif one.EndsWith "class" then $"{n} {one}es"
        else $"{n} {one}s"

    /// A few names of a list.
    let internal some (names: string list) =
        let shown = 5
        let first = names |> List.truncate shown |> List.map (fun n -> $"`{n}`")
        let more = names.Length - shown
        String.Join(", ", first) + (if more > 0 then $" and {more} more" else "")

    let private bySuffix (suffixes: (string * int) list) =
        let shown = 5

        let word (suffix, count) =
            if suffix = "" then
                $"{count} without a suffix"
            else
                $"{count} {suffix}"

        let first = suffixes |> List.truncate shown |> List.map word
        let more = suffixes |> List.skip (min shown suffixes.Length) |> List.sumBy snd
        String.Join(", ", first) + (if more > 0 then $", {more} others" else "")

    let private noPictures folder suffixes nested broken =
        let reasons = [
            if broken > 0 then
                (if broken = 1 then
                     "its only picture is broken"
                 else
                     $"all its {broken} pictures are broken")
            if not (List.isEmpty suffixes) then
                $"it has {bySuffix suffixes}; .jpg, .jpeg and .png are read"
            if nested > 0 then
                $"""{counted nested "picture"} in folders below it; pictures must be directly in the class folder"""
        ]

        $"""`{folder}` has no picture that can be read: {String.Join("; ", reasons)}"""

    let private unlearnable folder pictures near =
        let fact =
            $"""`{folder}`: {counted pictures "test picture"} of a class that has no training pictures"""

        match near with
        | None -> fact
        | Some(name, Some likeness) ->
            $"{fact}; is it training's `{name}`? The names differ only in {Likeness.describe likeness}"
        | Some(name, None) -> $"{fact}; is it training's `{name}`?"

    /// One line, without a full stop.
    let message note =
        match note with
        | FolderNote.Hidden names -> $"hidden, so not used: {some names}"
        | FolderNote.Empty folders -> $"empty, so no class: {some folders}"
        | FolderNote.NotRead(folder, suffixes) ->
            $"`{folder}`: files that are not read: {bySuffix suffixes}"
        | FolderNote.Nested(folder, pictures, folders) ->
            $"""`{folder}`: {counted pictures "picture"} in folders below it not used ({some folders})"""
        | FolderNote.NoImage masks -> $"masks without an image, not used: {some masks}"
        | FolderNote.Loose(folder, pictures) ->
            $"""`{folder}`: {counted pictures "picture"} in no class folder, not used"""
        | FolderNote.Beside folders ->
            $"not used, because they are neither training nor test: {some folders}"
        | FolderNote.Unused(folder, test) ->
            $"`{folder}` is not used: the test images are from `{test}`, and images for validation are taken from training"
        | FolderNote.StandsIn folder ->
            $"`{folder}` is used for testing, because there is no folder `test`"
        | FolderNote.Untested classes -> $"no test pictures of {some classes}"
        | FolderNote.Alike(first, second, likeness) ->
            $"classes `{first}` and `{second}` differ only in {Likeness.describe likeness}"
        | FolderNote.NoPictures(folder, suffixes, nested, broken) ->
            noPictures folder suffixes nested broken
        | FolderNote.Unlearnable(folder, pictures, near) -> unlearnable folder pictures near

/// Why the parts of a folder cannot be determined.
[<RequireQualifiedAccess>]
type PartsFault =
    /// A training folder, and no folder to test with.
    | NoTest of train: string
    /// A folder to test with, and no training folder.
    | NoTrain of test: string
    /// Two folders with names for the same part.
    | Twice of first: string * second: string
    /// `part` has class folders, and the other one has pictures or nothing.
    | NoClassFolders of part: string * other: string

/// Wording.
[<RequireQualifiedAccess>]
module PartsFault =

    /// What is wrong, and the layouts that are read.
    let lines fault =
        let fact =
            match fault with
            | PartsFault.NoTest train -> $"there is `{train}` but no test folder"
            | PartsFault.NoTrain test -> $"there is `{test}` but no folder `train`"
            | PartsFault.Twice(first, second) ->
                $"`{first}` and `{second}` both exist; remove one of them"
            | PartsFault.NoClassFolders(part, other) ->
                $"`{part}` has class folders and `{other}` has none"

        fact,
        [
            "These layouts are read:"
            "  DIR/CLASS/PICTURE: every fifth picture of a class is for testing"
            "  DIR/train/CLASS/PICTURE and DIR/test/CLASS/PICTURE"
            "`training`, `testing`, `val`, `valid` and `validation` are read too, in capital or small letters."
        ]
