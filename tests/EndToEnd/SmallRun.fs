namespace Sss.Tests.EndToEnd

open System
open System.Diagnostics
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// A fact that mounts a small file system.
type NeedsMount() as fact =
    inherit FactAttribute()

    do
        let isAble () =
            let folder = Directory.CreateTempSubdirectory("sss-mount-").FullName

            try
                let run file (args: string list) =
                    use child =
                        Process.Start(ProcessStartInfo(file, args, RedirectStandardError = true))
                        |> nonNull

                    child.WaitForExit()
                    child.ExitCode = 0

                run "mount" [ "-t"; "tmpfs"; "-o"; "size=1m"; "tmpfs"; folder ]
                && run "umount" [ folder ]
            with _ ->
                false

        if not (OperatingSystem.IsLinux() && Environment.UserName = "root" && isAble ()) then
            fact.Skip <- "mounting a file system takes root on Linux, and a machine that lets it"

/// A fact that reads what Linux tells of a process.
type NeedsProc() as fact =
    inherit FactAttribute()

    do
        if not (Directory.Exists "/proc/self") then
            fact.Skip <- "the memory of another process is read from /proc, which Linux has"

/// A run of seconds that uses all that a state has to hold.
module SmallRun =

    /// Dropout, augmentation, a target, cuts and a validation split: all that a state has to hold.
    let text =
        "network Small {\n  input 1x8x8\n  classes 10\n  conv 8 3x3; bn; relu\n"
        + "  residual @scale(block) { conv 8 3x3; bn @scale(neuron); relu; conv 8 3x3; bn }\n  relu\n"
        + "  residual @scale(block) { conv 8 3x3; bn @scale(neuron); relu; conv 8 3x3; bn }\n  relu\n"
        + "  avgpool global; dropout 0.1; dense classes\n}\n"
        + "train {\n  epochs 12\n  batch 32\n  lr 0.1 cosine\n  gamma neuron=0.01 block=0.02\n"
        + "  target macs=0.5\n  shrink every 2\n  augment crop=1\n}\n"

    let arguments (folder: Folder) out extra =
        [ "train"; folder.File "small.sss"; "--data"; "digits"; "--out"; out ]
        @ [ "--threads"; "1"; "--validation"; "0.1" ]
        @ extra

    let prepared () =
        let folder = new Folder()
        File.WriteAllText(folder.File "small.sss", text)
        folder

    /// Starts the program and does not wait. A shell that puts the tests into the background makes its
    /// children ignore SIGINT, `nohup` makes them ignore SIGHUP, as a program should then; here it must
    /// not.
    let launchWith (environment: (string * string) list) (args: string list) =
        let file, args =
            if OperatingSystem.IsLinux() then
                "env", "--default-signal=INT,HUP" :: "dotnet" :: program :: args
            else
                "dotnet", program :: args

        Process.Start(startInfo environment file args) |> nonNull

    let launch args = launchWith [] args
