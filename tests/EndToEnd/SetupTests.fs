namespace Sss.Tests.EndToEnd

open System
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// `./sss` before the program is built, in odd places and for other users: with the real scripts and
/// a stand-in for `dotnet` that writes down how it is called.
type SetupTests() =

    let isLinux = OperatingSystem.IsLinux()

    let standIn =
        """#!/usr/bin/env bash
{ printf '%s\n' "$PWD $*" >>"$CALLS"; } 2>/dev/null || true
case "$1" in
    --version) echo 10.0.100 ;;
    restore) mkdir -p "$HOME/.nuget/packages/torchsharp" ;;
    publish)
        while [ $# -gt 0 ]; do
            if [ "$1" = -o ]; then mkdir -p "$2" && echo program >"$2/sss.dll"; fi
            shift
        done
        ;;
    *sss.dll) shift; echo "ran with $*" ;;
esac
"""

    /// A clone with nothing in it but the scripts and what they look at.
    let clone (folder: Folder) (name: string) =
        let path = folder.File name

        let put (file: string) (text: string) =
            let full = Path.Combine(path, file)
            Directory.CreateDirectory(Path.GetDirectoryName full |> string) |> ignore
            File.WriteAllText(full, text)

        for script in [ "sss"; "build/setup.sh" ] do
            put script (File.ReadAllText(Path.Combine(root, script)))

        for file in
            [
                "paket.dependencies"
                "paket.lock"
                ".config/dotnet-tools.json"
                "build/feed.csproj"
                "global.json"
                "Directory.Build.props"
                "src/Sss.Cli/Program.fs"
                "data/digits"
                "docs/errors/SSS001.md"
            ] do
            put file ""

        Directory.CreateDirectory(folder.File "bin") |> ignore
        File.WriteAllText(folder.File "bin/dotnet", standIn)
        Directory.CreateDirectory(folder.File "tmp") |> ignore

        let all =
            UnixFileMode.UserRead
            ||| UnixFileMode.UserWrite
            ||| UnixFileMode.UserExecute
            ||| UnixFileMode.GroupRead
            ||| UnixFileMode.GroupExecute
            ||| UnixFileMode.OtherRead
            ||| UnixFileMode.OtherExecute

        for file in [ folder.Path; folder.File "bin/dotnet"; Path.Combine(path, "sss") ] do
            File.SetUnixFileMode(file, all)

        path

    /// Runs `./sss --version` there.
    let run (folder: Folder) (path: string) (asUser: string list) (home: string list) =
        start
            60
            []
            "env"
            (asUser
             @ [ "env" ]
             @ home
             @ [
                 $"PATH={folder.Path}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                 $"CALLS={folder.Path}/calls"
                 $"TMPDIR={folder.Path}/tmp"
                 "bash"
                 Path.Combine(path, "sss")
                 "--version"
             ])

    let built =
        "Fetching packages (once; about 400 MB)...\nBuilding sss (once, until the sources change)...\n"

    let expect code out err (ended: Ended) =
        Assert.Equal((code, out, err), (ended.Code, ended.Out, ended.Err))

    [<Theory>]
    [<InlineData("plain")>]
    [<InlineData("with space and é")>]
    [<InlineData("it's")>]
    [<InlineData("semi;colon")>]
    [<InlineData("100%25 per cent %")>]
    [<InlineData("$HOME & #1 [a] (b) {c} ~ !d é 猫 \"q\", x=y * ?")>]
    member _.``a clone is set up whatever its path is``(name: string) =
        if isLinux then
            use folder = new Folder()
            let path = clone folder name
            let home = [ $"HOME={folder.Path}/home" ]
            expect 0 "ran with --version\n" built (run folder path [] home)
            let calls = File.ReadAllText(folder.File "calls")

            // What MSBuild is given, and where it is started, has no character that it reads as its own.
            for call in calls.Split '\n' do
                if call.Contains " restore" || call.Contains " publish " then
                    Assert.Matches("^[A-Za-z0-9/._+ é-]*$", call)

            Assert.Empty(Directory.GetFileSystemEntries(folder.File "tmp"))
            expect 0 "ran with --version\n" "" (run folder path [] home)

    [<Fact>]
    member _.``what is said of HOME is true``() =
        if isLinux then
            use folder = new Folder()
            let path = clone folder "clone"

            let needed = "     Set HOME to a folder that can be written to.\n"

            expect
                1
                ""
                ("sss: the home folder /proc/none does not exist and cannot be made; packages are kept \
                  there.\n"
                 + needed)
                (run folder path [] [ "HOME=/proc/none" ])

            expect
                1
                ""
                ("sss: HOME is /dev/null, which is not a folder; packages are kept there.\n"
                 + needed)
                (run folder path [] [ "HOME=/dev/null" ])

            // One that is missing is made; where the variable is missing, the system knows the folder.
            expect
                0
                "ran with --version\n"
                built
                (run folder path [] [ $"HOME={folder.Path}/not/yet/there" ])

            File.Delete(Path.Combine(path, "build/out/program.stamp"))
            let ended = run folder path [] [ "-u"; "HOME" ]
            Assert.Equal((0, "ran with --version\n"), (ended.Code, ended.Out))

    [<Fact>]
    member _.``another user runs what is built, and learns what cannot be written``() =
        if isLinux && Environment.UserName = "root" && File.Exists "/usr/sbin/runuser" then
            use folder = new Folder()
            let path = clone folder "clone"
            let other = [ "runuser"; "-u"; "nobody"; "--" ]
            let away = [ "HOME=/nonexistent" ]

            let advice =
                "     Run ./sss once as root, or clone the repository into a folder of your own.\n"

            let refused place =
                $"sss: it has to be built first, and user nobody may not write to {path}/{place}.\n{advice}"

            expect 1 "" (refused "build") (run folder path other away)

            expect
                0
                "ran with --version\n"
                built
                (run folder path [] [ $"HOME={folder.Path}/home" ])

            expect 0 "ran with --version\n" "" (run folder path other away)
            File.Delete(Path.Combine(path, "build/out/program.stamp"))
            expect 1 "" (refused "build/out") (run folder path other away)
