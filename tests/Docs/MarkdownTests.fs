namespace Sss.Tests.Docs

open Xunit

/// The tests of the pages would pass if they saw no block, or took any output for the right one.
type MarkdownTests() =

    let page lines =
        Markdown.blocks "page.md" (String.concat "\n" lines)

    let commands block = Transcript.commands block

    [<Fact>]
    member _.``blocks have their lines, their language and their directives``() =
        let found, loose =
            page [
                "# A page"
                "<!-- test: starts with runs/digits -->"
                "Text."
                "<!-- test: with --epochs 2 -->"
                "<!-- test: numbers vary -->"
                ""
                "```console"
                "$ one \\"
                "  more"
                "1 and"
                "$ two"
                "```"
                "```sss"
                "conv 8 3x3"
                "```"
            ]

        Assert.Equal<Directive list>([ StartsWithRun ], loose)
        Assert.Equal<string list>([ "page.md:8"; "page.md:14" ], found |> List.map _.Place)
        Assert.Equal<Directive list>([ With "--epochs 2"; NumbersVary ], found[0].Directives)
        Assert.Empty found[1].Directives

        let expected = [
            {
                Line = 8
                Text = "one \\\n  more"
                Shown = [ "1 and" ]
            }
            { Line = 11; Text = "two"; Shown = [] }
        ]

        match commands found[0] with
        | Ok found -> Assert.Equal<Command list>(expected, found)
        | Error reason -> Assert.Fail reason

    [<Theory>]
    [<InlineData("a|b", "a|b", true)>]
    [<InlineData("a", "a|b", false)>]
    [<InlineData("a|…", "a|b|c", true)>]
    [<InlineData("a|…|d", "a|b|c|d", true)>]
    [<InlineData("a|…|d", "a|b|c", false)>]
    [<InlineData("a|b", "a", false)>]
    [<InlineData("time … s", "time 12.5 s", true)>]
    [<InlineData("time … s", "time 12.5", false)>]
    [<InlineData("kept 3 of 5", "kept 4 of 5", false)>]
    member _.``shown lines are held to what was printed`` (shown: string) (printed: string) same =
        let lines (text: string) = List.ofArray (text.Split '|')
        Assert.Equal(same, (Transcript.difference false (lines shown) (lines printed)).IsNone)

    [<Theory>]
    [<InlineData("kept 3 of 5", "kept 4 of 50", true)>]
    [<InlineData("macs  1,648,256", "macs 9,999", true)>]
    [<InlineData("at most 2.4e-07", "at most 0", true)>]
    [<InlineData("kept 3 of 5", "lost 3 of 5", false)>]
    member _.``numbers may vary where the page says so`` (shown: string) (printed: string) same =
        Assert.Equal(same, (Transcript.difference true [ shown ] [ printed ]).IsNone)

    [<NeedsBash>]
    member _.``what is wrong is reported with its place``() =
        use folder = new Sss.Tests.Repository.Folder()

        let found, _ =
            page [
                "```console"
                "$ echo right"
                "right"
                "$ echo wrong"
                "right"
                "```"
                "```console"
                "$ exit 3"
                "```"
                "```json"
                "{ \"a\": }"
                "```"
                "```sss"
                "cnov 8 3x3"
                "```"
                "```lisp"
                "```"
            ]

        let faults = Pages.run folder.Path found

        Assert.Collection(
            faults,
            (fun f ->
                Assert.StartsWith("page.md:4: `echo wrong`\nshown:   right\nprinted: wrong", f)
            ),
            (fun f -> Assert.StartsWith("page.md:8: `exit 3` ended with 3 instead of 0", f)),
            (fun f -> Assert.StartsWith("page.md:11: ", f)),
            (fun f -> Assert.Contains("there is no layer or definition `cnov`", f)),
            (fun f -> Assert.Equal("page.md:17: nothing tests blocks of 'lisp'", f))
        )

    [<Fact>]
    member _.``anchors are those of the headings outside of code``() =
        let text =
            "# The `.sss` language\n```console\n# not this\n```\n## A file, and more\n"

        Assert.Equal<string list>([ "a-file-and-more"; "the-sss-language" ], Markdown.anchors text)
