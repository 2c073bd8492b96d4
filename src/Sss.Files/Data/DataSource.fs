namespace Sss.Files

open System
open System.IO

/// Where images come from: the `DATA` of the command line.
type DataSource =
    /// Embedded in the program.
    | Digits
    /// Debian's folder, `$SSS_DATA/fashion-mnist`, or `./data/fashion-mnist`.
    | FashionMnist
    /// A folder with the four files of MNIST and its relatives, plain or gzipped.
    | Idx of folder: string

/// Reading of `DATA`.
[<RequireQualifiedAccess>]
module DataSource =

    let private names = [ "digits"; "fashion-mnist"; "idx" ]

    /// Edit distance of Levenshtein.
    let private distance (a: string) (b: string) =
        let row = Array.init (b.Length + 1) id

        let next (row: int[]) i =
            let fresh = Array.create row.Length (i + 1)

            for j in 1 .. b.Length do
                let change = row[j - 1] + (if a[i] = b[j - 1] then 0 else 1)
                fresh[j] <- min change (1 + min row[j] fresh[j - 1])

            fresh

        (Seq.fold next row (seq { 0 .. a.Length - 1 })) |> Array.last

    let private nearest (word: string) =
        // Long words cannot be near; the cut keeps hostile ones cheap.
        if word.Length > 40 then
            None
        else
            names
            |> List.map (fun name -> name, distance (word.ToLowerInvariant()) name)
            |> List.filter (fun (name, d) -> d <= max 1 (name.Length / 3))
            |> List.sortBy snd
            |> List.tryHead
            |> Option.map fst

    /// Reads `digits`, `fashion-mnist`, `idx:DIR` and the rest.
    let parse (text: string) : Result<DataSource, FileError> =
        let unknown word form =
            Error(UnknownSource(text, nearest word |> Option.map form))

        match text.IndexOf ':' with
        | -1 ->
            match text with
            | "digits" -> Ok Digits
            | "fashion-mnist" -> Ok FashionMnist
            | "idx" -> Error(SourceNeedsPath "idx:DIR")
            | _ -> unknown text id
        | at ->
            let kind, path = text.Substring(0, at), text.Substring(at + 1)

            match kind, path with
            | "idx", "" -> Error(SourceNeedsPath "idx:DIR")
            | "idx", folder -> Ok(Idx folder)
            | _ -> unknown kind (fun name -> if name = "idx" then $"{name}:{path}" else name)

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

    /// Reads the whole data set into memory.
    let internal load (source: DataSource) : Result<Dataset, FileError> =
        match source with
        | Digits -> Ok(Digits.load ())
        | FashionMnist -> fashion ()
        | Idx folder -> Idx.load $"idx:{folder}" None folder
