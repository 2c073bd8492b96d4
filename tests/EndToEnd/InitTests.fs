namespace Sss.Tests.EndToEnd

open System
open System.Diagnostics
open System.IO
open System.Text
open System.Threading
open Xunit
open Sss.Tests.EndToEnd.Running

/// `sss init`: its answers as options, and its questions on a terminal.
type InitTests() =

    /// What a terminal shows while somebody types: each answer is given when its question is there.
    let converse (folder: Folder) (answers: (string * string) list) =
        // Tests that run in the background of a script have Ctrl-C ignored, and so would their children.
        let command =
            $"cd '{folder.Path}' && exec env --default-signal=INT dotnet '{program}' init"

        use child =
            new Process(
                StartInfo =
                    startInfo [ "TERM", "xterm-256color" ] "/usr/bin/script" [
                        "-qec"
                        command
                        "/dev/null"
                    ]
            )

        let shown = StringBuilder()
        child.Start() |> ignore

        let reader =
            Tasks.Task.Run(fun () ->
                let buffer = Array.zeroCreate<char> 256

                let rec more () =
                    match child.StandardOutput.Read(buffer, 0, buffer.Length) with
                    | 0 -> ()
                    | n ->
                        lock shown (fun () -> shown.Append(buffer, 0, n) |> ignore)
                        more ()

                more ()
            )

        let text () = lock shown (fun () -> shown.ToString())
        let clock = Stopwatch.StartNew()

        let rec await from (question: string) =
            match text().IndexOf((question: string), (from: int), StringComparison.Ordinal) with
            | -1 when clock.Elapsed.TotalSeconds > 90.0 || child.HasExited ->
                Assert.Fail $"no question `{question}` in:\n{text ()}"
                0
            | -1 ->
                Thread.Sleep 20
                await from question
            | at -> at + question.Length

        answers
        |> List.fold
            (fun from (question, answer: string) ->
                let next = await from question
                child.StandardInput.Write answer
                child.StandardInput.Flush()
                next
            )
            0
        |> ignore

        if not (child.WaitForExit 60_000) then
            child.Kill true
            Assert.Fail(text ())

        reader.Wait()
        child.ExitCode, text().Replace("\r\n", "\n")

    let enter = "\n"

    [<NeedsTerminal>]
    member _.``a terminal is asked, and Enter takes what is in brackets``() =
        use folder = new Folder()
        Pictures.folder (folder.File "night and snow")

        let code, shown =
            converse folder [
                "data [digits]: ", "digit" + enter
                "data [digits]: ", "night and snow" + enter
                "network [residual]: ", "plan" + enter
                "network [residual]: ", "plain" + enter
                "size [0.5]: ", "200%" + enter
                "size [0.5]: ", "30%" + enter
                "]: ", "no" + enter
                "file [nightandsnow.sss]: ", enter
            ]

        Assert.Equal(0, code)
        Assert.Contains("Did you mean 'plain'?", shown)
        Assert.Contains("training images of 3x16x16 in 2 classes", shown)
        let text = File.ReadAllText(folder.File "nightandsnow.sss")
        Assert.Contains("network NightAndSnow {", text)
        Assert.Contains("target macs=0.3\n", text)
        Assert.DoesNotContain("residual", text)
        Assert.DoesNotContain(" flip  //", text)

        Assert.Contains(
            "next: sss train nightandsnow.sss --data 'folder:night and snow' --out runs/first\n",
            shown
        )

        expectCode 0 (sss [ "check"; folder.File "nightandsnow.sss" ])

    [<NeedsTerminal>]
    member _.``Ctrl-C and Ctrl-D leave nothing, and a file is not overwritten without a yes``() =
        use folder = new Folder()

        for key in [ "\u0003"; "\u0004" ] do
            let code, shown =
                converse folder [ "data [digits]: ", enter; "network [residual]: ", key ]

            Assert.Equal(3, code)
            Assert.Contains("stopped; nothing was written", shown)
            Assert.Empty(Directory.GetFileSystemEntries folder.Path)

        let file = folder.File "digits.sss"
        File.WriteAllText(file, "mine")

        let answers last = [
            "data [digits]: ", enter
            "network [residual]: ", enter
            "size [0.5]: ", enter
            "mirror [no]: ", enter
            "file [digits.sss]: ", enter
            "overwrite it [no]: ", last
        ]

        let code, _ = converse folder (answers enter)
        Assert.Equal(1, code)
        Assert.Equal("mine", File.ReadAllText file)
        let code, _ = converse folder (answers ("yes" + enter))
        Assert.Equal(0, code)
        Assert.Contains("network Digits {", File.ReadAllText file)

    [<Fact>]
    member _.``without a terminal nothing is asked, and each answer is an option``() =
        use folder = new Folder()
        let ended = sss [ "init" ]
        expectCode 2 ended
        Assert.Contains("--data", firstLine ended.Err)

        let write (options: string list) =
            let file = folder.File "net.sss"
            let ended = sss ([ "init"; "--data"; "digits"; "--out"; file; "--force" ] @ options)
            expectCode 0 ended
            File.ReadAllText file

        let standard = write []
        Assert.Contains("target macs=0.5\n", standard)
        Assert.DoesNotContain("augment", standard)
        let text = write [ "--target-macs"; "0.25"; "--flip"; "yes"; "--style"; "plain" ]
        Assert.Contains("target macs=0.25\n", text)
        Assert.Contains("augment flip", text)

        let ended = sss [ "init"; "--data"; "digits"; "--out"; "x"; "--flip"; "maybe" ]
        expectCode 2 ended
        Assert.Equal("sss init: --flip: 'maybe' is unknown; write yes or no.", firstLine ended.Err)
        let ended = sss [ "init"; "--data"; "digits"; "--out"; "x"; "--target-macs"; "2" ]
        expectCode 2 ended

        Assert.Equal(
            "sss init: --target-macs must be a number above 0 and at most 1, not 2.",
            firstLine ended.Err
        )
