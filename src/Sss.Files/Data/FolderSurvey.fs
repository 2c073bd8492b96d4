namespace Sss.Files

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core

/// A picture with its label.
type internal LabelledPicture = { Path: string; Label: int }

/// What a folder of pictures holds.
type internal FolderSurvey = {
    /// In the order of the labels.
    Classes: string list
    Train: LabelledPicture list
    Test: LabelledPicture list
    Notes: FolderNote list
}

/// Where a folder has its training and test pictures.
[<RequireQualifiedAccess>]
type internal FolderLayout =
    /// Class folders at the root.
    | Classes
    /// Class folders in two folders, by name; a validation folder that is not used, and other folders.
    | Parts of train: string * test: string * unused: string list * beside: string list

/// Surveys a folder of pictures before any is opened: which layout, which classes, which pictures, and
/// what is missing, ignored or does not fit.
[<RequireQualifiedAccess>]
module internal FolderSurvey =

    let private trainNames = [ "train"; "training" ]
    let private testNames = [ "test"; "testing" ]
    let private validationNames = [ "val"; "valid"; "validation" ]

    /// The layout, from the names of the root's folders; `hasFolders` says whether one of them has
    /// folders in it that are not hidden. (A folder `train` that holds pictures is a class of that name.)
    let layout
        (root: string)
        (names: string list)
        (hasFolders: string -> bool)
        : Result<FolderLayout, FileError> =
        let refused fault = Error(NoLayout(root, fault))
        let small (name: string) = name.ToLowerInvariant()

        let named part =
            names |> List.filter (fun name -> List.contains (small name) part)

        let parts part = named part |> List.filter hasFolders

        // The two that are used; the others are extra.
        let both train test unused =
            let beside = names |> List.except (train :: test :: unused)
            Ok(FolderLayout.Parts(train, test, unused, beside))

        match parts trainNames, parts testNames, parts validationNames with
        | [], [], [] -> Ok FolderLayout.Classes
        | first :: second :: _, _, _
        | _, first :: second :: _, _
        | _, [], first :: second :: _ -> refused (PartsFault.Twice(first, second))
        | [ train ], [ test ], unused -> both train test unused
        | [ train ], [], [ validation ] -> both train validation []
        | [ train ], [], [] ->
            match named testNames @ named validationNames with
            | flat :: _ -> refused (PartsFault.NoClassFolders(train, flat))
            | [] -> refused (PartsFault.NoTest train)
        | [], test :: _, _
        | [], [], test :: _ ->
            match named trainNames with
            | flat :: _ -> refused (PartsFault.NoClassFolders(test, flat))
            | [] -> refused (PartsFault.NoTrain test)

    let private isEmpty (folder: ClassFolder) =
        folder.Pictures.IsEmpty && folder.Suffixes.IsEmpty && folder.Nested = 0

    let private labelled (classes: string list) (folder: ClassesFolder) =
        let labels = classes |> List.mapi (fun label name -> name, label) |> Map.ofList

        folder.Classes
        |> List.collect (fun one ->
            match Map.tryFind one.Name labels with
            | None -> []
            | Some label -> one.Pictures |> List.map (fun path -> { Path = path; Label = label })
        )
        |> List.sortBy (fun picture -> picture.Label)

    /// What is in a folder of class folders besides pictures that are used.
    let private aside (folders: ClassesFolder list) : FolderNote list =
        let classes = folders |> List.collect _.Classes
        let hiddenIn (one: ClassFolder) = one.Hidden

        let hidden =
            folders |> List.collect (fun f -> f.Hidden @ List.collect hiddenIn f.Classes)

        let empty = classes |> List.filter isEmpty |> List.map (fun one -> one.Shown)

        [
            if not hidden.IsEmpty then
                FolderNote.Hidden hidden
            if not empty.IsEmpty then
                FolderNote.Empty empty
            for folder in folders do
                if folder.Loose > 0 then
                    FolderNote.Loose(
                        (if folder.Shown = "" then "." else folder.Shown),
                        folder.Loose
                    )
            for one in classes do
                if not one.Pictures.IsEmpty then
                    if not one.Suffixes.IsEmpty then
                        FolderNote.NotRead(one.Shown, one.Suffixes)

                    if one.Nested > 0 then
                        FolderNote.Nested(one.Shown, one.Nested, one.NestedFolders)
        ]

    /// Classes whose names look the same.
    let private alike (classes: string list) : FolderNote list =
        classes
        |> List.groupBy Likeness.key
        |> List.collect (fun (_, names) -> [
            for i, first in List.indexed names do
                for second in List.skip (i + 1) names do
                    match Likeness.ofNames first second with
                    | Some likeness -> FolderNote.Alike(first, second, likeness)
                    | None -> ()
        ])

    let private near (classes: string list) (name: string) =
        classes
        |> List.tryPick (fun c -> Likeness.ofNames c name |> Option.map (fun l -> c, Some l))
        |> Option.orElse (Suggest.nearest classes name |> Option.map (fun c -> c, None))

    let private withoutPictures (folder: ClassFolder) =
        if folder.Pictures.IsEmpty && not (isEmpty folder) then
            Some(FolderNote.NoPictures(folder.Shown, folder.Suffixes, folder.Nested, 0))
        else
            None

    /// Class folders of training and of testing, judged together.
    let ofParts (train: ClassesFolder) (test: ClassesFolder) : FolderSurvey =
        let used = train.Classes |> List.filter (isEmpty >> not)
        let classes = used |> List.map _.Name
        let known = Set.ofList classes
        let trained, tested = labelled classes train, labelled classes test
        let isTested = tested |> List.map _.Label |> Set.ofList

        {
            Classes = classes
            Train = trained
            Test = tested
            Notes = [
                yield! List.choose withoutPictures used

                for folder in test.Classes do
                    if not (known.Contains folder.Name) && not folder.Pictures.IsEmpty then
                        FolderNote.Unlearnable(
                            folder.Shown,
                            folder.Pictures.Length,
                            near classes folder.Name
                        )

                yield! aside [ train; test ]

                match classes |> List.indexed |> List.filter (fst >> isTested.Contains >> not) with
                | [] -> ()
                | untested -> FolderNote.Untested(List.map snd untested)

                yield! alike classes
            ]
        }

    /// Class folders at the root: of each class every fifth picture is for testing.
    let ofClasses (folder: ClassesFolder) : FolderSurvey =
        let used = folder.Classes |> List.filter (isEmpty >> not)
        let classes = used |> List.map _.Name

        let parts =
            labelled classes folder
            |> List.groupBy _.Label
            |> List.collect (fun (_, ofClass) ->
                ofClass |> List.mapi (fun i picture -> i % 5 = 4, picture)
            )

        let pick isTest =
            parts |> List.filter (fun (t, _) -> t = isTest) |> List.map snd

        let untested =
            used |> List.filter (fun f -> not f.Pictures.IsEmpty && f.Pictures.Length < 5)

        {
            Classes = classes
            Train = pick false
            Test = pick true
            Notes = [
                yield! List.choose withoutPictures used
                yield! aside [ folder ]
                if not untested.IsEmpty then
                    FolderNote.Untested(untested |> List.map (fun f -> f.Name))
                yield! alike classes
            ]
        }

    /// Surveys a folder; only names are read.
    let read (root: string) : Result<FolderSurvey, FileError> =
        let hasFolders name =
            match FolderListing.visible (Path.Combine(root, name)) with
            | Ok names -> not names.IsEmpty
            // It is reported when the folder is read.
            | Error _ -> true

        result {
            let! names = FolderListing.visible root

            match! layout root names hasFolders with
            | FolderLayout.Classes ->
                let! folder = FolderListing.read root ""
                return ofClasses folder
            | FolderLayout.Parts(train, test, unused, beside) ->
                let! training = FolderListing.read (Path.Combine(root, train)) train
                let! testing = FolderListing.read (Path.Combine(root, test)) test
                let survey = ofParts training testing

                return {
                    survey with
                        Notes = [
                            yield! survey.Notes
                            for folder in unused do
                                FolderNote.Unused(folder, test)
                            if not (List.contains (test.ToLowerInvariant()) testNames) then
                                FolderNote.StandsIn test
                            if not beside.IsEmpty then
                                FolderNote.Beside beside
                        ]
                }
        }
