namespace Sss.Files

open System
open System.IO
open Sss.Core

/// Where images come from: the `DATA` of the command line.
type DataSource =
    /// Embedded in the program.
    | Digits
    /// Debian's folder, `$SSS_DATA/fashion-mnist`, or `./data/fashion-mnist`.
    | FashionMnist
    /// A folder with the four files of MNIST and its relatives, plain or gzipped.
    | Idx of folder: string
    /// A folder with the binary files of CIFAR-10.
    | Cifar10 of folder: string
    /// A folder with the binary files of CIFAR-100.
    | Cifar100 of folder: string
    /// A folder of pictures, a sub-folder per class, or with a mask each.
    | Folder of folder: string
    /// A NumPy archive.
    | Npz of file: string
    /// A table, or a folder with two; the names of its target columns, none where they are the last ones.
    | Csv of file: string * targets: string list

/// Reading of `DATA`.
[<RequireQualifiedAccess>]
module DataSource =

    /// The kinds that need a path, with what makes a source of one.
    let private withPath = [
        "idx", "DIR", Idx
        "cifar10", "DIR", Cifar10
        "cifar100", "DIR", Cifar100
        "folder", "DIR", Folder
        "npz", "FILE", Npz
        "csv", "FILE", (Csv.parse >> Csv)
    ]

    let private kinds = withPath |> List.map (fun (kind, _, _) -> kind)
    let private names = [ "digits"; "fashion-mnist" ] @ kinds

    /// What `DATA` may be, as far as it is known without the path: `digits`, `idx:`, …
    let forms = [ "digits"; "fashion-mnist" ] @ List.map (fun kind -> kind + ":") kinds

    /// Whether a source is a folder of pictures with masks.
    let hasMasks (source: DataSource) : bool =
        match source with
        | Folder folder -> MaskListing.isThere folder
        | Digits
        | FashionMnist
        | Idx _
        | Cifar10 _
        | Cifar100 _
        | Npz _
        | Csv _ -> false

    /// Reads `digits`, `fashion-mnist`, `idx:DIR` and the rest.
    let parse (text: string) : Result<DataSource, FileError> =
        let kind, path =
            match text.IndexOf ':' with
            | -1 -> text, None
            | at -> text.Substring(0, at), Some(text.Substring(at + 1))

        match List.tryFind (fun (name, _, _) -> name = kind) withPath, path with
        | Some(_, _, make), Some path when path <> "" -> Ok(make path)
        | Some(name, form, _), _ -> Error(SourceNeedsPath $"{name}:{form}")
        | None, None when text = "digits" -> Ok Digits
        | None, None when text = "fashion-mnist" -> Ok FashionMnist
        | None, _ ->
            let whole name =
                match path with
                | Some path when List.contains name kinds -> $"{name}:{path}"
                | _ -> name

            Error(UnknownSource(text, Suggest.nearest names kind |> Option.map whole))

    let private fashionClasses = [
        "T-shirt/top"
        "Trouser"
        "Pullover"
        "Dress"
        "Coat"
        "Sandal"
        "Shirt"
        "Sneaker"
        "Bag"
        "Ankle boot"
    ]

    /// The folders that may hold Fashion-MNIST, first choice first.
    let fashionFolders () : string list = [
        match Environment.GetEnvironmentVariable "SSS_DATA" |> Option.ofObj with
        | Some root when root <> "" -> Path.Combine(root, "fashion-mnist")
        | _ -> ()
        Path.Combine("data", "fashion-mnist") |> Path.GetFullPath
        "/usr/share/datasets/fashion-mnist"
    ]

    let private fashion () =
        let folders = fashionFolders ()

        match folders |> List.tryFind Directory.Exists with
        | Some folder -> Idx.load "fashion-mnist" (Some fashionClasses) folder
        | None -> Error(DataAbsent("fashion-mnist", Some "dataset-fashion-mnist", folders))

    /// Reads the whole data set into memory. Where a network is given, pictures of a folder have the size of its input, and
    /// the columns of a table are those that it takes.
    let internal load
        (options: PictureOptions)
        (network: Network option)
        (source: DataSource)
        : Result<Dataset, FileError> =
        match source with
        | Digits -> Ok(Digits.load ())
        | FashionMnist -> fashion ()
        | Idx folder -> Idx.load $"idx:{folder}" None folder
        | Cifar10 folder -> Cifar.loadTen folder
        | Cifar100 folder -> Cifar.loadHundred folder
        | Folder folder when MaskListing.isThere folder -> MaskFolder.load options network folder
        | Folder folder -> ImageFolder.load options (network |> Option.map _.Input) folder
        | Npz file -> Npz.load file
        | Csv(file, targets) -> Csv.load network file targets
