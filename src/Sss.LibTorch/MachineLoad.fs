namespace Sss.Torch

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Threading

/// What processors had done at a moment, in seconds since the machine started.
type LoadSample = {
    /// When it was taken, in seconds of a clock that only rises.
    At: float
    /// Work of all processes on the processors that this process may use. What runs at a low priority
    /// (`nice`) is left out: it gives way.
    Busy: float
    /// Work of this process.
    Own: float
    /// How many processors this process may use.
    Processors: int
}

/// How busy the processors are with the work of others, from Linux's `/proc/stat`.
[<RequireQualifiedAccess>]
module MachineLoad =

    /// Ticks of `/proc/stat` in a second (USER_HZ).
    let private ticks = 100.0

    /// Shorter spans say nothing: a tick is 10 ms.
    let shortest = TimeSpan.FromMilliseconds 200.0

    /// `0-3,8` as numbers, the way that `/proc/self/status` writes a set of processors; what cannot be read is
    /// left out.
    let processors (list: string) : Set<int> =
        let number (text: string) =
            match Int32.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, n -> Some n
            | _ -> None

        list.Trim().Split ','
        |> Seq.collect (fun part ->
            match part.Split '-' |> Array.map number with
            | [| Some one |] -> [ one ]
            | [| Some first; Some last |] when last - first < 65536 -> [ first..last ]
            | _ -> []
        )
        |> Set.ofSeq

    /// Seconds of work of these processors in the text of `/proc/stat`: user, system, interrupts and what other
    /// virtual machines took. None: it has none of them.
    let busy (allowed: Set<int>) (stat: string) : float option =
        let line (text: string) =
            match text.Split(' ', StringSplitOptions.RemoveEmptyEntries) with
            | words when words.Length > 8 && words[0].StartsWith("cpu", StringComparison.Ordinal) ->
                match Int32.TryParse(words[0].AsSpan 3) with
                | true, index when allowed.Contains index ->
                    [ 1; 3; 6; 7; 8 ]
                    |> List.sumBy (fun at ->
                        match
                            Int64.TryParse(
                                words[at],
                                NumberStyles.None,
                                CultureInfo.InvariantCulture
                            )
                        with
                        | true, n -> n
                        | _ -> 0L
                    )
                    |> Some
                | _ -> None
            | _ -> None

        match stat.Split '\n' |> Seq.choose line |> Seq.toList with
        | [] -> None
        | found -> Some(float (List.sum found) / ticks)

    let private allowed () =
        File.ReadLines "/proc/self/status"
        |> Seq.tryFind (fun line -> line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal))
        |> Option.map (fun line -> processors (line.Substring(line.IndexOf ':' + 1)))
        |> Option.defaultValue Set.empty

    /// The processors at this moment; None: the system does not say.
    let take () : LoadSample option =
        try
            if not (OperatingSystem.IsLinux()) then
                None
            else
                let allowed = allowed ()
                use own = Process.GetCurrentProcess()

                busy allowed (File.ReadAllText "/proc/stat")
                |> Option.map (fun busy -> {
                    At = float (Stopwatch.GetTimestamp()) / float Stopwatch.Frequency
                    Busy = busy
                    Own = own.TotalProcessorTime.TotalSeconds
                    Processors = allowed.Count
                })
        with
        | :? IOException
        | :? UnauthorizedAccessException -> None

    let private first = lazy take ()

    /// Begins to watch the load, at the first call in a process: the longer before LibTorch is loaded, the more
    /// is known then.
    let watch () : LoadSample option = first.Value

    /// How many processors others kept busy, on average, between two moments; None: they are too close to
    /// each other.
    let others (first: LoadSample) (second: LoadSample) : float option =
        let seconds = second.At - first.At

        if seconds < shortest.TotalSeconds then
            None
        else
            let work = second.Busy - first.Busy - (second.Own - first.Own)
            Some(Math.Clamp(work / seconds, 0.0, float second.Processors))

    /// Processors that others have kept busy since a moment, of how many; if that is too short a time, this waits a
    /// moment. None: the system does not say.
    let since (began: LoadSample option) : (float * int) option =
        let since (first: LoadSample) =
            take ()
            |> Option.bind (fun now ->
                others first now |> Option.map (fun busy -> busy, now.Processors)
            )

        match began with
        | None -> None
        | Some first ->
            match since first with
            | Some load -> Some load
            | None ->
                Thread.Sleep shortest
                since first
