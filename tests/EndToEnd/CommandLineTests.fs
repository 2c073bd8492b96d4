namespace Sss.Tests.EndToEnd

open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// Exit codes and first lines on right and on wrong input, without LibTorch.
type CommandLineTests() =

    let example = Path.Combine(root, "examples", "digits.sss")

    [<Fact>]
    member _.``no command shows a guide, help the overview``() =
        let ended = sss []
        expectCode 2 ended
        Assert.Contains("usage: sss COMMAND", ended.Err)
        Assert.Contains("sss init --data digits --out first.sss", ended.Err)
        let help = sss [ "--help" ]
        expectCode 0 help
        Assert.Contains("usage: sss COMMAND", help.Out)

    [<Fact>]
    member _.``a misspelt command gets a suggestion``() =
        let ended = sss [ "trian"; "x.sss" ]
        expectCode 2 ended
        Assert.Equal("sss: unknown command 'trian'. Did you mean 'train'?", firstLine ended.Err)

    [<Theory>]
    [<InlineData("check")>]
    [<InlineData("show")>]
    [<InlineData("fmt")>]
    [<InlineData("train")>]
    [<InlineData("eval")>]
    [<InlineData("verify")>]
    [<InlineData("export")>]
    [<InlineData("import")>]
    [<InlineData("init")>]
    [<InlineData("predict")>]
    [<InlineData("report")>]
    [<InlineData("completions")>]
    [<InlineData("bench")>]
    [<InlineData("lsp")>]
    [<InlineData("doctor")>]
    member _.``help of a command shows an example``(command: string) =
        let ended = sss [ command; "--help" ]
        expectCode 0 ended
        Assert.Contains($"example: sss {command}", ended.Out)

    [<Fact>]
    member _.``a misspelt option gets a suggestion``() =
        let ended = sss [ "train"; example; "--dta"; "digits"; "--out"; "nowhere" ]
        expectCode 2 ended

        Assert.Equal(
            "sss train: unknown option '--dta'. Did you mean '--data'?",
            firstLine ended.Err
        )

    [<Fact>]
    member _.``an option's wrong value is refused``() =
        let ended =
            sss [ "train"; example; "--data"; "digits"; "--out"; "nowhere"; "--epochs"; "many" ]

        expectCode 2 ended
        Assert.Contains("--epochs", firstLine ended.Err)

        let ended =
            sss [ "train"; example; "--data"; "digits"; "--out"; "nowhere"; "--epochs"; "0" ]

        expectCode 2 ended
        Assert.Equal("sss train: --epochs must be at least 1, not 0.", firstLine ended.Err)

    [<Fact>]
    member _.``a missing option is named``() =
        let ended = sss [ "train"; example; "--out"; "nowhere" ]
        expectCode 2 ended
        Assert.Contains("'--data'", firstLine ended.Err)

    [<Fact>]
    member _.``check says nothing bad about the example``() =
        let ended = sss [ "check"; example ]
        expectCode 0 ended
        Assert.Equal("", ended.Err)

    [<Fact>]
    member _.``three mistakes are three messages with places``() =
        use folder = new Folder()
        let path = folder.File "wrong.sss"

        File.WriteAllText(
            path,
            "network Wrong {\n  input 1x8x8\n  classes 10\n  conv 8 9x9 pad=0\n  cnv 8 3x3\n  dense classes bais=no\n}\n"
        )

        let ended = sss [ "check"; path ]
        expectCode 1 ended
        let text = ended.Out + ended.Err
        Assert.Contains($"{path}:5:3: error SSS", text)
        Assert.Contains($"{path}:4:", text)
        Assert.Contains($"{path}:6:", text)
        Assert.Contains("did you mean `conv`?", text)
        let train = sss [ "train"; path; "--data"; "digits"; "--out"; folder.File "out" ]
        expectCode 1 train
        Assert.Contains($"{path}:5:3: error SSS", train.Err)
        Assert.False(Directory.Exists(folder.File "out"))

    [<Fact>]
    member _.``a missing file is named``() =
        for command in [ [ "check" ]; [ "show" ]; [ "fmt" ] ] do
            let ended = sss (command @ [ "no/such.sss" ])
            expectCode 1 ended
            Assert.Contains("no/such.sss", ended.Out + ended.Err)

        let ended = sss [ "train"; "no/such.sss"; "--data"; "digits"; "--out"; "nowhere" ]
        expectCode 1 ended
        Assert.Contains("no/such.sss", ended.Err)

    [<Fact>]
    member _.``a wrong data set is refused with a suggestion``() =
        let ended = sss [ "train"; example; "--data"; "digit"; "--out"; "nowhere" ]
        expectCode 1 ended
        Assert.Contains("digits", ended.Err)

    [<Fact>]
    member _.``a data set of another shape is refused before training``() =
        use folder = new Folder()
        let path = folder.File "big.sss"
        File.WriteAllText(path, File.ReadAllText(example).Replace("1x8x8", "3x16x16"))
        let ended = sss [ "train"; path; "--data"; "digits"; "--out"; folder.File "out" ]
        expectCode 1 ended
        Assert.Contains("3x16x16", ended.Err)
        Assert.Contains("1x8x8", ended.Err)

    [<Fact>]
    member _.``an idx folder that is not there is named``() =
        use folder = new Folder()
        let missing = folder.File "none"

        let ended =
            sss [ "train"; example; "--data"; "idx:" + missing; "--out"; folder.File "out" ]

        expectCode 1 ended
        Assert.Contains(missing, ended.Err)

    [<Fact>]
    member _.``show prints json that adds up``() =
        let ended = sss [ "show"; example; "--json" ]
        expectCode 0 ended
        let json = json ended.Out
        let total (name: string) = json.GetProperty(name).GetInt64()

        let sum (name: string) =
            json.GetProperty("layers").EnumerateArray()
            |> Seq.sumBy (fun layer -> layer.GetProperty(name).GetInt64())

        Assert.Equal("Digits", json.GetProperty("name").GetString())
        Assert.Equal(total "params", sum "params")
        Assert.Equal(total "macs", sum "macs")

    [<Fact>]
    member _.``fmt leaves a formatted file alone and mends another``() =
        use folder = new Folder()
        let path = folder.File "a.sss"

        File.WriteAllText(
            path,
            "network   A{input 1x8x8;classes 10 // ten\nflatten;dense   classes}"
        )

        expectCode 1 (sss [ "fmt"; path; "--check" ])
        expectCode 0 (sss [ "fmt"; path ])
        Assert.Contains("// ten", File.ReadAllText path)
        expectCode 0 (sss [ "fmt"; path; "--check" ])
        expectCode 0 (sss [ "fmt"; example; "--check" ])

    [<Theory>]
    [<InlineData("--target-macs", "0.5,x", "--target-macs: 'x' is not a number.")>]
    [<InlineData("--target-macs",
                 "1.5",
                 "--target-macs must be a number above 0 and at most 1, not 1.5.")>]
    [<InlineData("--target-by", "0", "--target-by must be a number above 0, not 0.")>]
    [<InlineData("--gamma", "0.1,-1", "--gamma: '-1' is not a number of 0 or more.")>]
    [<InlineData("--seeds", "1,a", "--seeds: 'a' is not a whole number of 0 or more.")>]
    [<InlineData("--jobs", "0", "--jobs must be at least 1, not 0.")>]
    [<InlineData("--epochs", "0", "--epochs must be at least 1, not 0.")>]
    member _.``a wrong list of a sweep is reported before anything is done``
        (option: string)
        (value: string)
        (message: string)
        =
        use folder = new Folder()

        let varied =
            if option = "--gamma" || option = "--target-macs" then
                []
            else
                [ "--target-macs"; "0.7" ]

        let ended =
            sss (
                [ "sweep"; example; "--data"; "digits"; "--out" ]
                @ [ folder.File "out"; option; value ]
                @ varied
            )

        expectCode 2 ended
        Assert.Equal("sss sweep: " + message, firstLine ended.Err)
        Assert.False(Directory.Exists(folder.File "out"))
