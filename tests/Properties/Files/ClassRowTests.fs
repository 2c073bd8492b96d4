/// Figures of classes.
module Sss.Tests.Files.ClassRowTests

open System.Text.Json
open Xunit
open FsCheck
open FsCheck.FSharp
open FsCheck.Xunit
open Sss.Files

/// Labels and what they were taken for.
let private found: Gen<int * (int * int) list> =
    gen {
        let! count = Gen.choose (1, 6)

        let! pairs =
            Gen.listOf (Gen.zip (Gen.choose (0, count - 1)) (Gen.choose (0, count - 1)))

        return count, pairs
    }

let private names = [ "a"; "b \"quoted\""; "c"; "d"; "e" ]

[<Property>]
let ``a table counts every image once in its row and once in its column, and is read as it was written``
    ()
    =
    Prop.forAll
        (Arb.fromGen found)
        (fun (count, pairs) ->
            let rows = ClassRow.table count names pairs
            let sum (f: ClassRow -> int) = List.sumBy f rows
            Assert.Equal(count, rows.Length)
            Assert.Equal(pairs.Length, sum _.Images)
            Assert.Equal(pairs.Length, sum _.Predicted)
            Assert.Equal(pairs |> List.filter (fun (a, b) -> a = b) |> List.length, sum _.Right)

            for i, row in List.indexed rows do
                Assert.Equal(row.Images, row.Right + List.sumBy snd row.TakenFor)
                Assert.Equal(pairs |> List.filter (fst >> (=) i) |> List.length, row.Images)
                Assert.Equal(row.Images = 0, (ClassRow.recall row).IsNone)
                Assert.Equal(row.Predicted = 0, (ClassRow.precision row).IsNone)

                Assert.Equal(
                    row.Images > 0 && row.Right = 0,
                    List.contains row.Name (ClassRow.lost rows)
                )

                Assert.Equal<(string * int) list>(
                    row.TakenFor
                    |> List.sortBy (fun (_, n) -> -n)
                    |> List.map snd
                    |> List.map (fun n -> "", n),
                    row.TakenFor |> List.map (fun (_, n) -> "", n)
                )

            let text =
                JsonText.ofWriter (fun json ->
                    json.WriteStartObject()
                    ClassRow.write json "classes" rows
                    json.WriteEndObject()
                )

            use document = JsonDocument.Parse text

            Assert.Equal<ClassRow list>(
                rows,
                ClassRow.read (document.RootElement.GetProperty "classes")
            )
        )

[<Fact>]
let ``recall and precision of a small table, by hand`` () =
    let rows =
        ClassRow.table 3 [ "cat"; "dog"; "fox" ] [ 0, 0; 0, 0; 0, 1; 1, 1; 1, 0; 2, 0; 2, 1; 2, 0 ]

    let shown =
        rows
        |> List.map (fun r -> r.Name, ClassRow.recall r, ClassRow.precision r, r.TakenFor)

    let expected = [
        "cat", Some(2.0 / 3.0), Some(2.0 / 5.0), [ "dog", 1 ]
        "dog", Some 0.5, Some(1.0 / 3.0), [ "cat", 1 ]
        "fox", Some 0.0, None, [ "cat", 2; "dog", 1 ]
    ]

    Assert.Equal<(string * float option * float option * (string * int) list) list>(expected, shown)
    Assert.Equal<string list>([ "fox" ], ClassRow.lost rows)
