namespace Sss.Files

open System
open System.IO
open Sss.Core

/// Wording and translation of file errors.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module FileError =

    /// Names and reasons come from outside; none may steer a terminal or begin a line of its own.
    let private shown = Escape.line

    let private bytes (n: int64) =
        if n = 1L then "1 byte" else $"{n} bytes"

    /// Whether it is the content of a file that is at fault, so that other files may be used; the
    /// rest is the machine's or the folder's.
    let isBroken error =
        match error with
        | Malformed _ -> true
        | _ -> false

    /// What is wrong, as the second half of a sentence's line.
    let faultMessage fault =
        match fault with
        | Truncated(what, needed, left) ->
            $"{shown what} needs {bytes needed}, but the content ends after {bytes left}"
        | Surplus n -> $"{bytes n} more than the content should have"
        | NotFormat(format, found) -> $"not {format}: it starts with {shown found}"
        | Unsupported(what, found, supported) ->
            $"{shown what} is {shown found}; supported: {supported}"
        | OutOfRange(what, value, low, high) ->
            $"{shown what} is {shown value}; it must be {low} to {high}"
        | Mismatch(what, expected, found) ->
            $"{shown what}: expected {shown expected}, found {shown found}"
        | Duplicate(what, name) -> $"{shown what} `{shown name}` is there twice"
        | Overlap(first, second) -> $"`{shown first}` and `{shown second}` use the same bytes"
        | Hole n -> $"{bytes n} that belong to no entry"
        | Syntax(format, reason) -> $"broken {shown format}: {shown reason}"
        | Lacks what -> $"it has no {shown what}"

    let private shownKey key = shown (ArrayKey.text key)

    /// One weight fault as a line.
    let weightMessage fault =
        let shape dims = String.Join("x", List.map string dims)

        match fault with
        | MissingWeight key -> $"`{shownKey key}` is missing"
        | SurplusWeight name -> $"`{shown name}` belongs to no layer"
        | WrongWeightShape(key, expected, found) ->
            $"`{shownKey key}` is {shape found}, the network needs {shape expected}"

    /// The names that only one of two lists has, a few of them.
    let private others (these: string list) (those: string list) =
        let most = 8

        match these |> List.filter (fun name -> not (List.contains name those)) with
        | [] -> "none"
        | names when names.Length > most ->
            String.Join(", ", List.truncate most names |> List.map shown)
            + $" and {names.Length - most} more"
        | names -> String.Join(", ", List.map shown names)

    /// One fault of numbers as a line.
    let numberMessage fault =
        let at key (index: int) (value: float) =
            let value = value.ToString(Globalization.CultureInfo.InvariantCulture)
            $"`{shownKey key}` has {value} at index {index}"

        match fault with
        | NotFinite(key, index, value, count, total) ->
            $"{at key index value}; {count} of its {total} values are not finite"
        | NegativeVariance(key, index, value) ->
            $"{at key index value}; a running variance is 0 or more"

    let private lines (items: string list) = String.Join("\n", items)

    let private malformed (place: Sss.Files.Place) fault =
        let part =
            place.Part |> Option.map (fun p -> $" of {shown p}") |> Option.defaultValue ""

        $"{shown place.Path}: at byte {place.Offset}{part}: {faultMessage fault}"

    let private absent (dataset: string) (package: string option) (folders: string list) =
        lines [
            $"data set {dataset} is not on this machine"
            match package with
            | Some name -> $"  install it with: apt install {name}"
            | None -> ()
            "  looked in:"
            for folder in folders do
                $"    {shown folder}"
        ]

    let private unknown (text: string) (suggestion: string option) =
        lines [
            match suggestion with
            | Some name -> $"unknown data set `{shown text}`; did you mean `{name}`?"
            | None -> $"unknown data set `{shown text}`"
            "  known: digits, fashion-mnist, idx:DIR, cifar10:DIR, cifar100:DIR, folder:DIR, npz:FILE, csv:FILE"
        ]

    let private differentClasses dataset network found =
        lines [
            $"data set {shown dataset} does not fit: its classes are not the classes of the network"
            $"  only in the network: {others network found}"
            $"  only in the data: {others found network}"
            "  names must be exactly equal; rename the folders of the data"
        ]

    let private differentUnits dataset network found =
        lines [
            $"data set {shown dataset} does not fit: its pixels cannot be converted to the network's"
            $"  the network was trained on pixels from {shown network}"
            $"  the data has pixels from {shown found}"
            "  add an array `range` with the values of black and white to the npz file"
        ]

    let private readOtherwise (w: Wording) dataset recipe found =
        lines [
            $"data set {shown dataset}: its pictures were not read as the recipe says"
            $"  recipe: {shown recipe}"
            $"  pictures: {shown found}"
            $"  {w.ReadPictures}"
        ]

    let private pictureRemedy (w: Wording) remedy =
        match remedy with
        | PictureRemedy.UseNumbers -> w.UseNumbers
        | PictureRemedy.GiveRange ->
            "add an array `range` with the values of black and white to the npz file and train again"
        | PictureRemedy.Train -> w.RecordPreparation
        | PictureRemedy.Export -> w.Export
        | PictureRemedy.ExportTrained -> w.ExportTrained
        | PictureRemedy.ReadOutput -> $"{w.Export} and read its output there"
        | PictureRemedy.RunOutput -> "run it in ONNX Runtime and read its output there"
        | PictureRemedy.Import -> w.Import

    /// The first few faults of a file's weights. `more`: what the rest are called.
    let private faultsOf path what more (wording: 'T -> string) (faults: 'T list) =
        let first =
            faults |> List.truncate 8 |> List.map (fun fault -> "  " + wording fault)

        let rest = List.length faults - List.length first

        lines [
            $"{shown path}: {what}"
            yield! first
            if rest > 0 then
                $"  and {rest} more{more}"
        ]

    /// The first faults of a file or a folder, and how many more there are.
    let private firstOf path what (wording: 'T -> string) (faults: 'T list) more =
        lines [
            $"{shown path}: {what}"
            for fault in faults do
                "  " + shown (wording fault)
            if more > 0 then
                $"  and {more} more"
        ]

    /// The whole message, in a caller's words; more than one line where there is a list or a remedy.
    let rec messageIn (w: Wording) error =
        match error with
        // .NET reads names of files as UTF-8, and opens no file whose name is something else.
        | NotFound path when path.Contains '\uFFFD' ->
            $"{shown path}: no such file or folder; a name that is not UTF-8 cannot be opened"
        | NotFound path -> $"{shown path}: no such file or folder"
        | NotAllowed path -> $"{shown path}: permission denied"
        | NotAvailable(path, reason) -> $"{shown path}: {shown reason}"
        | DiskFull path -> $"{shown path}: no space left on the device; nothing was changed"
        | Malformed(place, fault) -> malformed place fault
        | DataAbsent(dataset, package, folders) -> absent dataset package folders
        | UnknownSource(text, suggestion) -> unknown text suggestion
        | SourceNeedsPath form -> $"give data sets of this kind as {form}"
        | DatasetDiffers(dataset, what, network, found) ->
            $"data set {shown dataset} does not fit: the network's {what} is {shown network}, that of the data is \
              {shown found}"
        | TargetsDiffer(dataset, needed, found, remedy) ->
            $"data set {shown dataset} does not fit: {needed}; the data has {found}\n  {remedy}"
        | ClassesDiffer(dataset, network, found) -> differentClasses dataset network found
        | UnitsDiffer(dataset, network, found) -> differentUnits dataset network found
        | ReadOtherwise(dataset, recipe, found) -> readOtherwise w dataset recipe found
        | TakesNoPictures(path, reason, remedy) ->
            $"{shown path}: the network cannot take picture files: {shown reason}\n  {pictureRemedy w remedy}"
        | WeightsDiffer(path, faults) ->
            faultsOf path "the weights do not belong to this network" "" weightMessage faults
        | ManyBroken(folder, broken, total, first) ->
            $"{shown folder}: {broken} of {total} pictures are broken; the first:\n  {messageIn w first}"
        | BadTable(path, faults, more) ->
            firstOf path "the table cannot be used" TableFault.message faults more
        | BadMasks(folder, faults, more) ->
            firstOf folder "the masks cannot be used" MaskFault.message faults more
        | NoColumn(path, name, suggestion, columns) ->
            TableFault.noColumn path name suggestion columns
        | ColumnsDiffer(dataset, input, targets, found) ->
            TableFault.columnsDiffer dataset input targets found
        | NoLayout(folder, fault) ->
            let fact, layouts = PartsFault.lines fault
            lines ($"{shown folder}: {fact}" :: layouts)
        | UnusableData(dataset, notes) ->
            lines (DataNote.block $"{shown dataset} cannot be trained on:" notes)
        | BadNumbers(path, faults) ->
            faultsOf
                path
                "the weights have values that are not valid"
                " arrays"
                numberMessage
                faults
        | Refused(path, library, reason) -> $"{shown path}: {library} cannot use it: {shown reason}"

    /// The same in the words of the command line.
    let message (error: FileError) : string = messageIn Wording.commandLine error

    /// Codes that mean "no room": ENOSPC, EDQUOT and EFBIG, and Windows' two.
    let private isFull (e: IOException) =
        match e.HResult with
        | 28
        | 122
        | 27
        | 0x80070070
        | 0x80070027 -> true
        | _ -> false

    let private mayList (folder: string) =
        try
            Directory.EnumerateFileSystemEntries folder |> Seq.isEmpty |> ignore
            true
        with
        | :? UnauthorizedAccessException
        | :? IOException -> false

    /// What .NET makes of EFBIG, wherever it writes: a limit of the user or of the file system on the size
    /// of one file.
    let isTooBig (e: exn) =
        match e with
        | :? ArgumentOutOfRangeException as e ->
            e.ParamName = "value" && e.Source = "System.Private.CoreLib"
        | _ -> false

    /// The error value for an exception of the file system or of a decompressor; None for any
    /// other, which is a defect and no property of the file.
    let ofException (path: string) (e: exn) : FileError option =
        match e with
        | :? FileNotFoundException
        | :? DirectoryNotFoundException -> Some(NotFound path)
        // What the system says when a folder is opened as a file, and also when it may not be listed.
        | :? UnauthorizedAccessException when Directory.Exists path && mayList path ->
            Some(NotAvailable(path, "it is a folder"))
        | :? UnauthorizedAccessException -> Some(NotAllowed path)
        | :? InvalidDataException as e ->
            Some(Malformed(Place.start path, Syntax("compressed data", e.Message)))
        | :? IOException as e when isFull e -> Some(DiskFull path)
        | :? IOException as e -> Some(NotAvailable(path, e.Message))
        | :? NotSupportedException -> Some(NotAvailable(path, e.Message))
        | e when isTooBig e ->
            Some(NotAvailable(path, "it would be larger than the system allows a file to be"))
        // Only for what can be no path at all; any other bad argument is a defect of ours.
        | :? ArgumentException when path = "" || path.Contains '\000' ->
            Some(NotAvailable(path.Replace('\000', '?'), "not a path"))
        | _ -> None

    /// Runs what touches a file, and turns the exceptions of the file system into errors.
    let catching (path: string) (work: unit -> Result<'T, FileError>) : Result<'T, FileError> =
        try
            work ()
        with e ->
            match ofException path e with
            | Some error -> Error error
            | None -> reraise ()
