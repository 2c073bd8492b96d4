namespace Sss.Files

open System
open System.Collections.Generic
open System.Globalization
open System.IO
open CsvHelper
open CsvHelper.Configuration
open FsToolkit.ErrorHandling

/// A table of a file: numbers for the features, text for the targets.
type internal Table = {
    Path: string
    /// Of all columns.
    Names: string[]
    /// Which columns are targets, from 0, in the order in which they were requested.
    TargetColumns: int[]
    /// The line of each row, from 1.
    Lines: int[]
    /// Row by row; the features are the other columns, in their order.
    Features: float32[]
    /// Row by row.
    Targets: string[]
    /// The first faults so far.
    Faults: TableFault list
    FaultCount: int
}

/// The first faults of a file, and how many there are.
type internal TableFaults() =
    let kept = List<TableFault>()
    let mutable count = 0

    /// So many are listed.
    static member Most = 8

    member _.Count = count

    member _.First = List.ofSeq kept

    member _.Add(fault: TableFault) =
        count <- count + 1

        if kept.Count < TableFaults.Most then
            kept.Add fault

/// Reading of tables: comma-separated values as RFC 4180 has them, in UTF-8, with a header.
[<RequireQualifiedAccess>]
module internal Table =

    /// Longer values are none: a quotation mark was not closed.
    let private longestValue = 65536

    /// The separators that are read.
    let private separators = [ ','; ';'; '\t' ]

    /// The separator that occurs most often in the first line, outside of quotation marks; a comma where none does.
    let separatorOf (header: string) : char =
        let outside =
            header.Split '"' |> Array.indexed |> Array.filter (fun (i, _) -> i % 2 = 0)

        let count separator =
            outside
            |> Array.sumBy (fun (_, part) -> part |> Seq.filter ((=) separator) |> Seq.length)

        separators |> List.maxBy count

    /// The start of the first line of a file.
    let private firstLine (path: string) : string =
        use reader = new StreamReader(path)
        let start = Array.zeroCreate<char> longestValue
        let got = reader.ReadBlock(start, 0, start.Length)
        let text = String(start, 0, got)

        match text.IndexOfAny [| '\n'; '\r' |] with
        | -1 -> text
        | last -> text.Substring(0, last)

    /// A number of a table: digits, perhaps with a sign, a decimal point and an exponent.
    let number (text: string) : Result<float32, CellFault> =
        if text = "" then
            Error CellFault.Missing
        else
            match Single.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
            | true, value when Single.IsFinite value -> Ok value
            | true, _ -> Error(CellFault.NotFinite text)
            // What other programs write for a value that they do not know.
            | false, _ when Array.contains (text.ToLowerInvariant()) [| "inf"; "-inf"; "+inf" |] ->
                Error(CellFault.NotFinite text)
            | false, _ -> Error(CellFault.NotNumber text)

    let private faultsOf (names: string[]) : TableFault list =
        let first = Dictionary<string, int>()

        let named = [
            for i, name in Array.indexed names do
                if name = "" then
                    TableFault.NoName(i + 1)
                elif not (first.TryAdd(name, i + 1)) then
                    TableFault.SameName(name, first[name], i + 1)
        ]

        // A column of years may have a number for its name, but not every column has.
        if names |> Array.forall (fun name -> (number name).IsOk) then
            [ TableFault.NumbersAsNames ]
        else
            named

    /// The error for faults, of which the first are given.
    let error path (faults: TableFault list) count : FileError =
        let first =
            faults
            |> List.sortBy (fun fault -> TableFault.line fault, TableFault.column fault)
            |> List.truncate TableFaults.Most

        BadTable(path, first, count - first.Length)

    /// Whether all quotation marks of a record are in pairs.
    let private isClosed (record: string) =
        (record |> Seq.filter ((=) '"') |> Seq.length) % 2 = 0

    /// How many ends of lines are within a record.
    let private breaksInside (record: string) =
        record.TrimEnd('\r', '\n').ReplaceLineEndings("\n")
        |> Seq.filter ((=) '\n')
        |> Seq.length

    let private settings separator onBad =
        CsvConfiguration(
            CultureInfo.InvariantCulture,
            Delimiter = string<char> separator,
            HasHeaderRecord = false,
            TrimOptions = TrimOptions.Trim,
            MaxFieldSize = float longestValue,
            BadDataFound = BadDataFound(fun _ -> onBad ())
        )

    let private header (parser: CsvParser) path : Result<string[], FileError> =
        if not (parser.Read()) then
            Error(Malformed(Place.start path, Lacks "header with the names of the columns"))
        else
            let names = Array.init parser.Count (fun i -> parser[i])

            match faultsOf names with
            | [] -> Ok names
            | faults -> Error(error path faults faults.Length)

    /// Reads the rows below the header.
    let private rows (parser: CsvParser) path (names: string[]) (targets: int[]) isBad : Table =
        let lines, features, texts = List<int>(), List<float32>(), List<string>()
        let faults = TableFaults()
        let isTarget = Array.init names.Length (fun i -> Array.contains i targets)

        let row line =
            lines.Add line

            for i in 0 .. names.Length - 1 do
                if not isTarget[i] then
                    match number parser[i] with
                    | Ok value -> features.Add value
                    | Error fault ->
                        features.Add 0.0f
                        faults.Add(TableFault.Cell(line, i + 1, names[i], fault))

            for i in targets do
                texts.Add parser[i]

        while parser.Read() do
            let record = parser.RawRecord
            let isClosed = isClosed record
            // A record of several lines is named by its first. Where a quotation mark is not closed, the last end of a line is
            // within the record.
            let line = parser.RawRow - breaksInside (if isClosed then record else record + "\"")

            if isBad () || not isClosed then
                faults.Add(TableFault.Quotes line)
            elif parser.Count <> names.Length then
                faults.Add(TableFault.Ragged(line, names.Length, parser.Count))
            else
                row line

        {
            Path = path
            Names = names
            TargetColumns = targets
            Lines = lines.ToArray()
            Features = features.ToArray()
            Targets = texts.ToArray()
            Faults = faults.First
            FaultCount = faults.Count
        }

    /// Reads a file; `choose` names the columns of the targets, once the header is known.
    let read
        (path: string)
        (choose: string[] -> Result<int[], FileError>)
        : Result<Table, FileError> =
        let parsed () =
            // What the parser has met in the record that it is at.
            let isBad = ref false
            use reader = new StreamReader(path)

            use parser =
                new CsvParser(
                    reader,
                    settings (separatorOf (firstLine path)) (fun () -> isBad.Value <- true)
                )

            let bad () =
                let found = isBad.Value
                isBad.Value <- false
                found

            try
                result {
                    let! names = header parser path

                    if bad () then
                        return! Error(error path [ TableFault.Quotes 1 ] 1)

                    let! targets = choose names
                    return rows parser path names targets bad
                }
            with :? MaxFieldSizeException ->
                Error(error path [ TableFault.Quotes(parser.RawRow) ] 1)

        RegularFile.check path |> Result.bind (fun () -> FileError.catching path parsed)
