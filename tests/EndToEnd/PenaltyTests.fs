namespace Sss.Tests.EndToEnd

open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// Penalties of a recipe, on the built program.
type PenaltyTests() =

    /// The digits' example with another penalty and γ.
    let write (folder: Folder) penalty (gamma: string) =
        let file = folder.File "net.sss"

        let text =
            File
                .ReadAllText(Path.Combine(root, "examples", "digits.sss"))
                .Replace("gamma neuron=0.01 block=0.03", $"gamma {gamma}\n  penalty {penalty}")

        Assert.Contains($"penalty {penalty}", text)
        File.WriteAllText(file, text)
        file

    let arguments (folder: Folder) file = [
        "train"
        file
        "--data"
        "digits"
        "--out"
        folder.File "out"
        "--threads"
        "1"
    ]

    [<Theory>]
    [<InlineData("nonneg", "0.06", true)>]
    [<InlineData("l1", "0.06", true)>]
    [<InlineData("mcp theta=1.5", "0.06", true)>]
    [<InlineData("scad a=3.7", "0.06", true)>]
    [<InlineData("l0", "4", false)>]
    [<InlineData("groupl2", "0.2", true)>]
    member _.``each of them trains, and what it selects is exact``
        (penalty: string, gamma: string, goes: bool)
        =
        use folder = new Folder()
        let file = write folder penalty gamma
        let more = [ "--epochs"; "4"; "--batch"; "32"; "--quiet"; "--no-report" ]
        let ended = sss (arguments folder file @ more)
        expectCode 0 ended
        let result = jsonFile (Path.Combine(folder.File "out", "result.json"))
        Assert.Equal("exact", result.GetProperty("exactness").GetProperty("verdict").GetString())

        Assert.Equal(
            penalty.Split(' ').[0],
            result.GetProperty("recipe").GetProperty("penalty").GetString()
        )

        let macs (side: string) =
            result.GetProperty(side).GetProperty("macs").GetInt64()

        if goes then
            Assert.InRange(macs "selected", 1L, macs "dense" - 1L)

    [<Fact>]
    member _.``check, fmt and train say what is wrong with a penalty``() =
        use folder = new Folder()
        let file = write folder "mcp theta=1.5" "0.01"
        expectCode 0 (sss [ "check"; file ])
        let before = File.ReadAllText file
        expectCode 0 (sss [ "fmt"; file ])
        Assert.Equal(before, File.ReadAllText file)

        let said (more: string list) =
            let ended = sss (arguments folder file @ more)
            Assert.False(Directory.Exists(folder.File "out"))
            ended.Code, ended.Err

        Assert.Equal(
            (1, "`penalty` is mcp; it must be nonneg where there is a target.\n"),
            said [ "--target-macs"; "0.5" ]
        )

        Assert.Equal(
            (1, "`penalty` is mcp; it must be nonneg or l1 where the method is published.\n"),
            said [ "--method"; "published" ]
        )

        let sweep =
            sss [
                "sweep"
                file
                "--data"
                "digits"
                "--out"
                folder.File "out"
                "--target-macs"
                "0.5,0.3"
            ]

        Assert.Equal(
            (1, "`penalty` is mcp; it must be nonneg where there is a target.\n"),
            (sweep.Code, sweep.Err)
        )

        Assert.False(Directory.Exists(folder.File "out"))
