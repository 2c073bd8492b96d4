namespace Sss.Files

open System
open System.Collections.Generic
open System.Globalization
open Sss.Core

/// What the target columns of a table are.
[<RequireQualifiedAccess>]
type internal TableKind =
    /// One column with the name or the number of a class.
    | Class
    | Numbers
    /// A number from 0 to 1 for each class, whose names are those of the columns.
    | YesOrNo
    /// No network says what one column is. Classes, if it has text or whole numbers alone; else numbers.
    | ByContent

/// The target columns of a table, and what they mean.
[<RequireQualifiedAccess>]
module internal TableTargets =

    /// The columns of these names.
    let private named path (requested: string list) (names: string[]) =
        let missing = requested |> List.filter (fun name -> not (Array.contains name names))

        match missing with
        | name :: _ ->
            Error(
                NoColumn(path, name, Suggest.nearest (List.ofArray names) name, List.ofArray names)
            )
        | [] -> Ok(requested |> List.map (fun name -> Array.IndexOf(names, name)) |> Array.ofList)

    let private last count (names: string[]) = [| names.Length - count .. names.Length - 1 |]

    /// What a network makes of so many target columns.
    let private kindFor (network: Network) count =
        match network.OutputKind with
        | OutputKind.Numbers -> TableKind.Numbers
        | OutputKind.Classes when count = 1 && network.Classes > 1 -> TableKind.Class
        | OutputKind.Classes -> TableKind.YesOrNo

    /// How many target columns may belong to a network.
    let private counts (network: Network) =
        match network.OutputKind with
        | OutputKind.Numbers -> [ network.Classes ]
        | OutputKind.Classes -> List.distinct [ 1; network.Classes ]

    /// The target columns of a header: those that are requested by name; else the last ones. A network takes the first
    /// columns, as many as its input has channels; without one, the target is the last column alone.
    let choose
        (dataset: string)
        (path: string)
        (network: Network option)
        (requested: string list)
        (names: string[])
        : Result<int[] * TableKind, FileError> =
        match requested, network with
        | _ :: _, _ ->
            let kind =
                match network, requested with
                | Some network, _ -> kindFor network requested.Length
                | None, [ _ ] -> TableKind.ByContent
                | None, _ -> TableKind.Numbers

            named path requested names |> Result.map (fun columns -> columns, kind)
        | [], Some network ->
            let count = names.Length - int (Shape.count network.Input)

            if List.contains count (counts network) then
                Ok(last count names, kindFor network count)
            else
                Error(ColumnsDiffer(dataset, network.Input, counts network, names.Length))
        | [], None -> Ok(last 1 names, TableKind.ByContent)

    /// A whole number, also where a program wrote it as 3.0.
    let private whole (text: string) : int64 option =
        match Decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, value when Decimal.IsInteger value && abs value < 1e15M -> Some(int64 value)
        | _ -> None

    /// The classes of rows in several files, and their names: numbers in their order where all are whole numbers, else
    /// the texts in the order of their characters, as the names of folders.
    let classes (tables: Table list) : int[] list * string list =
        let values = tables |> List.map _.Targets
        let numbers = values |> List.map (Array.map whole)

        let places (all: 'Key[] list) (order: 'Key list) =
            let place = Dictionary<'Key, int>()
            order |> List.iteri (fun i key -> place[key] <- i)
            all |> List.map (Array.map (fun key -> place[key]))

        if numbers |> List.forall (Array.forall Option.isSome) then
            let numbers = numbers |> List.map (Array.map Option.get)
            let order = numbers |> Array.concat |> Array.distinct |> Array.sort |> List.ofArray
            places numbers order, List.map string order
        else
            let order =
                values
                |> Array.concat
                |> Array.distinct
                |> Array.sortWith (fun a b -> String.CompareOrdinal(a, b))
                |> List.ofArray

            places values order, order

    /// Whether a column whose kind nobody has said holds classes.
    let areClasses (tables: Table list) : bool =
        let values = tables |> List.map _.Targets |> Array.concat

        Array.exists (fun text -> (Table.number text).IsError) values
        || Array.forall (fun text -> (whole text).IsSome) values

    let private cell (table: Table) (at: int) fault =
        let column = table.TargetColumns[at % table.TargetColumns.Length]

        TableFault.Cell(
            table.Lines[at / table.TargetColumns.Length],
            column + 1,
            table.Names[column],
            fault
        )

    let private failing (table: Table) (faults: TableFaults) =
        match table.FaultCount + faults.Count with
        | 0 -> Ok()
        | count -> Error(Table.error table.Path (table.Faults @ faults.First) count)

    /// Fails where the table has faults, or a row has no class.
    let checkClasses (table: Table) : Result<unit, FileError> =
        let faults = TableFaults()

        table.Targets
        |> Array.iteri (fun i text ->
            if text = "" then
                faults.Add(cell table i CellFault.Missing)
        )

        failing table faults

    /// The targets as numbers, row by row.
    let numbers (areFractions: bool) (table: Table) : Result<float32[], FileError> =
        let faults = TableFaults()

        let values =
            table.Targets
            |> Array.mapi (fun i text ->
                match Table.number text with
                | Ok value when areFractions && (value < 0.0f || value > 1.0f) ->
                    faults.Add(cell table i (CellFault.NotYesOrNo text))
                    value
                | Ok value -> value
                | Error fault ->
                    faults.Add(cell table i fault)
                    0.0f
            )

        failing table faults |> Result.map (fun () -> values)
