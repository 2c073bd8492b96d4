namespace Sss.Tests.EndToEnd

open System
open System.IO
open System.Threading
open Xunit
open Sss.Tests.EndToEnd.Running
open Sss.Tests.EndToEnd.SmallRun

/// Two namespaces of the network with a cable between them, each with its own address: two hosts, as
/// far as ranks can tell. Gone when it is disposed.
type TwoHosts(folder: Folder) =
    let id = Environment.ProcessId
    let names = [ $"sss-a-{id}"; $"sss-b-{id}" ]
    let ends = [ "sssa0"; "sssb0" ]
    let addresses = [ "10.231.7.1"; "10.231.7.2" ]
    let ip args = expectCode 0 (start 30 [] "ip" args)

    let agent = folder.File "agent"

    do
        for name in names do
            ip [ "netns"; "add"; name ]

        ip [ "link"; "add"; ends[0]; "type"; "veth"; "peer"; "name"; ends[1] ]

        for name, side, address in List.zip3 names ends addresses do
            ip [ "link"; "set"; side; "netns"; name ]
            ip [ "-n"; name; "addr"; "add"; address + "/24"; "dev"; side ]
            ip [ "-n"; name; "link"; "set"; "lo"; "up" ]
            ip [ "-n"; name; "link"; "set"; side; "up" ]

        // What ssh is to hosts: HOST COMMAND.
        File.WriteAllText(
            agent,
            "#!/bin/sh\nhost=$1\nshift\ncase $host in\n"
            + $"{addresses[0]}) name={names[0]} ;;\n*) name={names[1]} ;;\nesac\n"
            + "exec ip netns exec $name sh -c \"$*\"\n"
        )

        File.SetUnixFileMode(
            agent,
            UnixFileMode.UserRead ||| UnixFileMode.UserWrite ||| UnixFileMode.UserExecute
        )

    /// The words of `ip` that start a rank on each host.
    member _.Words(args: string list) =
        let hosts = addresses |> List.map (fun address -> address + ":1")
        let parameter name value = [ "--mca"; name; value ]

        [ "netns"; "exec"; names[0]; "mpirun"; "-n"; "2"; "--bind-to"; "none" ]
        @ [ "--host"; String.Join(",", hosts) ]
        @ parameter "plm_rsh_agent" agent
        @ parameter "btl" "tcp,self"
        @ parameter "btl_tcp_if_include" "10.231.7.0/24"
        @ parameter "oob_tcp_if_include" "10.231.7.0/24"
        // mpirun has to notice before the ranks end: then it waits for an answer of the lost host.
        @ parameter "oob_tcp_keepalive_time" "5"
        @ parameter "oob_tcp_keepalive_intvl" "2"
        @ parameter "oob_tcp_keepalive_probes" "3"
        @ [ "dotnet"; program ]
        @ args

    /// Takes the second host's end of the cable out, or puts it in.
    member _.Link(isUp: bool) =
        ip [ "-n"; names[1]; "link"; "set"; ends[1]; (if isUp then "up" else "down") ]

    interface IDisposable with
        member _.Dispose() =
            for name in names do
                start 30 [] "ip" [ "netns"; "del"; name ] |> ignore

/// `sss train` over two hosts.
type TwoHostsTests() =

    [<NeedsNamespaces>]
    member _.``two hosts train, end with a message when the link goes down, and go on``() =
        use folder = prepared ()
        use hosts = new TwoHosts(folder)
        let out = folder.File "out"

        let words epochs extra =
            arguments
                folder
                out
                ([ "--no-report"; "--limit"; "300"; "--epochs"; string epochs ] @ extra)

        use child = Mpi.launchWith Mpi.asRoot "ip" (hosts.Words(words 30 []))
        use _ = Mpi.ending child
        let kept = Path.Combine(out, "checkpoint")

        while not child.HasExited
              && not (Directory.Exists kept && Directory.GetFiles(kept, "step-*").Length > 1) do
            Thread.Sleep 20

        hosts.Link false
        let said = child.StandardError.ReadToEndAsync()
        Assert.True(child.WaitForExit 60000, "the job did not end within 60 s")
        Assert.NotEqual(0, child.ExitCode)

        Assert.True(
            said.Result.Contains "no sign of rank"
            || said.Result.Contains "lost communication with a remote daemon",
            said.Result
        )

        hosts.Link true
        let again = start 120 Mpi.asRoot "ip" (hosts.Words(words 30 [ "--resume" ]))
        expectCode 0 again
        Assert.Contains("continuing from ", again.Err)
