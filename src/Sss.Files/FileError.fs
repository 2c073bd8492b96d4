namespace Sss.Files

open System
open System.IO
open Sss.Core

/// A place inside a file.
type Place = {
    Path: string
    /// The part that the offset counts in: none for the file itself, else the file's unpacked
    /// content or the name of an entry of an archive.
    Part: string option
    /// In bytes, from 0.
    Offset: int64
}

/// Places that need no more than a path.
[<RequireQualifiedAccess>]
module Place =

    /// The start of a file, for what is wrong with it as a whole.
    let start path = {
        Path = path
        Part = None
        Offset = 0L
    }

/// What is wrong with the bytes at a place. Each case carries the facts, not the wording.
type Fault =
    /// `what` needs so many bytes and only so many are left.
    | Truncated of what: string * needed: int64 * left: int64
    /// Bytes follow where the content should end.
    | Surplus of count: int64
    /// Not the signature that the format starts with.
    | NotFormat of format: string * found: string
    /// A value that the format knows and this reader does not.
    | Unsupported of what: string * found: string * supported: string
    /// A number beyond its bounds, which are both included.
    | OutOfRange of what: string * value: string * low: string * high: string
    /// Two statements of the file, or of two files, do not agree.
    | Mismatch of what: string * expected: string * found: string
    /// A name that stands twice.
    | Duplicate of what: string * name: string
    /// Two entries claim the same bytes.
    | Overlap of first: string * second: string
    /// Bytes between entries that belong to none.
    | Hole of count: int64
    /// The syntax of a part is broken; the reason is the parser's.
    | Syntax of format: string * reason: string
    /// Something that the format requires is not there.
    | Lacks of what: string

/// What is wrong with a set of weights for a network.
type WeightFault =
    | MissingWeight of key: string
    | SurplusWeight of key: string
    | WrongWeightShape of key: string * expected: int list * found: int list

/// What is wrong with the numbers of an array. `index` is the first wrong one's, from 0.
type NumberFault =
    /// `count` of `total` values are infinite or no numbers.
    | NotFinite of key: string * index: int * value: float * count: int * total: int
    /// A running variance below 0.
    | NegativeVariance of key: string * index: int * value: float

/// Why a file could not be read or written.
type FileError =
    | NotFound of path: string
    | NotAllowed of path: string
    /// Whatever else the operating system reports; the reason is its own text.
    | NotAvailable of path: string * reason: string
    /// There was no room for the new content; what stood there before is untouched.
    | DiskFull of path: string
    | Malformed of Place * Fault
    /// A data set that is not on this machine: the package that brings it (if one does) and the
    /// folders looked in.
    | DataAbsent of dataset: string * package: string option * folders: string list
    /// `--data` names nothing known; the nearest name, if one is near.
    | UnknownSource of text: string * suggestion: string option
    /// `--data` names a kind of source without saying where it is: `idx` instead of `idx:DIR`.
    | SourceNeedsPath of form: string
    /// The images or classes of a data set are not those of the network.
    | DatasetDiffers of dataset: string * what: string * network: string * found: string
    /// The classes of a data set are not those that a network was trained on.
    | ClassesDiffer of dataset: string * network: string list * found: string list
    /// The pixels of a data set cannot be converted to those that a network was trained on; both in
    /// words.
    | UnitsDiffer of dataset: string * network: string * found: string
    /// Pictures were read in another way than a recipe asks for; both in words.
    | ReadOtherwise of dataset: string * recipe: string * found: string
    /// A network from a file cannot take pictures: why, and the way out.
    | TakesNoPictures of path: string * reason: string * remedy: string
    /// At least one fault, in the order of the network's text.
    | WeightsDiffer of path: string * WeightFault list
    /// More of a folder's pictures are broken than can be put up with; the first one's error.
    | ManyBroken of folder: string * broken: int * total: int * first: FileError
    /// A folder of pictures without the folders to train on and to test with.
    | NoLayout of folder: string * PartsFault
    /// A data set on which no training makes sense: at least one fault, then what else is worth telling.
    | UnusableData of dataset: string * DataNote list
    /// Numbers of a weight file that no network can have; at least one.
    | BadNumbers of path: string * NumberFault list
    /// A foreign library refused the file; the reason is its own text.
    | Refused of path: string * library: string * reason: string

/// Wording and translation of file errors.
[<RequireQualifiedAccess>]
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
        | Duplicate(what, name) -> $"{shown what} `{shown name}` stands twice"
        | Overlap(first, second) -> $"`{shown first}` and `{shown second}` claim the same bytes"
        | Hole n -> $"{bytes n} that no entry claims"
        | Syntax(format, reason) -> $"broken {shown format}: {shown reason}"
        | Lacks what -> $"it has no {shown what}"

    /// One weight fault as a line.
    let weightMessage fault =
        let shape dims = String.Join("x", List.map string dims)

        match fault with
        | MissingWeight key -> $"`{shown key}` is missing"
        | SurplusWeight key -> $"`{shown key}` belongs to no layer"
        | WrongWeightShape(key, expected, found) ->
            $"`{shown key}` is {shape found}, the network needs {shape expected}"

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
            $"`{key}` has {value} at index {index}"

        match fault with
        | NotFinite(key, index, value, count, total) ->
            $"{at key index value}; {count} of its {total} values are not finite"
        | NegativeVariance(key, index, value) ->
            $"{at key index value}; a running variance is 0 or more"

    /// The whole message; more than one line where there is a list or a remedy.
    let rec message error =
        let lines (items: string list) = String.Join("\n", items)

        match error with
        // .NET reads names of files as UTF-8, and opens no file whose name is something else.
        | NotFound path when path.Contains '\uFFFD' ->
            $"{shown path}: no such file or folder; a name that is not UTF-8 cannot be opened"
        | NotFound path -> $"{shown path}: no such file or folder"
        | NotAllowed path -> $"{shown path}: permission denied"
        | NotAvailable(path, reason) -> $"{shown path}: {shown reason}"
        | DiskFull path -> $"{shown path}: no space left on the device; nothing was changed"
        | Malformed(place, fault) ->
            let part =
                place.Part |> Option.map (fun p -> $" of {shown p}") |> Option.defaultValue ""

            $"{shown place.Path}: at byte {place.Offset}{part}: {faultMessage fault}"
        | DataAbsent(dataset, package, folders) ->
            lines [
                $"data set {dataset} is not on this machine"
                match package with
                | Some name -> $"  install it with: apt install {name}"
                | None -> ()
                "  looked in:"
                for folder in folders do
                    $"    {shown folder}"
            ]
        | UnknownSource(text, suggestion) ->
            lines [
                match suggestion with
                | Some name -> $"unknown data set `{shown text}`; did you mean `{name}`?"
                | None -> $"unknown data set `{shown text}`"
                "  known: digits, fashion-mnist, idx:DIR, cifar10:DIR, cifar100:DIR, folder:DIR, npz:FILE"
            ]
        | SourceNeedsPath form -> $"data sets of this kind are given as {form}"
        | DatasetDiffers(dataset, what, network, found) ->
            $"data set {shown dataset} does not fit: the network's {what} is {shown network}, the data's is \
              {shown found}"
        | ClassesDiffer(dataset, network, found) ->
            lines [
                $"data set {shown dataset} does not fit: its classes are not those of the network"
                $"  only in the network: {others network found}"
                $"  only in the data: {others found network}"
                "  names are compared letter by letter; rename the folders of the data"
            ]
        | UnitsDiffer(dataset, network, found) ->
            lines [
                $"data set {shown dataset} does not fit: its pixels cannot be converted to the network's"
                $"  the network was trained on pixels from {shown network}"
                $"  the data has pixels from {shown found}"
                "  add an array `range` with the numbers of black and white to the npz file"
            ]
        | ReadOtherwise(dataset, recipe, found) ->
            lines [
                $"data set {shown dataset}: its pictures were read in another way than the recipe asks for"
                $"  recipe: {shown recipe}"
                $"  pictures: {shown found}"
                "  load the pictures with the recipe's options (in C#: Dataset.Folder(folder, network) with a network of this recipe)"
            ]
        | TakesNoPictures(path, reason, remedy) ->
            lines [ $"{shown path}: the network cannot take picture files: {shown reason}"; $"  {shown remedy}" ]
        | WeightsDiffer(path, faults) ->
            let first = faults |> List.truncate 8 |> List.map (fun f -> "  " + weightMessage f)
            let more = List.length faults - List.length first

            lines [
                $"{shown path}: the weights are not this network's"
                yield! first
                if more > 0 then
                    $"  and {more} more"
            ]
        | ManyBroken(folder, broken, total, first) ->
            lines [
                $"{shown folder}: {broken} of {total} pictures are broken; the first:"
                $"  {message first}"
            ]
        | NoLayout(folder, fault) ->
            let fact, layouts = PartsFault.lines fault
            lines ($"{shown folder}: {fact}" :: layouts)
        | UnusableData(dataset, notes) ->
            lines (DataNote.block $"{shown dataset} cannot be trained on:" notes)
        | BadNumbers(path, faults) ->
            let first = faults |> List.truncate 8 |> List.map (fun f -> "  " + numberMessage f)
            let more = List.length faults - List.length first

            lines [
                $"{shown path}: the weights have values that no network can have"
                yield! first
                if more > 0 then
                    $"  and {more} more arrays"
            ]
        | Refused(path, library, reason) -> $"{shown path}: {library} refuses it: {shown reason}"

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
