namespace Sss.Tests.Lsp

open System.Text.Json
open Xunit
open Sss.Dsl
open Sss.Tests.Lsp.Messages
open Sss.Tests.Lsp.Asking

/// What helps while a text is typed.
type WritingTests() =

    [<Fact>]
    member _.``a statement is completed with layers, joins, definitions and blocks``() =
        let found = labels (good.Replace("  avgpool global", "  ‸"))

        for word in [ "conv"; "dense"; "residual"; "repeat"; "unit"; "residual block"; "def" ] do
            Assert.Contains(word, found)

        // Once is enough of these, and a network has one of the last two.
        for word in [ "input"; "classes"; "outputs" ] do
            Assert.DoesNotContain(word, found)
            Assert.Contains(word, labels "network Empty {\n  ‸\n}")

        let inner = labels (good.Replace("      relu\n", "      re‸\n"))
        Assert.Contains("relu", inner)
        Assert.DoesNotContain("input", inner)

    [<Fact>]
    member _.``arguments are completed with what is left of them``() =
        let found =
            labels (good.Replace("stem: conv 8 3x3;", "stem: conv 8 3x3 stride=2 ‸;"))

        Assert.Contains("pad=", found)
        Assert.Contains("@scale(neuron)", found)
        Assert.DoesNotContain("stride=", found)
        Assert.DoesNotContain("@scale(block)", found)
        Assert.Equal<string list>([ "yes"; "no" ], labels (good.Replace("8 3x3;", "8 3x3 bias=‸;")))

        Assert.Equal<string list>(
            Words.scaleKinds,
            labels (good.Replace("@scale(neuron)", "@scale(‸)"))
        )

        Assert.Equal<string list>(
            Words.scaleFlags @ (Words.scaleArguments |> List.map (fun name -> name + "=")),
            labels (good.Replace("@scale(neuron)", "@scale(neuron, ‸)"))
        )

        Assert.Contains("width", labels (good.Replace("conv width 3x3 s", "conv ‸ 3x3 s")))
        Assert.Contains("stride=", labels (good.Replace("unit 16 stride=2", "unit 16 ‸")))

        Assert.Equal<string list>(
            [ "auto"; "identity" ],
            labels (good.Replace("shortcut auto", "shortcut ‸"))
        )

    [<Fact>]
    member _.``recipes are completed``() =
        let found = labels (good.Replace("  epochs 3", "  ‸"))
        Assert.Equal<string list>(List.ofArray Words.recipe, found)
        Assert.Contains("cosine", labels (good.Replace("epochs 3", "lr 0.1 ‸")))
        Assert.Contains("mcp", labels (good.Replace("epochs 3", "penalty ‸")))

        for item in Words.recipe do
            Assert.Equal<string list>(
                RecipeItems.wordsOf item,
                labels (good.Replace("epochs 3", item + " ‸"))
            )

        Assert.Empty(labels (good.Replace("// Two", "// ‸Two")))
        Assert.Equal<string list>([ "network"; "train" ], labels "‸")

    [<Fact>]
    member _.``what is completed is text that parses``() =
        let text, place = caret (good.Replace("  avgpool global", "  ‸\n  avgpool global"))
        let answer = ask text "textDocument/completion" (at place)

        for item in (answer.GetProperty "items").EnumerateArray() do
            let label = string (item.GetProperty("label").GetString())

            if not (List.contains label [ "input"; "classes"; "outputs"; "def" ]) then
                let snippet =
                    string (item.GetProperty("textEdit").GetProperty("newText").GetString())

                let plain =
                    System.Text.RegularExpressions.Regex
                        .Replace(snippet, @"\$\{\d+:([^}]*)\}", "$1")
                        .Replace("width", "8")
                    |> fun text ->
                        System.Text.RegularExpressions.Regex.Replace(text, @"\$\d", "relu")

                let whole = good.Replace("  avgpool global", "  " + plain + "\n  avgpool global")
                let codes = Sss.Tests.Language.Support.codes whole
                // Shapes may not fit here; words and arguments must.
                Assert.DoesNotContain(
                    codes,
                    fun code -> code.StartsWith "SSS1" || code.StartsWith "SSS2"
                )

    [<Fact>]
    member _.``the argument being written is known``() =
        let signature (marked: string) =
            let text, place = caret marked
            let answer = ask text "textDocument/signatureHelp" (at place)
            let first = answer.GetProperty("signatures").EnumerateArray() |> Seq.head
            let label = string (first.GetProperty("label").GetString())
            let active = answer.GetProperty("activeParameter").GetInt32()
            let parameters = texts [ "label" ] (first.GetProperty "parameters")
            label, List.tryItem active parameters

        Assert.Equal(
            ("conv number-of-channels kernel stride=1 pad= groups=1 dilation=1 bias=",
             Some "number-of-channels"),
            signature (good.Replace("conv 8 3x3;", "conv ‸"))
        )

        Assert.Equal(Some "kernel", snd (signature (good.Replace("conv 8 3x3;", "conv 8 ‸"))))
        Assert.Equal(Some "pad=", snd (signature (good.Replace("8 3x3;", "8 3x3 pad=‸"))))
        Assert.Equal(None, snd (signature (good.Replace("conv 8 3x3;", "conv 8 3x3 ‸"))))

        Assert.Equal(
            ("unit width stride=1", Some "stride=1"),
            signature (good.Replace("unit 16 stride=2", "unit 16 ‸"))
        )

        Assert.Equal(
            ("residual drop=P", Some "drop=P"),
            signature (good.Replace("residual @scale(block)", "residual drop=‸"))
        )

    [<Fact>]
    member _.``recipes and factors show how they are written``() =
        let signatures (marked: string) =
            let text, place = caret marked
            let answer = ask text "textDocument/signatureHelp" (at place)
            texts [ "label" ] (answer.GetProperty "signatures")

        for item in Words.recipe do
            let found = signatures (good.Replace("epochs 3", item + " ‸"))
            Assert.NotEmpty found
            Assert.All(found, fun label -> Assert.StartsWith(item, label))

        Assert.Contains(
            "target latency=5ms size=200kB",
            signatures (good.Replace("epochs 3", "target macs=0.5 ‸"))
        )

        let scale = [ "@scale(kind, gamma=, init=, min=, shared, keep)" ]
        Assert.Equal<string list>(scale, signatures (good.Replace("@scale(neuron)", "@scale(‸)")))

        Assert.Equal<string list>(
            scale,
            signatures (good.Replace("@scale(neuron)", "@scale(neuron, ‸)"))
        )
