namespace Sss.Torch

open System
open System.IO
open System.Text.RegularExpressions

/// A folder with the libraries of a LibTorch that the user brings.
type internal Distribution = {
    Folder: string
    /// As the distribution names it: `2.10.0+cu128`; None: no file says so.
    Version: string option
    /// The CUDA that it is built with: `12.8`; None: none, or not known.
    Cuda: string option
    /// Files to load, needed ones before those that need them, each once.
    Files: string list
}

/// Looking at a LibTorch before it is loaded. A function that is missing ends the process at its first
/// call, long after the start, so it is looked for here.
[<RequireQualifiedAccess>]
module internal Distribution =

    let private fileName (path: string) = nonNull (Path.GetFileName path)

    /// LibTorch's own libraries, those that must be there first.
    let private ownFiles = Locate.requiredFiles @ Locate.cudaFiles

    /// Whether a LibTorch's files hold CUDA.
    let isCuda (files: string list) =
        files |> List.exists (fun file -> fileName file = Locate.cudaMark)

    /// The folder of the libraries for what a user names: it itself, `lib` of a LibTorch, `torch/lib` of
    /// a folder of Python packages.
    let folders (root: string) = [
        Path.GetFullPath root
        Path.GetFullPath(Path.Combine(root, "lib"))
        Path.GetFullPath(Path.Combine(root, "torch", "lib"))
    ]

    let private text (file: string) =
        try
            if File.Exists file then
                Some(File.ReadAllText file)
            else
                None
        with
        | :? IOException
        | :? UnauthorizedAccessException -> None

    let private found (pattern: string) (text: string) =
        let m = Regex.Match(text, pattern, RegexOptions.Multiline, TimeSpan.FromSeconds 1.0)
        if m.Success then Some m.Groups[1].Value else None

    /// `2.10.0+cu128` → `12.8`.
    let cudaOf (version: string) =
        found @"\+cu(\d+)" version
        |> Option.filter (fun digits -> digits.Length >= 2)
        |> Option.map (fun digits -> $"{digits[.. digits.Length - 2]}.{digits[digits.Length - 1]}")

    /// Version and CUDA of the distribution around a folder of libraries: LibTorch's `build-version`, or
    /// `version.py` of a Python package.
    let version (folder: string) : string option * string option =
        let beside (name: string) =
            text (Path.Combine(folder, "..", name))
            |> Option.orElse (text (Path.Combine(folder, name)))

        match beside "build-version", beside "version.py" with
        | Some said, _ ->
            let version = said.Trim()
            Some version, cudaOf version
        | None, Some python ->
            let version = found @"^__version__\s*=\s*['""]([^'""]+)['""]" python

            version,
            found @"^cuda[^=\n]*=\s*['""]([^'""]+)['""]" python
            |> Option.orElse (Option.bind cudaOf version)
        | None, None -> None, None

    /// Where a library that another one needs may be: LibTorch's folder, and the packages of NVIDIA
    /// that are next to a Python package.
    let private searched (folder: string) =
        let nvidia = Path.GetFullPath(Path.Combine(folder, "..", "..", "nvidia"))

        folder
        :: (try
                [
                    if Directory.Exists nvidia then
                        for package in Array.sort (Directory.GetDirectories nvidia) do
                            let lib = Path.Combine(package, "lib")

                            if Directory.Exists lib then
                                lib
                ]
            with
            | :? IOException
            | :? UnauthorizedAccessException -> [])

    /// The files in the order of loading. What is needed and is in none of the folders is the
    /// system's, and left to its loader.
    let private order (folder: string) : Result<string list, LibTorchError> =
        let folders = searched folder

        let locate (name: string) =
            folders
            |> List.map (fun place -> Path.Combine(place, name))
            |> List.tryFind File.Exists

        // Depth first, what is needed before what needs it; a circle is cut where it is met again.
        let rec visit (seen: Set<string>, files: string list) (file: string) =
            let name = fileName file

            if Set.contains name seen then
                Ok(seen, files)
            else
                match ElfFile.ofFile file ElfFile.header with
                | Error error -> Error(BadLibrary(file, error))
                | Ok header ->
                    header.Needed
                    |> List.choose locate
                    |> List.fold
                        (fun state next -> state |> Result.bind (fun state -> visit state next))
                        (Ok(Set.add name seen, files))
                    |> Result.map (fun (seen, files) -> seen, file :: files)

        let here = List.map (fun name -> Path.Combine(folder, name))

        match here Locate.requiredFiles |> List.tryFind (File.Exists >> not) with
        | Some missing -> Error(BadLibrary(missing, Unreadable "there is no such file"))
        | None ->
            here ownFiles
            |> List.filter File.Exists
            |> List.fold
                (fun state file -> state |> Result.bind (fun state -> visit state file))
                (Ok(Set.empty, []))
            |> Result.map (snd >> List.rev)

    /// The LibTorch in a folder of libraries.
    let read (folder: string) : Result<Distribution, LibTorchError> =
        let version, cuda = version folder

        order folder
        |> Result.map (fun files -> {
            Folder = folder
            Version = version
            Cuda = cuda
            Files = files
        })

    /// Symbols of C++ that hold a string or a list of the newer of the two layouts of GCC.
    let private isNewLayout (symbol: string) = symbol.Contains "__cxx11"

    /// Whether LibTorch has all that the binding asks of it: how many symbols that are, or what is
    /// missing. Libraries are distinguished by the names that they carry, too.
    let check (wanted: string) (binding: string) (d: Distribution) : Result<int, LibTorchError> =
        let own =
            d.Files |> List.filter (fun file -> List.contains (fileName file) ownFiles)

        let symbols file =
            ElfFile.ofFile file ElfFile.symbols
            |> Result.mapError (fun error -> BadLibrary(file, error))

        let rec named files =
            match files with
            | [] -> Ok()
            | file :: rest ->
                match ElfFile.ofFile file ElfFile.header with
                | Error error -> Error(BadLibrary(file, error))
                | Ok { Name = Some name } when name <> fileName file -> Error(OtherName(file, name))
                | Ok _ -> named rest

        let rec all files tables =
            match files with
            | [] -> Ok tables
            | file :: rest -> symbols file |> Result.bind (fun table -> all rest (table :: tables))

        match symbols binding, all own [] with
        | Error error, _
        | _, Error error -> Error error
        | Ok asked, Ok tables ->
            let isDefined symbol =
                tables |> List.exists (fun table -> table.Defined.Contains symbol)

            match asked.Required |> List.filter (isDefined >> not) with
            | [] -> named own |> Result.map (fun () -> asked.Required.Length)
            | first :: _ as missing ->
                Error(
                    MissingSymbols {
                        Folder = d.Folder
                        Version = d.Version
                        Wanted = wanted
                        Count = missing.Length
                        Asked = asked.Required.Length
                        First = first
                        IsOldLayout =
                            List.exists isNewLayout missing
                            && not (
                                tables |> List.exists (fun t -> Seq.exists isNewLayout t.Defined)
                            )
                    }
                )
