/// Names and texts from outside never steer the terminal that they are shown on.
module Sss.Tests.Files.EscapeTests

open System
open System.Text
open FsCheck.FSharp
open FsCheck.Xunit
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Any UTF-16 units at all, halves of pairs included, with many of those that matter.
let private hostile =
    let unit =
        Gen.frequency [
            3, Gen.choose (0x20, 0x7E)
            3, Gen.choose (0x00, 0x1F)
            1, Gen.choose (0x7F, 0x9F)
            2, Gen.elements [ 0x200B; 0x200E; 0x200F; 0x202E; 0x2066; 0x2069; 0x2028; 0xFEFF; 0xAD ]
            1, Gen.choose (0xD800, 0xDFFF)
            2, Gen.choose (0, 0xFFFF)
        ]

    Gen.arrayOf unit |> Gen.map (fun units -> String(Array.map char units))

[<Property(MaxTest = 1000)>]
let ``what is escaped holds nothing that steers a terminal`` () =
    Prop.forAll
        (Arb.fromGen hostile)
        (fun text ->
            let line = Escape.line text
            let lines = Escape.lines text

            let isSafe allowed (shown: string) =
                shown.EnumerateRunes()
                |> Seq.forall (fun rune ->
                    not (Escape.isUnsafe rune) || List.contains rune.Value allowed
                )

            isSafe [] line
            && isSafe [ 0x0A; 0x09 ] lines
            && Escape.line line = line
            && Escape.lines lines = lines
        )

[<Fact>]
let ``characters are escaped by name or by number`` () =
    Assert.Equal("a\\u001b]0;x\\u0007b", Escape.line "a\u001b]0;x\u0007b")
    Assert.Equal("a\\nb\\tc\\r", Escape.line "a\nb\tc\r")
    Assert.Equal("a\nb\tc\\r", Escape.lines "a\nb\tc\r")
    Assert.Equal("\\u202etxt.exe \\u0085", Escape.line "\u202Etxt.exe \u0085")
    // A literal cannot hold half of a pair.
    Assert.Equal("a\\ud800b", Escape.line (String [| 'a'; char 0xD800; 'b' |]))
    Assert.Equal("\\U000e0041", Escape.line "\U000E0041")
    Assert.Equal("Straße 猫 😀 C:\\cats [red]", Escape.line "Straße 猫 😀 C:\\cats [red]")

[<Fact>]
let ``a name in a message cannot begin a line or colour it`` () =
    let name = "cat\u001b[31m\nsss: done\u202E"
    let shown = "cat\\u001b[31m\\nsss: done\\u202e"

    let expected = [
        NotFound name, $"{shown}: no such file or folder"
        NotAllowed name, $"{shown}: permission denied"
        NotAvailable(name, name), $"{shown}: {shown}"
        DiskFull name, $"{shown}: no space left on the device; nothing was changed"
        Malformed(Place.start name, Duplicate("class", name)),
        $"{shown}: at byte 0: class `{shown}` is there twice"
        Refused(name, "Skia", name), $"{shown}: Skia cannot use it: {shown}"
        NotFound "caf\uFFFD.png",
        "caf\uFFFD.png: no such file or folder; a name that is not UTF-8 cannot be opened"
    ]

    for error, message in expected do
        Assert.Equal(message, FileError.message error)

[<Fact>]
let ``a line of a text is quoted with the caret in its place`` () =
    let text = "network N\n\u001b[31m\u202E x\n"

    let shown =
        match Language.parse text with
        | Ok _ -> failwith "an error was expected"
        | Error problems ->
            problems |> List.map (Language.render "a\nb.sss" text) |> String.concat ""

    Assert.DoesNotContain("\u001b", shown)
    Assert.DoesNotContain("\u202E", shown)
    Assert.Contains(" 2 | \u241B[31m\uFFFD x\n   | ^", shown)
    Assert.StartsWith("a\\nb.sss:", shown)
