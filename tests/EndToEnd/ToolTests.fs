namespace Sss.Tests.EndToEnd

open System.IO
open System.Text.RegularExpressions
open Xunit
open Sss.Tests.EndToEnd.Running

/// A fact that needs util-linux's `script`, which runs a program in a pseudo-terminal.
type NeedsTerminal() as fact =
    inherit FactAttribute()

    do
        if not (File.Exists "/usr/bin/script") then
            fact.Skip <- "there is no /usr/bin/script to make a pseudo-terminal with"

/// A fact that needs bash where systems have it.
type NeedsBash() as fact =
    inherit FactAttribute()

    do
        if not (File.Exists "/bin/bash") then
            fact.Skip <- "there is no /bin/bash"

/// `init`, `predict`, `report`, `completions`, and what a terminal shows.
type ToolTests() =

    let withoutCommand = "'sss --help' lists the commands."

    /// Trains a little in a terminal of this many columns. What the terminal got.
    let terminal columns (environment: (string * string) list) (folder: Folder) =
        let out = folder.File $"run{columns}"

        let command =
            $"stty cols {columns} rows 24; dotnet '{program}' train examples/digits.sss --data digits \
              --epochs 2 --limit 256 --threads 1 --out '{out}'"

        let all = [ "TERM", "xterm-256color"; "COLORTERM", "" ] @ environment
        let ended = start 300 all "/usr/bin/script" [ "-qec"; command; "/dev/null" ]
        expectCode 0 ended
        ended.Out

    let escape = "\u001b"

    [<Theory>]
    [<InlineData("residual")>]
    [<InlineData("plain")>]
    member _.``init writes a file that is checked, formatted and trains to its target``
        (style: string)
        =
        use folder = new Folder()
        let file = folder.File "first.sss"

        let ended =
            sss [ "init"; "--data"; "digits"; "--out"; file; "--style"; style; "--json" ]

        expectCode 0 ended
        Assert.Equal("Digits", (json ended.Out).GetProperty("network").GetString())
        let check = sss [ "check"; file ]
        expectCode 0 check
        Assert.Equal("", check.Err)
        expectCode 0 (sss [ "fmt"; file; "--check" ])

        let trained =
            sss [
                "train"
                file
                "--data"
                "digits"
                "--out"
                folder.File "run"
                "--epochs"
                "16"
                "--limit"
                "640"
                "--threads"
                "1"
                "--json"
            ]

        expectCode 0 trained
        let result = json trained.Out

        let macs (name: string) =
            result.GetProperty(name).GetProperty("macs").GetInt64()

        Assert.InRange(macs "selected", 1L, macs "dense" / 2L)
        let accuracy = result.GetProperty("test").GetProperty("accuracy").GetDouble()
        // A guess is right in a tenth of the cases; untouched, the file reaches more than 0.97.
        Assert.InRange(accuracy, 0.6, 1.0)

    [<Fact>]
    member _.``init overwrites nothing without --force, and suggests``() =
        use folder = new Folder()
        let file = folder.File "first.sss"
        File.WriteAllText(file, "mine")
        let ended = sss [ "init"; "--data"; "digits"; "--out"; file ]
        expectCode 1 ended
        Assert.Equal($"{file}: it exists already; --force overwrites it", firstLine ended.Err)
        Assert.Equal("mine", File.ReadAllText file)
        let ended = sss [ "init"; "--data"; "digits"; "--out"; file; "--force" ]
        expectCode 0 ended
        Assert.StartsWith($"{file}: Digits for images of 1x8x8 in 10 classes", ended.Out)
        let ended = sss [ "init"; "--data"; "digits"; "--out"; file; "--style"; "residul" ]
        expectCode 2 ended

        Assert.Equal(
            "sss init: --style: 'residul' is unknown; styles are residual and plain. Did you mean 'residual'?",
            firstLine ended.Err
        )

        expectCode
            1
            (sss [ "init"; "--data"; "folder:" + folder.File "no"; "--out"; folder.File "x" ])

    [<Fact>]
    member _.``own pictures: init, train, report, predict``() =
        use folder = new Folder()
        let pictures = folder.File "pictures"
        Pictures.folder pictures
        let data = "folder:" + pictures
        let file, run = folder.File "first.sss", folder.File "run"
        let ended = sss [ "init"; "--data"; data; "--out"; file; "--style"; "plain" ]
        expectCode 0 ended
        Assert.Contains("3x16x16 in 2 classes", ended.Out)

        let ended =
            sss [ "train"; file; "--data"; data; "--out"; run; "--threads"; "1"; "--quiet" ]

        expectCode 0 ended
        Assert.Equal("", ended.Err)
        let report = Path.Combine(run, "report.html")
        Assert.Contains("the same function as the trained network", File.ReadAllText report)
        File.Delete report
        let ended = sss [ "report"; run ]
        expectCode 0 ended
        Assert.Equal($"report written: {report}", firstLine ended.Out)
        Assert.True(File.Exists report)

        let night = Path.Combine(pictures, "night", "3.png")
        let snow = Path.Combine(pictures, "snow & ice", "7.png")
        let ended = sss [ "predict"; run; night; snow; "--threads"; "1"; "--json" ]
        expectCode 0 ended
        let images = (json ended.Out).GetProperty("images").EnumerateArray() |> List.ofSeq

        for image, file, name in List.zip3 images [ night; snow ] [ "night"; "snow & ice" ] do
            Assert.Equal(file, image.GetProperty("file").GetString())
            let classes = image.GetProperty("classes").EnumerateArray() |> List.ofSeq
            Assert.Equal(2, classes.Length)
            Assert.Equal(name, classes.Head.GetProperty("class").GetString())
            let total = classes |> List.sumBy _.GetProperty("probability").GetDouble()
            Assert.InRange(total, 0.9999, 1.0001)

        // A picture that cannot be read does not take the others with it.
        let broken = folder.File "broken.png"
        File.WriteAllText(broken, "no picture")
        let ended = sss [ "predict"; run; broken; snow; "--top"; "1"; "--threads"; "1" ]
        expectCode 1 ended
        Assert.Matches(@"^.*7\.png: snow & ice \d+\.\d %$", firstLine ended.Out)
        Assert.Contains(broken, ended.Err)
        expectCode 1 (sss [ "predict"; folder.Path; snow ])

    [<Fact>]
    member _.``predict without pictures, and report without a run``() =
        use folder = new Folder()
        let ended = sss [ "predict"; "somewhere" ]
        expectCode 2 ended

        Assert.Equal(
            "sss predict: a run folder and at least one picture are needed.",
            firstLine ended.Err
        )

        let ended = sss [ "report"; folder.Path ]
        expectCode 1 ended
        Assert.StartsWith($"{folder.Path}: not a run folder", ended.Err)
        File.WriteAllText(folder.File "result.json", "{")
        let ended = sss [ "report"; folder.Path ]
        expectCode 1 ended
        Assert.Contains(folder.File "result.json", firstLine ended.Err)
        Assert.False(File.Exists(folder.File "report.html"))

    [<Fact>]
    member _.``help and version``() =
        let ended = sss [ "help"; "train" ]
        expectCode 0 ended
        Assert.Contains("example: sss train", ended.Out)
        Assert.Equal(ended.Out, (sss [ "train"; "-h" ]).Out)
        let ended = sss [ "--version" ]
        expectCode 0 ended
        Assert.Matches(@"^sss \d+\.\d+\.\d+$", firstLine ended.Out)
        let ended = sss [ "xyzzy" ]
        expectCode 2 ended
        Assert.Equal($"sss: unknown command 'xyzzy'.\n{withoutCommand}\n", ended.Err)

    [<Theory>]
    [<InlineData("bash", "--")>]
    [<InlineData("zsh", "--")>]
    [<InlineData("fish", "-l ")>]
    [<InlineData("pwsh", "--")>]
    member _.``completions know every command and every option`` (shell: string) (dash: string) =
        let script = sss [ "completions"; shell ]
        expectCode 0 script
        let overview = sss [ "--help" ]

        let commands = [
            for m in Regex.Matches(overview.Out, @"^  ([a-z]+)  ", RegexOptions.Multiline) do
                m.Groups[1].Value
        ]

        Assert.Contains("predict", commands)
        Assert.All(commands, fun command -> Assert.Contains(command, script.Out))

        let help = sss [ "train"; "--help" ]

        let options = [
            for m in Regex.Matches(help.Out, @"^    --([a-z-]+)", RegexOptions.Multiline) do
                m.Groups[1].Value
        ]

        Assert.Contains("target-macs", options)

        Assert.All(
            options |> List.filter ((<>) "help"),
            fun option -> Assert.Contains(dash + option, script.Out)
        )

    [<Fact>]
    member _.``completions for another shell get a suggestion``() =
        let ended = sss [ "completions"; "bsh" ]
        expectCode 2 ended

        Assert.Equal(
            "sss completions: there is no script for 'bsh'; the shells are bash, zsh, fish, pwsh. Did you mean 'bash'?",
            firstLine ended.Err
        )

    [<NeedsBash>]
    member _.``bash completes commands, options and values``() =
        use folder = new Folder()
        let script = folder.File "completion"
        File.WriteAllText(script, (sss [ "completions"; "bash" ]).Out)

        let complete (words: string list) =
            let quoted = words |> List.map (fun w -> $"'{w}'") |> String.concat " "

            let ended =
                start 30 [] "/bin/bash" [
                    "-c"
                    $"source '{script}'; COMP_WORDS=({quoted}); COMP_CWORD={words.Length - 1}; _sss; \
                      printf '%%s\\n' \"${{COMPREPLY[@]}}\""
                ]

            expectCode 0 ended
            Assert.Equal("", ended.Err)
            ended.Out.Trim().Split '\n' |> List.ofArray

        Assert.Equal<string list>([ "train" ], complete [ "sss"; "tr" ])
        Assert.Equal<string list>([ "--data" ], complete [ "sss"; "train"; "--da" ])
        Assert.Equal<string list>([ "digits" ], complete [ "sss"; "eval"; "--data"; "dig" ])
        Assert.Equal<string list>([ "examples" ], complete [ "sss"; "check"; "exam" ])
        Assert.Equal<string list>([ "pwsh" ], complete [ "sss"; "completions"; "p" ])

    [<NeedsTerminal>]
    member _.``on a terminal the table and the bar fit the width``() =
        use folder = new Folder()

        for columns in [ 80; 120 ] do
            let shown = terminal columns [] folder
            // What is coloured or moves the cursor has no width of its own.
            let plain = Regex.Replace(shown, escape + @"\[[0-9;?]*[A-Za-z]", "")
            let lines = plain.Split([| '\n'; '\r' |])
            // The summary after it is text for scripts too, and is wrapped by the terminal alone.
            let live = lines |> Array.takeWhile (fun line -> not (line.Contains "selected"))
            Assert.All(live, fun line -> Assert.InRange(line.Length, 0, columns))
            Assert.Contains(lines, fun line -> line.Contains "neurons" && line.Contains "blocks")
            Assert.Contains(lines, fun line -> line.Trim().StartsWith "2/2 ")
            Assert.Contains(lines, fun line -> line.Contains "images/s" && line.Contains "100%")
            Assert.Contains("report.html", plain)
            Assert.Contains(escape + "[38;5;", shown)
            // The cursor comes back.
            Assert.True(shown.LastIndexOf(escape + "[?25h") > shown.LastIndexOf(escape + "[?25l"))

    [<NeedsTerminal>]
    member _.``NO_COLOR is honoured``() =
        use folder = new Folder()
        let shown = terminal 80 [ "NO_COLOR", "1" ] folder
        Assert.Contains("images/s", shown)
        Assert.DoesNotMatch(escape + @"\[(3|4|9)[0-9;]*m", shown)
