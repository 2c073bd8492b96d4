namespace Sss.Files

open System.IO
open FsToolkit.ErrorHandling
open Sss.Core

/// Tables as data sets: a row is an image of F × 1 × 1, F being the columns that are no targets.
[<RequireQualifiedAccess>]
module Csv =

    /// Separates the names of target columns from the path.
    [<Literal>]
    let private mark = '#'

    /// The path, and the names of target columns after the last `#`. A path that has a `#` itself needs one at its end.
    let parse (text: string) : string * string list =
        match text.LastIndexOf mark with
        | -1 -> text, []
        | at ->
            let names =
                text.Substring(at + 1).Split ','
                |> Array.map _.Trim()
                |> Array.filter (fun name -> name <> "")

            text.Substring(0, at), List.ofArray names

    /// How a source is written.
    let private text (path: string) (targets: string list) =
        match targets with
        | [] when not (path.Contains mark) -> $"csv:{path}"
        | _ -> $"csv:{path}{mark}" + String.concat "," targets

    /// The files of a source: one to be divided, or two.
    let private files (path: string) =
        if Directory.Exists path then
            [ Path.Combine(path, "train.csv"); Path.Combine(path, "test.csv") ]
        else
            [ path ]

    let private sameNames (first: Table) (table: Table) : Result<unit, FileError> =
        let name (table: Table) i =
            Array.tryItem i table.Names |> Option.defaultValue ""

        let faults = [
            for i in 0 .. max first.Names.Length table.Names.Length - 1 do
                if name first i <> name table i then
                    TableFault.OtherName(i + 1, name first i, name table i)
        ]

        match faults with
        | [] -> Ok()
        | faults -> Error(Table.error table.Path faults faults.Length)

    let private notEmpty (table: Table) : Result<unit, FileError> =
        // Rows with faults are listed first.
        if table.Lines.Length = 0 && table.FaultCount = 0 then
            Error(Malformed(Place.start table.Path, Lacks "rows below the header"))
        else
            Ok()

    /// The targets of each table, and the names of the classes.
    let private targets kind (tables: Table list) : Result<Targets list * string list, FileError> =
        let shape = Shape.create tables.Head.TargetColumns.Length 1 1

        let numbers areFractions =
            tables
            |> List.traverseResultM (
                TableTargets.numbers areFractions
                >> Result.map (fun values -> Targets.Numbers(shape, values))
            )

        let ofClasses () =
            tables
            |> List.traverseResultM TableTargets.checkClasses
            |> Result.map (fun _ ->
                let places, names = TableTargets.classes tables
                List.map Targets.Labels places, names
            )

        match kind with
        | TableKind.Class -> ofClasses ()
        | TableKind.ByContent when TableTargets.areClasses tables -> ofClasses ()
        | TableKind.ByContent
        | TableKind.Numbers -> numbers false |> Result.map (fun targets -> targets, [])
        | TableKind.YesOrNo ->
            let first = tables.Head

            let names =
                first.TargetColumns |> Array.map (fun i -> first.Names[i]) |> List.ofArray

            numbers true |> Result.map (fun targets -> targets, names)

    let private split (table: Table) (targets: Targets) : Split = {
        Shape = Shape.create (table.Names.Length - table.TargetColumns.Length) 1 1
        Pixels = Floats table.Features
        Targets = targets
    }

    /// Every fifth row is for testing: of each class, or of all where targets are numbers.
    let private divided (split: Split) : Split * Split =
        let labels =
            Targets.tryLabels split.Targets
            |> Option.defaultWith (fun () -> Array.zeroCreate split.Count)

        let parts =
            labels
            |> Array.indexed
            |> Array.groupBy snd
            |> Array.collect (fun (_, rows) ->
                rows |> Array.mapi (fun i (row, _) -> i % 5 = 4, row)
            )

        let part isTest =
            let rows = parts |> Array.filter (fun (t, _) -> t = isTest) |> Array.map snd
            Split.pick (Array.sort rows) split

        part false, part true

    /// Each column has units of its own, so that the least and the greatest number of the table say nothing.
    let private range = PixelRange.Unknown(nanf, nanf)

    /// Reads one file, of which every fifth row is for testing, or a folder with `train.csv` and `test.csv`.
    /// `TableTargets.choose` says which columns are targets.
    let internal load
        (network: Network option)
        (path: string)
        (requested: string list)
        : Result<Dataset, FileError> =
        result {
            let name = text path requested
            let kind = ref TableKind.ByContent

            let choose file names =
                TableTargets.choose name file network requested names
                |> Result.bind (fun (columns, found) ->
                    kind.Value <- found

                    if columns.Length = Array.length names then
                        Error(Malformed(Place.start file, Lacks "columns besides the targets"))
                    else
                        Ok columns
                )

            let! tables =
                files path |> List.traverseResultM (fun file -> Table.read file (choose file))

            do! tables |> List.traverseResultM notEmpty |> Result.ignore
            do! tables |> List.traverseResultM (sameNames tables.Head) |> Result.ignore
            let! targets, classes = targets kind.Value tables
            let splits = List.map2 split tables targets

            let train, test =
                match splits with
                | [ train; test ] -> train, test
                | splits -> divided splits.Head

            if test.Count = 0 then
                let what = "rows to test with: every fifth row (of a class) is for testing"
                return! Error(Malformed(Place.start path, Lacks what))
            else
                return Split.together name classes range train test
        }
