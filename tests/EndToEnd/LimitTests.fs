namespace Sss.Tests.EndToEnd

open System.IO
open System.Text.RegularExpressions
open Xunit
open Sss.Tests.EndToEnd.Running

/// Whole messages, with exit codes, of what cannot work: sizes, numbers of threads, trainings that
/// cannot succeed.
type LimitTests() =

    let write (folder: Folder) (text: string) =
        let file = folder.File "net.sss"
        File.WriteAllText(file, text)
        file

    let network body =
        $"network T {{\n  input 1x8x8\n  classes 10\n{body}}}\n"

    let digits (folder: Folder) file (more: string list) =
        sss (
            [ "train"; file; "--data"; "digits"; "--out"; folder.File "out"; "--quiet" ]
            @ [ "--threads"; "1" ]
            @ more
        )

    [<Theory>]
    [<InlineData("--target-size", "1.5")>]
    [<InlineData("--target-size", "99999999999999999999")>]
    [<InlineData("--target-size", "0.0001kB")>]
    [<InlineData("--target-size", "1e300")>]
    member _.``a size that no file has is refused``(option: string, value: string) =
        use folder = new Folder()
        let file = write folder (network "  dense classes\n")
        let ended = digits folder file [ option; value ]

        Assert.Equal(
            $"sss train: {option}: '{value}' is not a size; write 200000, 200kB or 1.5MB.",
            firstLine ended.Err
        )

        Assert.NotEqual(0, ended.Code)

    [<Fact>]
    member _.``a share above 1 is shown as it was given``() =
        use folder = new Folder()
        let file = write folder (network "  dense classes\n")
        let ended = digits folder file [ "--target-macs"; "1.0000001" ]

        Assert.Equal(
            "sss train: --target-macs must be a number above 0 and at most 1, not 1.0000001.",
            firstLine ended.Err
        )

    [<Theory>]
    [<InlineData "check">]
    [<InlineData "verify">]
    member _.``a layer of more weights than an array holds``(command: string) =
        use folder = new Folder()

        let file =
            write folder (network "  dense 65536\n  relu\n  dense 65536\n  dense classes\n")

        let ended = sss [ command; file ]
        expectCode 1 ended
        Assert.Equal("", ended.Out)

        Assert.Equal(
            String.concat "\n" [
                $"{file}:6:3: error SSS408: this `dense` has 4294967296 weights"
                " 6 |   dense 65536"
                "   |   ^^^^^"
                "  one layer may have at most 2147483591"
                "  help: use fewer channels or features, or a pool before this layer"
                ""
            ],
            ended.Err
        )

    [<Theory>]
    [<InlineData "verify">]
    [<InlineData "train">]
    member _.``a network of more weights than a vector holds``(command: string) =
        use folder = new Folder()

        let file =
            write
                folder
                (network "  dense 40000\n  relu\n  dense 40000\n  dense classes\n"
                 + "train { epochs 1 }\n")

        let ended =
            match command with
            | "verify" -> sss [ "verify"; file ]
            | _ -> digits folder file [ "--limit"; "160"; "--gamma"; "0.01" ]

        expectCode 1 ended
        Assert.Equal("", ended.Out)
        let limit = if command = "verify" then "268,435,455" else "536,870,911"

        let said =
            ended.Err.Split '\n'
            |> Array.filter (fun line -> not (line.Contains "warning"))
            |> String.concat "\n"

        Assert.Equal(
            $"The network has 1,603,040,010 weights; at most {limit} fit into one vector of LibTorch. The largest \
              layers are `dense2` (1,600,040,000 weights), `dense1` (2,600,000 weights), `dense3` (400,010 weights). \
              Make them smaller.\n",
            said
        )

    [<Theory>]
    [<InlineData("train net.sss --data digits --out out", "train", "--threads", 1024)>]
    [<InlineData("train net.sss --data digits --out out", "train", "--loaders", 64)>]
    [<InlineData("train net.sss --data digits --out out --control", "train", "--jobs", 256)>]
    [<InlineData("sweep net.sss --data digits --out out --gamma 1", "sweep", "--threads", 1024)>]
    [<InlineData("sweep net.sss --data digits --out out --gamma 1", "sweep", "--jobs", 256)>]
    [<InlineData("eval out --data digits", "eval", "--threads", 1024)>]
    [<InlineData("predict out a.png", "predict", "--threads", 1024)>]
    [<InlineData("verify net.sss", "verify", "--threads", 1024)>]
    [<InlineData("bench out", "bench", "--threads", 1024)>]
    member _.``more threads or processes than any machine has``
        (words: string, command: string, option: string, limit: int)
        =
        let ended = sss (List.ofArray (words.Split ' ') @ [ option; "1000000000" ])
        expectCode 2 ended
        Assert.Equal("", ended.Out)

        Assert.Equal(
            $"sss {command}: {option} must be at most {limit}, not 1000000000.\n\
              'sss {command} --help' lists the options.\n",
            ended.Err
        )

    [<Fact>]
    member _.``numbers that single precision does not hold``() =
        let options = [ "train"; "net.sss"; "--data"; "digits"; "--out"; "out" ]
        let limit = "at most 3.4e38, the largest number of single precision"

        for option in [ "--lr"; "--gamma" ] do
            let ended = sss (options @ [ option; "1e39" ])
            expectCode 2 ended

            Assert.Equal(
                $"sss train: {option} must be {limit}.\n'sss train --help' lists the options.\n",
                ended.Err
            )

        use folder = new Folder()

        let file =
            write
                folder
                (network "  bn eps=1e300; dense classes\n" + "train { lr 1e39; decay 1e39 }\n")

        let ended = sss [ "check"; file ]
        expectCode 1 ended

        for said in [ "the eps of `bn`"; "lr"; "decay" ] do
            Assert.Contains(said, ended.Err)

        Assert.Equal(3, ended.Err.Split(limit).Length - 1)

    [<Fact>]
    member _.``batch normalisation over one value``() =
        use folder = new Folder()

        let file =
            write
                folder
                (network
                    "  conv 4 3x3; bn @scale(neuron); relu\n  avgpool global\n  dense 8; bn @scale(neuron); relu\n  \
                     dense classes\n"
                 + "train { epochs 1; gamma 0.01 }\n")

        let ended = digits folder file [ "--batch"; "1"; "--limit"; "160" ]
        expectCode 1 ended
        Assert.Equal("", ended.Out)

        Assert.Equal(
            "`bn2` normalises over one value: a batch is 1 image, and its input is 1x1. One value has no \
             variance. Use a `batch` of 2 or more, or remove the `bn`.\n",
            ended.Err
        )

    [<Fact>]
    member _.``a loss that is far too large is a training that diverged``() =
        use folder = new Folder()

        let file =
            write
                folder
                (network
                    "  conv 8 3x3 @scale(neuron); relu\n  conv 8 3x3 @scale(neuron); relu\n  dense classes\n"
                 + "train { epochs 2; batch 32; gamma 0.001 }\n")

        for rate in [ "3"; "10"; "100" ] do
            let ended = digits folder file [ "--lr"; rate; "--limit"; "200"; "--restart" ]
            expectCode 1 ended
            Assert.Equal("", ended.Out)

            Assert.Matches(
                Regex
                    @"\ATraining diverged in epoch 1: the loss is [^ ]+\. Use a smaller `lr`, or `warmup 1` in the recipe\.\nThere is no checkpoint yet\.\n\z",
                ended.Err
            )

    [<Fact>]
    member _.``without a report none is announced, and a target needs no gamma``() =
        use folder = new Folder()

        let body =
            network "  conv 8 3x3; bn @scale(neuron); relu\n  avgpool global\n  dense classes\n"

        let run text more =
            let file = write folder text
            let few = [ "--limit"; "64"; "--epochs"; "1"; "--no-report"; "--restart" ]
            let ended = digits folder file (few @ more)
            expectCode 0 ended
            Assert.DoesNotContain("report.html", ended.Out)
            let out = folder.File "out"
            Assert.EndsWith($"saved in   {out}\n", ended.Out)
            Assert.False(File.Exists(Path.Combine(folder.File "out", "report.html")))
            ended.Err

        Assert.DoesNotContain("SSS651", run (body + "train { target macs=0.8 }\n") [])
        Assert.DoesNotContain("SSS651", run (body + "train { }\n") [ "--target-macs"; "0.8" ])
        Assert.DoesNotContain("SSS651", run (body + "train { }\n") [ "--gamma"; "neuron=0.01" ])
        Assert.Contains("SSS651", run (body + "train { }\n") [ "--gamma"; "block=0.01" ])
