namespace Sss.Tests.Lsp

open System.Text.Json
open Xunit
open Sss.Dsl
open Sss.Tests.Lsp.Messages
open Sss.Tests.Lsp.Asking

/// What is shown of a text: findings, costs, names, structure.
type SeeingTests() =

    [<Fact>]
    member _.``findings are those of the command line``() =
        let text =
            good.Replace("relu\n  repeat", "rellu\n  repeat").Replace("stride=2", "strid=2")

        use client = opened text
        let found = client.Findings()
        Assert.Equal(uri, found.GetProperty("uri").GetString())

        let expected =
            match Language.parse text with
            | Ok _ -> []
            | Error diagnostics -> diagnostics

        Assert.Equal(2, expected.Length)
        let all = found.GetProperty "diagnostics"
        Assert.Equal<string list>(expected |> List.map _.Code, texts [ "code" ] all)

        for d, json in Seq.zip expected (all.EnumerateArray()) do
            let start = json.GetProperty("range").GetProperty "start"
            let span = Option.get d.Span
            Assert.Equal(span.Line - 1, start.GetProperty("line").GetInt32())
            Assert.Equal(span.Column - 1, start.GetProperty("character").GetInt32())

            Assert.Equal(
                String.concat "\n" [
                    d.Message
                    yield! d.Notes
                    yield! d.Suggestion |> Option.map (fun s -> "help: " + s) |> Option.toList
                ],
                json.GetProperty("message").GetString()
            )

            Assert.Equal(
                "file:///errors/" + d.Code + ".md",
                json.GetProperty("codeDescription").GetProperty("href").GetString()
            )

    [<Fact>]
    member _.``findings count UTF-16 units and follow the calls``() =
        use client =
            opened
                "network N {\n input 1x4x4; classes 4\n def u(k) { conv k 3x3 }\n u 0; flatten; dense 4 }"

        let found =
            client.Findings().GetProperty("diagnostics").EnumerateArray() |> Seq.exactlyOne

        Assert.Equal("SSS302", found.GetProperty("code").GetString())

        let call =
            found.GetProperty("relatedInformation").EnumerateArray() |> Seq.exactlyOne

        Assert.Equal("called from here (`u`)", call.GetProperty("message").GetString())

        use client = opened "network N {\n // 😀\n 😀 ü ;\n}"

        let found =
            client.Findings().GetProperty("diagnostics").EnumerateArray()
            |> Seq.filter (fun d -> d.GetProperty("code").GetString() = "SSS101")
            |> Seq.exactlyOne

        let character (name: string) =
            found.GetProperty("range").GetProperty(name).GetProperty("character").GetInt32()

        Assert.Equal((1, 3), (character "start", character "end"))

    [<Fact>]
    member _.``a layer tells its shapes, arrays and costs``() =
        Assert.Equal(
            "```sss\nconv 8 3x3 stride=1 pad=1 groups=1 dilation=1 bias=no\n```\n\n`stem`: 3x8x8 → 8x8x8\n\n- weight: 8x3x3x3\n- 216 params\n- 13,824 macs, 6.3 % of the network",
            hover good "conv 8" 0
        )

        let inside = hover good "conv width" 0
        Assert.Contains("`unit1.residual1.branch.conv1`, `unit2.residual1.branch.conv1`", inside)
        Assert.Contains("8x8x8 → 8x8x8, 8x8x8 → 16x4x4", inside)

    [<Fact>]
    member _.``a factor tells what a zero removes``() =
        let text = hover good "@scale(neuron)" 0
        Assert.Contains("one for each of the 8 channels", text)
        Assert.Contains("This is `unit1.residual1.branch.bn1`, the first of 3.", text)
        Assert.Contains("One alone that is zero saves", text)
        let text = hover good "block" 0
        Assert.Contains("the branch is removed; the shortcut stays", text)

    [<Fact>]
    member _.``shared factors tell who shares them``() =
        let text =
            good.Replace("stem: conv 8 3x3; bn;", "stem: conv 8 3x3; bn @scale(neuron, shared);")

        let told = hover text "@scale(neuron, shared)" 0
        Assert.Contains("one for each of the 8 channels that the layers share", told)

        Assert.Contains(
            "Shared by `bn1`, `unit1.residual1.branch.bn2`, `unit2.residual1.branch.bn2`.",
            told
        )

    [<Fact>]
    member _.``a definition tells its signature, its comment and its calls``() =
        let text = hover good "unit(" 0
        Assert.Contains("```sss\ndef unit(width, stride = 1)\n```", text)
        Assert.Contains("Two convolutions.\nAnd a sum.", text)
        Assert.Contains("Called in lines 19, 20.", text)
        let call = hover good "unit 16" 0
        Assert.Contains("8x8x8 → 16x4x4", call)
        Assert.Contains("def unit", call)

    [<Fact>]
    member _.``an item of a recipe tells how it is written``() =
        Assert.Contains("Without it: `epochs 30`.", hover good "epochs" 0)

    [<Fact>]
    member _.``a mistake tells the page of its code``() =
        let text = good.Replace("avgpool", "avgpol")
        Assert.Contains("The page of SSS201.", hover text "avgpol" 0)

    [<Fact>]
    member _.``hints are behind statements that change the shape and behind braces``() =
        let found = hints good
        Assert.Contains(("stem: conv 8 3x3", "8x8x8"), found)
        Assert.Contains(("unit 16 stride=2", "16x4x4"), found)
        Assert.Contains(("avgpool global", "16x1x1"), found)
        Assert.Contains(("dense classes", "10x1x1"), found)
        Assert.DoesNotContain(found, fun (words, _) -> words.EndsWith "relu")

        Assert.Contains(
            found,
            fun (words, label) -> words.StartsWith "def unit" && label.EndsWith "macs"
        )

    [<Fact>]
    member _.``hints can be switched off``() =
        use client = opened good

        client.Notify(
            "workspace/didChangeConfiguration",
            json """{"settings":{"sss":{"inlayHints":{"shapes":false,"macs":false}}}}"""
        )

        let answer = client.Ask("textDocument/inlayHint", inside (0, 0, 1000, 0))
        Assert.Empty(answer.EnumerateArray())

    [<Fact>]
    member _.``hints in a broken text show what is known``() =
        let found = hints (good.Replace("unit 16 stride=2", "unt 16 stride=2"))
        Assert.Contains(("stem: conv 8 3x3", "8x8x8"), found)
        Assert.Contains(("dense classes", "10x1x1"), found)
        Assert.DoesNotContain(found, fun (words, _) -> words = "avgpool global")

    [<Fact>]
    member _.``a file has an outline``() =
        let symbols = ask good "textDocument/documentSymbol" (about ())
        Assert.Equal<string list>([ "Net"; "train" ], texts [ "name" ] symbols)
        let network = symbols.EnumerateArray() |> Seq.head

        Assert.Equal<string list>(
            [
                "unit"
                "stem: conv 8 3x3"
                "bn"
                "relu"
                "repeat 2"
                "unit 16 stride=2"
                "avgpool global"
                "dense classes"
            ],
            texts [ "name" ] (network.GetProperty "children")
        )

    [<Fact>]
    member _.``braces and comments fold``() =
        let folds = ask good "textDocument/foldingRange" (about ())

        Assert.Equal<string list>(
            [ "0-21"; "6-14"; "7-12"; "24-26"; "4-5" ],
            List.zip (texts [ "startLine" ] folds) (texts [ "endLine" ] folds)
            |> List.map (fun (a, b) -> a + "-" + b)
        )

    [<Fact>]
    member _.``words have colours by meaning``() =
        let answer = ask good "textDocument/semanticTokens/full" (about ())
        let numbers = [ for n in (answer.GetProperty "data").EnumerateArray() -> n.GetInt32() ]
        let lines = good.Split '\n'
        let mutable line, character = 0, 0

        let found = [
            for token in List.chunkBySize 5 numbers do
                line <- line + token[0]
                character <- if token[0] = 0 then character + token[1] else token[1]
                lines[line].Substring(character, token[2]), token[3]
        ]

        // keyword, function, parameter, variable, number, comment, decorator, operator, class, property, enumMember
        for expected in
            [
                "network", 0
                "Net", 8
                "3x8x8", 4
                "// Two convolutions.", 5
                "unit", 1
                "width", 2
                "@scale", 6
                "conv", 1
                "stride", 9
                "stem", 3
                "global", 10
                "train", 0
                "epochs", 0
            ] do
            Assert.Contains(expected, found)

    [<Fact>]
    member _.``the network's costs and the recipe's commands are above them``() =
        let lenses = ask good "textDocument/codeLens" (about ())

        Assert.Equal<string list>(
            [
                "6,450 params · 218,784 macs · 35 factors"
                "Show network"
                "Train"
                "Open report"
            ],
            texts [ "command"; "title" ] lenses
        )

    [<Fact>]
    member _.``a mistake in the network hides costs and picture, one in the recipe does not``() =
        let shown text =
            use client = opened text
            let lenses = client.Ask("textDocument/codeLens", about ())
            let picture = client.Ask("sss/picture", about ())
            List.head (texts [ "command"; "title" ] lenses), picture.ValueKind <> JsonValueKind.Null

        let hidden = "costs are shown once the mistakes are corrected", false
        let costs = "6,450 params · 218,784 macs · 35 factors", true
        Assert.Equal(hidden, shown (good.Replace("avgpool", "avgpol")))
        Assert.Equal(hidden, shown (good.Replace("stem: conv 8 3x3", "stem: conv")))
        Assert.Equal(hidden, shown (good.Replace("avgpool global", "avgpool (")))
        Assert.Equal(costs, shown (good.Replace("epochs 3", "epochs three")))
        Assert.Equal(costs, shown (good.Replace("epochs 3", "epochs")))
        Assert.Equal(costs, shown good)

    [<Fact>]
    member _.``numbers as outputs, and factors that a target leaves, are explained``() =
        let text =
            good
                .Replace("classes 10", "outputs 10")
                .Replace("dense classes", "dense outputs")
                .Replace("@scale(neuron)", "@scale(neuron, min=4)")

        Assert.Equal("`outputs`: 10", hover text "outputs" 1)
        Assert.Contains("- a target leaves at least 4 of them", hover text "@scale(neuron" 0)

        Assert.Contains(
            "- a target leaves all of them alone",
            hover (text.Replace("min=4", "keep")) "@scale(neuron" 0
        )

        for item in Words.recipe do
            let text = good.Replace("epochs 3", List.head (RecipeItems.examplesOf item))
            Assert.Contains("Without it: ", hover text item 0)

    [<Fact>]
    member _.``the picture follows the text``() =
        use client = opened good
        let answer = client.Ask("sss/picture", about ())
        Assert.Equal("<html>Net</html>", answer.GetProperty("html").GetString())
        client.Notify("textDocument/didChange", changing 2 (0, 8, 0, 11) "Other")
        let answer = client.Ask("sss/picture", about ())
        Assert.Equal("<html>Other</html>", answer.GetProperty("html").GetString())
        client.Notify("textDocument/didChange", changing 3 (0, 0, 0, 1) "")
        Assert.Equal(JsonValueKind.Null, client.Ask("sss/picture", about ()).ValueKind)
