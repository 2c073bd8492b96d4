namespace Sss.Tests.EndToEnd

open System
open System.Diagnostics
open System.IO
open Xunit
open Sss.Tests.EndToEnd.Running

/// Running the built program on several ranks.
module Mpi =

    let private answers file (args: string list) =
        try
            (start 30 [] file args).Code = 0
        with :? ComponentModel.Win32Exception ->
            false

    /// Whether Open MPI's launcher is there.
    let isThere = lazy (answers "mpirun" [ "--version" ])

    /// Whether namespaces of the network can be made.
    let hasNamespaces =
        lazy
            (let name = $"sss-{Environment.ProcessId}"

             OperatingSystem.IsLinux()
             && Environment.UserName = "root"
             && answers "ip" [ "netns"; "add"; name ]
             && answers "ip" [ "netns"; "del"; name ]
             && answers "ip" [
                 "link"
                 "add"
                 "sss-try0"
                 "type"
                 "veth"
                 "peer"
                 "name"
                 "sss-try1"
             ]
             && answers "ip" [ "link"; "del"; "sss-try0" ])

    /// Whoever runs the tests.
    let asRoot = [ "OMPI_ALLOW_RUN_AS_ROOT", "1"; "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1" ]

    /// The same, with a lost rank reported soon.
    let environment = asRoot @ [ "SSS_RANK_SECONDS", "8" ]

    let private program = [ "dotnet"; program ]

    /// Words of `mpirun` for ranks on this machine: each group of ranks with its arguments.
    let groups (groups: (int * string list) list) =
        groups
        |> List.map (fun (count, args) -> [ "-n"; string count ] @ program @ args)
        |> List.reduce (fun one next -> one @ [ ":" ] @ next)
        |> List.append [ "--oversubscribe"; "--bind-to"; "none" ]

    /// What a terminal shows, and what `mpirun` says of its own between two rules.
    let private cleaned (text: string) =
        let lines = text.Replace("\u001b[?1h\u001b=", "").Split '\n' |> List.ofArray

        let rec go isOut (lines: string list) =
            match lines with
            | [] -> []
            | line :: rest when line.StartsWith "----------" -> go (not isOut) rest
            | line :: rest when isOut -> line :: go isOut rest
            | _ :: rest -> go isOut rest

        String.Join("\n", go true lines)

    let private clean (ended: Ended) = {
        ended with
            Out = cleaned ended.Out
            Err = cleaned ended.Err
    }

    /// Runs ranks of different arguments to their end.
    let runGroups args =
        start 120 environment "mpirun" (groups args) |> clean

    /// Runs this many ranks to their end.
    let run count args = runGroups [ count, args ]

    /// Starts a launcher and does not wait.
    let launchWith (environment: (string * string) list) file (args: string list) =
        let child = Process.Start(startInfo environment file args) |> nonNull
        // A pipe that nobody reads would stop it.
        child.OutputDataReceived.Add ignore
        child.BeginOutputReadLine()
        child

    /// The same, with a lost rank reported soon.
    let launch file args = launchWith environment file args

    /// Ends a launcher that outlives its test, with its ranks.
    let ending (child: Process) = {
        new IDisposable with
            member _.Dispose() =
                if not child.HasExited then
                    child.Kill true
    }

    /// The processes of the ranks below a launcher, in no order.
    let ranksOf (launcher: Process) =
        Directory.GetDirectories "/proc"
        |> Array.choose (fun folder ->
            try
                // PID (COMMAND) STATE PARENT …
                let stat = File.ReadAllText(Path.Combine(folder, "stat"))
                let rest = stat.Substring(stat.LastIndexOf ')' + 2).Split ' '

                if int rest[1] = launcher.Id && stat.Contains "(dotnet)" then
                    Some(int (Path.GetFileName folder |> nonNull))
                else
                    None
            with
            | :? IOException
            | :? UnauthorizedAccessException -> None
        )

/// A fact that starts several ranks.
type NeedsMpi() as fact =
    inherit FactAttribute()

    do
        if not Mpi.isThere.Value then
            fact.Skip <- "there is no mpirun (Debian: openmpi-bin)"

/// A fact that makes two hosts of this machine.
type NeedsNamespaces() as fact =
    inherit FactAttribute()

    do
        if not Mpi.isThere.Value then
            fact.Skip <- "there is no mpirun (Debian: openmpi-bin)"
        elif not Mpi.hasNamespaces.Value then
            fact.Skip <- "network namespaces take root on Linux with ip, and a machine that lets it"
