namespace Sss.Tests.Lsp

open System.Text.Json
open Xunit
open Sss.Dsl
open Sss.Tests.Lsp.Messages
open Sss.Tests.Lsp.Asking

/// What is changed on request: names, form, and mistakes.
type ChangingTests() =

    [<Fact>]
    member _.``names lead to where they are given``() =
        let definition word n =
            let answer = ask good "textDocument/definition" (at (place good word n 1))
            let start = answer.GetProperty("range").GetProperty "start"
            start.GetProperty("line").GetInt32(), start.GetProperty("character").GetInt32()

        Assert.Equal(place good "unit(" 0 0, definition "unit 16" 0)
        Assert.Equal(place good "width," 0 0, definition "width 3x3" 0)
        Assert.Equal(place good "stride = 1" 0 0, definition "stride=2" 0)

        let references =
            ask
                good
                "textDocument/references"
                (at (place good "stride = 1" 0 1)
                 |> ``with`` "context" (json """{"includeDeclaration":true}"""))

        Assert.Equal(3, Seq.length (references.EnumerateArray()))

        let marks =
            ask good "textDocument/documentHighlight" (at (place good "unit 16" 0 1))

        Assert.Equal<string list>([ "3"; "2"; "2" ], texts [ "kind" ] marks |> List.sortDescending)

    [<Fact>]
    member _.``names are changed everywhere``() =
        let rename text word n name =
            use client = opened text

            let answer =
                client.Answer(
                    "textDocument/rename",
                    at (place text word n 1) |> ``with`` "newName" (Messages.text name)
                )

            match answer.TryGetProperty "result" with
            | true, result -> Ok(edited text (result.GetProperty("changes").GetProperty uri))
            | false, _ ->
                Error(string (answer.GetProperty("error").GetProperty("message").GetString()))

        Assert.Equal(Ok(good.Replace("unit", "stage")), rename good "unit 16" 0 "stage")

        Assert.Equal(
            Ok(
                good
                    .Replace("stride = 1", "by = 1")
                    .Replace("stride=stride", "stride=by")
                    .Replace("stride=2", "by=2")
            ),
            rename good "stride=2" 0 "by"
        )

        Assert.Equal(Ok(good.Replace("stem", "first")), rename good "stem" 0 "first")
        Assert.Equal(Ok(good.Replace("Net", "Other")), rename good "Net" 0 "Other")

        Assert.Equal(
            Error "`conv` is a reserved word and cannot be a name.",
            rename good "unit 16" 0 "conv"
        )

        Assert.Equal(
            Error "`2x` is not a name: a letter or `_`, then letters, digits and `_`.",
            rename good "unit 16" 0 "2x"
        )

        Assert.Equal(Error "there are two parameters `width`.", rename good "stride=2" 0 "width")

        // An output has its name in the recipe too.
        let heads =
            good
                .Replace(
                    "  avgpool global",
                    "  output early { avgpool global; dense classes }\n  avgpool global"
                )
                .Replace("  epochs 3", "  epochs 3\n  output early weight=0.3")

        Assert.Equal(Ok(heads.Replace("early", "soon")), rename heads "early" 0 "soon")
        Assert.Equal(Ok(heads.Replace("early", "soon")), rename heads "early" 1 "soon")

        let broken = good.Replace("avgpool global", "avgpool (")

        Assert.Equal(
            Error "A part of the text is not understood; put that right first, then rename.",
            rename broken "unit 16" 0 "stage"
        )

    [<Fact>]
    member _.``files and ranges are formatted``() =
        let text =
            good
                .Replace("  stem: conv 8 3x3; bn; relu", " stem:conv  8 3x3 ;bn;relu")
                .Replace("  epochs 3", "epochs   3")

        let edits = ask text "textDocument/formatting" (about ())
        Assert.Equal(good, edited text edits)
        let line = fst (place text "stem" 0 0)
        let edits = ask text "textDocument/rangeFormatting" (inside (line, 0, line + 1, 0))

        Assert.Equal(good.Replace("  epochs 3", "epochs   3"), edited text edits)

        Assert.Empty((ask (good + "}") "textDocument/formatting" (about ())).EnumerateArray())

    [<Fact>]
    member _.``the word that was meant is one action away``() =
        let text = good.Replace("avgpool", "avgpol")
        Assert.Equal(good, acted text (actions text "avgpol" 0 "quickfix") "Change to `avgpool`")
        let text = good.Replace("epochs", "epoch")
        Assert.Equal(good, acted text (actions text "epoch" 0 "quickfix") "Change to `epochs`")

    [<Fact>]
    member _.``factors are offered where they can act``() =
        let text =
            good.Replace("bn @scale(neuron)", "bn").Replace("residual @scale(block)", "residual")

        Assert.Equal(
            text.Replace("bn\n      relu", "bn @scale(neuron)\n      relu"),
            acted text (actions text "conv width" 0 "refactor") "Add `@scale(neuron)`"
        )

        Assert.Equal(
            text.Replace("residual", "residual @scale(block)"),
            acted text (actions text "residual" 0 "refactor") "Add `@scale(block)`"
        )

        Assert.Empty(texts [ "title" ] (actions text "dense" 0 "refactor.rewrite"))
        let wrong = text.Replace("avgpool", "avgpol")
        Assert.Empty(texts [ "title" ] (actions wrong "avgpol" 0 "refactor.rewrite"))

    [<Fact>]
    member _.``a shortcut is written out and a body extracted``() =
        let text = good.Replace("  repeat 2 { unit 8 }\n", "")

        Assert.Equal(
            text.Replace("shortcut auto", "shortcut { conv 16 1x1 stride=2; bn }"),
            acted text (actions text "residual" 0 "refactor") "Write out `shortcut auto`"
        )

        // Here it stands for different things.
        Assert.DoesNotContain(
            "Write out `shortcut auto`",
            texts [ "title" ] (actions good "residual" 0 "refactor")
        )

        let text = good.Replace("{ unit 8 }", "{ conv 8 3x3; relu }")

        let after =
            acted
                text
                (actions text "repeat" 0 "refactor.extract")
                "Extract the body into `def unit_`"

        Assert.Contains("def unit_() { conv 8 3x3; relu }\n", after)
        Assert.Contains("repeat 2 { unit_ }", after)
        Assert.Empty(Sss.Tests.Language.Support.codes after |> List.except [ "SSS651" ])
