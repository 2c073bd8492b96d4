namespace Sss.Files

open System
open System.IO
open FsToolkit.ErrorHandling

/// One class folder as it is on disk. Nothing in it has been opened.
type internal ClassFolder = {
    Name: string
    /// Relative to the data set's root.
    Shown: string
    /// Full paths, in the order of their characters' numbers, regardless of the order that the file system gives.
    Pictures: string list
    /// Other files that are not hidden, by suffix in lower case; most files first.
    Suffixes: (string * int) list
    /// Hidden folders and hidden pictures, relative to the root.
    Hidden: string list
    /// Names of folders in it that have pictures below them.
    NestedFolders: string list
    /// How many those are.
    Nested: int
}

/// A folder of class folders as it is on disk.
type internal ClassesFolder = {
    /// Relative to the data set's root; empty for the root itself.
    Shown: string
    Classes: ClassFolder list
    Hidden: string list
    /// Pictures that are in no class folder.
    Loose: int
}

/// Reading of folders. What cannot be listed is an error with the path of that folder.
[<RequireQualifiedAccess>]
module internal FolderListing =

    /// What systems and programs leave in folders that people fill, in lower case.
    let private leftovers =
        Set.ofList [
            "__macosx"
            "__pycache__"
            "@eadir"
            "@recycle"
            "@tmp"
            "#recycle"
            "#snapshot"
            "$recycle.bin"
            "system volume information"
            "lost+found"
            "thumbs.db"
            "ehthumbs.db"
            "desktop.ini"
            "icon\r"
        ]

    /// Whether a name is one that people do not mean: it begins with a full stop, or a system or a
    /// program made it.
    let isHidden (name: string) =
        name.StartsWith '.' || leftovers.Contains(name.ToLowerInvariant())

    let private suffix (name: string) =
        (Path.GetExtension name |> string).ToLowerInvariant()

    let private isPicture name =
        List.contains (suffix name) ImageFile.suffixes

    let private ordered (names: string seq) =
        names |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b)) |> List.ofSeq

    let private nameOf (path: string) = Path.GetFileName path |> string

    /// Names of the folders in a folder.
    let private folders (path: string) =
        Directory.EnumerateDirectories path |> Seq.map nameOf |> ordered

    /// Names of the folders in a folder that are not hidden.
    let visible (path: string) : Result<string list, FileError> =
        FileError.catching path (fun () -> folders path |> List.filter (isHidden >> not) |> Ok)

    let private join (parent: string) (name: string) =
        if parent = "" then name else parent + "/" + name

    /// Pictures below a folder. Links are not followed, so a circle of them has an end.
    let private below (path: string) =
        if File.GetAttributes(path).HasFlag FileAttributes.ReparsePoint then
            0
        else
            let options =
                EnumerationOptions(
                    RecurseSubdirectories = true,
                    MaxRecursionDepth = 16,
                    IgnoreInaccessible = true,
                    AttributesToSkip = (FileAttributes.ReparsePoint ||| FileAttributes.Hidden)
                )

            Directory.EnumerateFiles(path, "*", options)
            |> Seq.filter (nameOf >> isPicture)
            |> Seq.length

    let private classFolder (root: string) (parent: string) (name: string) =
        let path = Path.Combine(root, name)
        let shown = join parent name

        FileError.catching
            path
            (fun () ->
                let hidden, files =
                    Directory.EnumerateFiles path |> ordered |> List.partition (nameOf >> isHidden)

                let hiddenFolders, inside = folders path |> List.partition isHidden
                let pictures, others = files |> List.partition (nameOf >> isPicture)

                let nested =
                    inside
                    |> List.map (fun inner -> inner, below (Path.Combine(path, inner)))
                    |> List.filter (fun (_, count) -> count > 0)

                Ok {
                    Name = name
                    Shown = shown
                    Pictures = pictures
                    Suffixes =
                        others
                        |> List.countBy (nameOf >> suffix)
                        |> List.sortBy (fun (suffix, count) -> -count, suffix)
                    Hidden =
                        hiddenFolders @ (hidden |> List.map nameOf |> List.filter isPicture)
                        |> List.map (join shown)
                    NestedFolders = List.map fst nested
                    Nested = List.sumBy snd nested
                }
            )

    /// Reads a folder of class folders. `shown`: its path relative to the data set's root.
    let read (path: string) (shown: string) : Result<ClassesFolder, FileError> =
        result {
            let! files =
                FileError.catching
                    path
                    (fun () -> Directory.EnumerateFiles path |> Seq.map nameOf |> ordered |> Ok)

            let! all = FileError.catching path (fun () -> Ok(folders path))
            let hidden, names = List.partition isHidden all
            let! classes = names |> List.traverseResultM (classFolder path shown)

            return {
                Shown = shown
                Classes = classes
                Hidden = List.map (join shown) hidden
                Loose =
                    files
                    |> List.filter (fun name -> isPicture name && not (isHidden name))
                    |> List.length
            }
        }
