/// Tables: what is read of them, and what is said of their mistakes.
module Sss.Tests.Files.CsvTests

open System
open System.Globalization
open System.IO
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files

let private network (input: int) (last: string) : Network =
    match
        Language.parse
            $"network N {{\n  input {input}x1x1\n  {last}\n  dense {last.Split(' ')[0]}\n}}"
    with
    | Ok parsed -> parsed.Network
    | Error diagnostics -> failwith $"%A{diagnostics}"

/// What a source of these files is read as. `source` follows `csv:FOLDER/`.
let private reading (files: (string * string) list) (source: string) (network: Network option) =
    Folders.within (fun folder ->
        for name, text in files do
            File.WriteAllText(Path.Combine(folder, name), text)

        let source = Folders.ok (DataSource.parse $"csv:{folder}/{source}")

        match network with
        | Some network -> Dataset.loadFor network PictureOptions.standard source
        | None -> Dataset.load source
        |> Result.mapError (fun error ->
            (FileError.message error).Replace(folder + "/", "").Replace(folder, "FOLDER")
        )
    )

let private read files source network =
    match reading files source network with
    | Ok dataset -> dataset
    | Error message -> failwith message

let private said text source network =
    match reading [ "t.csv", text ] source network with
    | Ok _ -> "read"
    | Error message -> message

let private floats (split: Split) =
    match split.Pixels with
    | Floats data -> data
    | other -> failwith $"%A{other}"

/// Ten rows; the class of row i is that of i mod 2, its features are i and −i / 2.
let private flowers =
    "length,width,kind\n"
    + String.concat "" [
        for i in 0..9 do
            let second = (-0.5 * float i).ToString CultureInfo.InvariantCulture
            let kind = if i % 2 = 0 then "rose" else "aster"
            $"{i},{second},{kind}\n"
    ]

[<Fact>]
let ``the last column is the class, and every fifth row of a class is for testing`` () =
    let d = read [ "t.csv", flowers ] "t.csv" (Some(network 2 "classes 2"))
    Assert.Equal<string list>([ "aster"; "rose" ], d.Classes)
    Assert.Equal("2x1x1", string d.Train.Shape)
    Assert.Equal<int[]>([| 1; 0; 1; 0; 1; 0; 1; 0 |], d.Train.Labels)
    Assert.Equal<int[]>([| 1; 0 |], d.Test.Labels)
    Assert.Equal<float32[]>([| 8.0f; -4.0f; 9.0f; -4.5f |], floats d.Test)
    // Mean and deviation of each column, over the rows that are trained on.
    Assert.Equal<float32[]>([| 3.5f; -1.75f |], d.Preparation.Mean)
    Assert.Equal(sqrt 5.25f, d.Preparation.Deviation[0], 1e-5f)

[<Fact>]
let ``the network says what the last columns are`` () =
    let text = "a,b,c\n" + String.concat "" [ for i in 0..9 -> $"{i},0.5,{i % 2}\n" ]
    let trained = [| 0; 1; 2; 3; 5; 6; 7; 8 |]

    let targets input last =
        (read [ "t.csv", text ] "t.csv" (Some(network input last))).Train.Targets

    Assert.Equal(
        Targets.Numbers(
            Shape.create 2 1 1,
            trained |> Array.collect (fun i -> [| 0.5f; float32 (i % 2) |])
        ),
        targets 1 "outputs 2"
    )

    Assert.Equal(
        Targets.Numbers(Shape.create 1 1 1, trained |> Array.map (fun i -> float32 (i % 2))),
        targets 2 "outputs 1"
    )

    // Every fifth of a class: the last two.
    Assert.Equal(Targets.Labels [| 0; 1; 0; 1; 0; 1; 0; 1 |], targets 2 "classes 2")

    // As many columns as classes: any number of them may be present.
    let several = read [ "t.csv", text ] "t.csv" (Some(network 1 "classes 2"))
    Assert.Equal<string list>([ "b"; "c" ], several.Classes)
    Assert.Equal(targets 1 "outputs 2", several.Train.Targets)

[<Fact>]
let ``without a network, text and whole numbers are classes`` () =
    let kind values =
        let text = "a,y\n" + String.concat "" [ for value in values -> $"1,{value}\n" ]
        let d = read [ "t.csv", text ] "t.csv" None
        d.Classes, d.Train.Targets

    Assert.Equal(
        ([ "2"; "10" ], Targets.Labels [| 1; 0; 1; 0; 0; 1; 1; 0 |]),
        kind [ "10"; "2.0"; "1e1"; "2"; "2"; "10"; "10"; "2"; "2"; "10" ]
    )

    Assert.Equal(
        ([ "10"; "2"; "x" ], Targets.Labels(Array.concat (Array.replicate 4 [| 0; 1; 2 |]))),
        kind (List.concat (List.replicate 5 [ "10"; "2"; "x" ]))
    )

    Assert.Equal(
        ([], Targets.Numbers(Shape.create 1 1 1, [| 10.0f; 2.5f; 1.0f; 0.0f |])),
        kind [ "10"; "2.5"; "1"; "0"; "7" ]
    )

[<Fact>]
let ``target columns may be named, and keep the order of the names`` () =
    let text =
        "y,a,z,b\n" + String.concat "" [ for i in 0..4 -> $"{i},1{i},2{i},3{i}\n" ]

    let d = read [ "t.csv", text ] "t.csv#z, y" (Some(network 2 "outputs 2"))
    Assert.Equal<float32[]>([| 14.0f; 34.0f |], floats d.Test)
    Assert.Equal(Targets.Numbers(Shape.create 2 1 1, [| 24.0f; 4.0f |]), d.Test.Targets)
    Assert.EndsWith("t.csv#z,y", d.Name)

[<Fact>]
let ``a folder has a table to train on and one to test with`` () =
    let files = [
        "train.csv", "a;b;y\n1,0;2;x\n".Replace(",", ".") + "3;4;z\n"
        "test.csv", "a\tb\ty\n5\t6\tz\n"
    ]

    let d = read files "" (Some(network 2 "classes 2"))
    Assert.Equal<int[]>([| 0; 1 |], d.Train.Labels)
    Assert.Equal<int[]>([| 1 |], d.Test.Labels)
    Assert.Equal<float32[]>([| 1.0f; 2.0f; 3.0f; 4.0f |], floats d.Train)
    Assert.Equal<float32[]>([| 5.0f; 6.0f |], floats d.Test)

[<Fact>]
let ``a path with a number sign needs one at its end`` () =
    let name = "a#b.csv"
    let d = read [ name, flowers ] (name + "#") (Some(network 2 "classes 2"))
    Assert.Equal(8, d.Train.Count)
    Assert.Equal(Ok(Csv("a#b.csv", [])), DataSource.parse "csv:a#b.csv#")
    Assert.Equal(Ok(Csv("a.csv", [ "y"; "z" ])), DataSource.parse "csv:a.csv#y,z")

[<Fact>]
let ``faults are told with line and column, the first eight of all`` () =
    let text =
        "a,b,y\n1,,2\nx,NaN,3\n\n4,5\n\"6\n\",1e99,\n1,2,3,4\n7,8,z\n\"1\",2,\"3\n"

    Assert.Equal(
        """t.csv: the table cannot be used
  line 2, column 2 (`b`): the value is missing
  line 3, column 1 (`a`): `x` is not a number
  line 3, column 2 (`b`): `NaN` is not a finite number
  line 5: 2 values; the header has 3 names
  line 6, column 2 (`b`): `1e99` is not a finite number
  line 6, column 3 (`y`): the value is missing
  line 8: 4 values; the header has 3 names
  line 9, column 3 (`y`): `z` is not a number
  and 1 more""",
        said text "t.csv" (Some(network 2 "outputs 1"))
    )

[<Fact>]
let ``faults of headers, targets and files`` () =
    let two = Some(network 2 "outputs 1")

    let cases = [
        "", "t.csv: at byte 0: it has no header with the names of the columns"
        "a,b,y\n", "t.csv: at byte 0: it has no rows below the header"
        "1,2,3\n4,5,6\n",
        "t.csv: the table cannot be used\n  line 1: it has only numbers; the first line must be the names of the columns"
        "a,,a\n1,2,3\n",
        "t.csv: the table cannot be used\n  line 1, column 2: the column has no name\n  line 1, column 3: `a` is the name of column 1 already"
        "a,b,y\n1,2,3\n",
        "t.csv: at byte 0: it has no rows to test with: every fifth row (of a class) is for testing"
        "a,b,c,y\n1,2,3,4\n",
        "data set csv:t.csv does not fit: the network takes 2 features (`input 2x1x1`) and 1 target, so 3 columns; the table has 4\n  the first columns are the features and the last ones the targets; csv:FILE#NAME,NAME says which columns are the targets"
        "a,b,y\n1,2,\"3\n",
        "t.csv: the table cannot be used\n  line 2: a quotation mark that is not closed, or not doubled"
    ]

    for text, expected in cases do
        Assert.Equal(expected, said text "t.csv" two)

    Assert.Equal(
        "t.csv: there is no column `Y`; did you mean `y`?\n  columns: a, b, y",
        said "a,b,y\n1,2,3\n" "t.csv#Y" two
    )

    Assert.Equal(
        "t.csv: the table cannot be used\n  line 3, column 2 (`p`): `2` is not from 0 (no) to 1 (yes)",
        said "a,p,q\n1,0,1\n1,2,0\n" "t.csv" (Some(network 1 "classes 2"))
    )

    Assert.Equal(
        "t.csv: the table cannot be used\n  line 2, column 2 (`y`): the value is missing",
        said "a,y\n1,\n" "t.csv" (Some(network 1 "classes 2"))
    )

    Assert.Equal(
        "t.csv: at byte 0: it has no columns besides the targets",
        said "y\n1\n" "t.csv" None
    )

    Assert.Equal("none.csv: no such file or folder", said "y\n1\n" "none.csv" None)

    match reading [ "train.csv", "a,y\n1,2\n"; "test.csv", "b,y\n1,2\n" ] "" None with
    | Error message ->
        Assert.Equal(
            "test.csv: the table cannot be used\n  line 1, column 1: expected `a`, found `b`",
            message
        )
    | Ok _ -> Assert.Fail "read"

/// Rows of numbers, and how a spreadsheet would write them.
type private Written = {
    Values: float32 list list
    Separator: string
    End: string
    IsQuoted: bool
}

let private written: Gen<Written> =
    gen {
        let! columns = Gen.choose (1, 5)
        let! rows = Gen.choose (5, 12)
        let finite = ArbMap.defaults |> ArbMap.generate<NormalFloat>

        let! values =
            finite
            |> Gen.map (fun (NormalFloat v) -> float32 v)
            |> Gen.where Single.IsFinite
            |> Gen.listOfLength (columns + 1)
            |> Gen.listOfLength rows

        let! separator = Gen.elements [ ","; ";"; "\t" ]
        let! ending = Gen.elements [ "\n"; "\r\n" ]
        let! isQuoted = Gen.elements [ true; false ]

        return {
            Values = values
            Separator = separator
            End = ending
            IsQuoted = isQuoted
        }
    }

[<Property(MaxTest = 100)>]
let ``numbers come back as they were written, whatever the separator, the quotes and the ends of lines``
    ()
    =
    Prop.forAll
        (Arb.fromGen written)
        (fun w ->
            let columns = w.Values.Head.Length - 1

            let quoted text =
                if w.IsQuoted then $"\"{text}\"" else text

            let line fields =
                (fields |> List.map quoted |> String.concat w.Separator) + w.End

            let text =
                line [ for i in 0..columns -> $"c{i}" ]
                + String.concat "" [
                    for row in w.Values ->
                        line [ for v in row -> v.ToString("R", CultureInfo.InvariantCulture) ]
                ]

            let d = read [ "t.csv", text ] "t.csv" (Some(network columns "outputs 1"))
            let isTest i = i % 5 = 4

            for split, wanted in [ d.Train, not << isTest; d.Test, isTest ] do
                let rows = w.Values |> List.indexed |> List.filter (fst >> wanted) |> List.map snd
                let features = rows |> List.collect (List.truncate columns) |> Array.ofList
                let targets = rows |> List.map List.last |> Array.ofList
                Assert.Equal<float32[]>(features, floats split)
                Assert.Equal(Targets.Numbers(Shape.create 1 1 1, targets), split.Targets)
        )

[<Property(MaxTest = 300)>]
let ``whatever a file holds, it is a table or an error with its path``
    (text: string | null)
    (seed: int)
    =
    let random = Random seed
    let alphabet = "ab1.,;\"\n\r\t -e#"

    let noise =
        String(Array.init (random.Next 80) (fun _ -> alphabet[random.Next alphabet.Length]))

    for content in [ string text; "a,b\n" + noise; noise ] do
        match reading [ "t.csv", content ] "t.csv" None with
        | Ok dataset ->
            Assert.Equal(
                dataset.Train.Count,
                (floats dataset.Train).Length / dataset.Train.Shape.Channels
            )
        | Error message -> Assert.StartsWith("t.csv: ", message)
