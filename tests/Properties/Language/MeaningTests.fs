namespace Sss.Tests.Language

open System.IO
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// What the language reference says, checked piece by piece.
type MeaningTests() =

    let layer name (network: Network) =
        Network.layers network |> Seq.find (fun l -> l.Name = name)

    let names (network: Network) =
        Network.layers network |> Seq.map (fun l -> l.Name) |> List.ofSeq

    /// The code blocks of a page, by the word after the fence.
    let blocks word (page: string) =
        page.Split("```" + word + "\n")
        |> Array.skip 1
        |> Array.map (fun part -> part.Substring(0, part.IndexOf "```"))

    let page name = File.ReadAllText(path [ "docs"; name ])

    [<Fact>]
    member _.``every example of the reference parses without a finding``() =
        let found = blocks "sss" (page "language.md")
        Assert.True(found.Length > 12)

        for block in found do
            let text = if block.Contains "network " then block else wrap block

            Assert.Equal("", messages text)

    [<Fact>]
    member _.``every message of the reference is the language's own``() =
        let sources = blocks "sss-error" (page "language.md")
        let shown = blocks "text" (page "language.md")
        Assert.Equal(sources.Length, shown.Length)

        for source, expected in Array.zip sources shown do
            Assert.Equal(expected.TrimEnd(), (messages source).TrimEnd())

    [<Fact>]
    member _.``pages of errors show the error and the way out``() =
        for code in Codes.all do
            let found = blocks "sss" (File.ReadAllText(path [ "docs"; "errors"; code + ".md" ]))

            let texts =
                found
                |> Array.map (fun block ->
                    if block.Contains "network " || block.StartsWith "train" then
                        block
                    else
                        wrap block
                )

            if texts.Length > 0 then
                Assert.Contains(code, codes texts[0])

            if texts.Length > 1 then
                Assert.True(List.isEmpty (codes texts[1]), code)

    [<Fact>]
    member _.``defaults are those of the table``() =
        let n =
            network (
                wrap
                    "conv 4 3x3; bn; relu\nconv 6 5x3 dilation=2\nmaxpool 2x2\ndwconv 3x3\nleakyrelu\ndropout 0.5"
            )

        let expected: Conv = {
            Out = 6
            Kernel = { H = 5; W = 3 }
            Stride = Size.square 1
            Pad = Padding.even { H = 4; W = 2 }
            Dilation = Size.square 2
            Groups = 1
            Bias = true
        }

        Assert.Equal(Op.Conv expected, (layer "conv2" n).Op)

        Assert.Equal(
            Op.Conv {
                expected with
                    Out = 4
                    Kernel = Size.square 3
                    Pad = Padding.square 1
                    Dilation = Size.square 1
                    Bias = false
            },
            (layer "conv1" n).Op
        )

        Assert.Equal(Op.BatchNorm { Eps = 1e-5; Momentum = 0.1 }, (layer "bn1" n).Op)
        Assert.Equal(Op.Activation(LeakyRelu 0.01), (layer "leakyrelu1" n).Op)
        Assert.Equal(Op.Dropout 0.5, (layer "dropout1" n).Op)

        Assert.Equal(
            Op.Pool {
                Kind = Max
                Kernel = Size.square 2
                Stride = Size.square 2
                Pad = Padding.none
                Ceil = false
                CountPad = false
            },
            (layer "maxpool1" n).Op
        )

    [<Fact>]
    member _.``bias looks at the next statement of the same body``() =
        let bias name text =
            match (layer name (network (wrap text))).Op with
            | Op.Conv c -> c.Bias
            | _ -> invalidOp name

        Assert.False(bias "conv1" "conv 4 3x3\n// a comment\n\nbn")
        Assert.True(bias "conv1" "conv 4 3x3; relu; bn")
        Assert.True(bias "c1.conv1" "def c() { conv 4 3x3 }\nc; bn")
        Assert.True(bias "conv1" "def b() { bn }\nconv 4 3x3; b")
        Assert.True(bias "conv1" "{ conv 4 3x3 }; bn")
        Assert.True(bias "conv1" "repeat 1 { conv 4 3x3 }; bn")
        Assert.True(bias "conv1" "conv 4 3x3 bias=yes; bn")

    [<Fact>]
    member _.``names are kinds and numbers, joined by dots``() =
        let text =
            "def unit(w) { residual { conv w 3x3; relu6; relu6 } shortcut auto }\n"
            + "conv 4 3x3; stem: conv 4 3x3; conv 4 3x3\n"
            + "repeat 2 { unit 4 }\nunit 8\n"
            + "tail: { concat { conv 2 1x1 } { } { relu } }\n"
            + "conv9: conv 4 3x3; conv 4 3x3"

        Assert.Equal<string list>(
            [
                "conv1"
                "stem"
                "conv3"
                "unit1.residual1.branch.conv1"
                "unit1.residual1.branch.relu6_1"
                "unit1.residual1.branch.relu6_2"
                "unit2.residual1.branch.conv1"
                "unit2.residual1.branch.relu6_1"
                "unit2.residual1.branch.relu6_2"
                "unit3.residual1.branch.conv1"
                "unit3.residual1.branch.relu6_1"
                "unit3.residual1.branch.relu6_2"
                "unit3.residual1.shortcut.conv1"
                "unit3.residual1.shortcut.bn1"
                "tail.concat1.branch1.conv1"
                "tail.concat1.branch3.relu1"
                "conv9"
                "conv10"
                "avgpool1"
                "dense1"
            ],
            names (network (wrap text))
        )

    [<Fact>]
    member _.``what selection leaves has a text``() =
        let text =
            "def unit() { relu }\n"
            + "unit3: { tanh }\nunit\nunit\n"
            + "residual2: { shortcut: { conv1: { relu6_2: { relu } } } }\n"
            + "concat1: { branch2: { relu } }\n"
            + "concat3: concat { } branch4: { relu }\n"

        Assert.Equal<string list>([ "SSS212"; "SSS212" ], codes (wrap text))
        let text = text.Replace("conv1: { relu6_2: { relu } }", "relu3: relu")

        Assert.Equal<string list>(
            [
                "unit3.tanh1"
                "unit4.relu1"
                "unit5.relu1"
                "residual2.shortcut.relu3"
                "concat1.branch2.relu1"
                "concat3.branch4.relu1"
                "avgpool1"
                "dense1"
            ],
            names (network (wrap text))
        )

    [<Theory>]
    [<InlineData("4*2", 8)>]
    [<InlineData("(4 + 2) ", 6)>]
    [<InlineData("2+3*4", 14)>]
    [<InlineData("(2+3)*4", 20)>]
    [<InlineData("-2+8/2/2*3", 4)>]
    [<InlineData("classes-1", 9)>]
    [<InlineData("(\n  // half\n  classes / 2\n)", 5)>]
    [<InlineData("1e1", 10)>]
    member _.``expressions``(text: string, value: int) =
        match (layer "conv1" (network (wrap $"conv {text} 3x3"))).Op with
        | Op.Conv c -> Assert.Equal(value, c.Out)
        | _ -> invalidOp text

    [<Theory>]
    [<InlineData(28, 14, 2)>]
    [<InlineData(7, 4, 2)>]
    [<InlineData(9, 3, 3)>]
    [<InlineData(8, 1, 8)>]
    [<InlineData(5, 5, 1)>]
    member _.``shortcut auto takes the smallest stride``(from: int, target: int, stride: int) =
        let shape size = Shape.create 3 size size
        // The obvious way: try them all.
        let obvious =
            Seq.initInfinite ((+) 1) |> Seq.find (fun s -> (from - 1) / s + 1 = target)

        Assert.Equal(stride, obvious)

        let pool =
            if target = from then
                "relu"
            else
                $"conv 4 1x1 stride={stride}"

        let text =
            (wrap $"residual {{ {pool} }} shortcut auto").Replace("3x8x8", (shape from).ToString())

        match
            network text
            |> Network.layers
            |> Seq.tryFind (fun l -> l.Name.EndsWith "shortcut.conv1")
        with
        | Some { Op = Op.Conv c } -> Assert.Equal(Size.square stride, c.Stride)
        | _ -> Assert.Equal(from, target)

    [<Fact>]
    member _.``a pool pads and rounds as PyTorch does``() =
        let output arguments =
            string (layer "maxpool1" (network (wrap ("maxpool " + arguments)))).Output

        Assert.Equal("3x4x4", output "3x3 stride=2 pad=1")
        Assert.Equal("3x3x3", output "3x3 stride=2")
        Assert.Equal("3x4x4", output "3x3 stride=2 ceil=yes")
        // A last window that would begin in the right padding is left out.
        Assert.Equal("3x5x5", output "2x2 pad=1 ceil=yes")

    [<Fact>]
    member _.``one misspelling, one guess``() =
        Assert.Equal(Some "conv", Suggest.nearest [ "conv"; "concat"; "dwconv" ] "cnov")
        Assert.Equal(Some "stride", Suggest.nearest [ "stride"; "pad" ] "strid")
        Assert.Equal(None, Suggest.nearest [ "stride"; "pad" ] "banana")
        Assert.Equal(1, Suggest.distance "relu" "rleu")
