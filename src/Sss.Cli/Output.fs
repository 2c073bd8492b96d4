namespace Sss.Cli

open System
open System.IO
open System.Text
open Sss.Core
open Sss.Files

/// A stream whose writes never fail: after the first one that did, the rest is dropped. So a
/// lost terminal or a full disk never ends the work itself.
[<Sealed>]
type internal UnfailingStream(inner: Stream) =
    inherit Stream()

    let failure: string option ref = ref None

    let attempt (work: unit -> unit) =
        if failure.Value.IsNone then
            try
                work ()
            with
            | :? UnauthorizedAccessException
            | :? ObjectDisposedException
            // The system's word for a descriptor that is closed.
            | :? NotSupportedException -> failure.Value <- Some "it is closed"
            | :? IOException as e -> failure.Value <- Some e.Message
            | e when FileError.isTooBig e ->
                failure.Value <- Some "the file would be larger than the system allows"

    /// Why a write failed; None: none did. A reader that has left (`sss show FILE | head -1`) is no
    /// failure: it has read enough.
    member _.Failure = failure.Value

    override _.CanRead = false
    override _.CanSeek = false
    override _.CanWrite = true
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set (_: int64) = raise (NotSupportedException())

    override _.Flush() = attempt inner.Flush

    override _.Write(buffer: byte[], offset: int, count: int) =
        attempt (fun () -> inner.Write(buffer, offset, count))

    override _.Read(_: byte[], _: int, _: int) : int = raise (NotSupportedException())
    override _.Seek(_: int64, _: SeekOrigin) : int64 = raise (NotSupportedException())
    override _.SetLength(_: int64) = raise (NotSupportedException())

/// The two output streams of the program.
[<RequireQualifiedAccess>]
module internal Output =

    let private closeOnExec = 0o2000000L

    /// Whether the process was started with this stream. Where it was not, the number belongs to a file
    /// that the runtime opened for itself, and words must not go there. Whatever the runtime opens is
    /// marked to be closed in child processes; what a process is started with cannot be.
    let private isGiven (descriptor: int) =
        try
            File.ReadLines $"/proc/self/fdinfo/{descriptor}"
            |> Seq.tryPick (fun line ->
                if line.StartsWith("flags:", StringComparison.Ordinal) then
                    Some(Convert.ToInt64(line.Substring(6).Trim(), 8) &&& closeOnExec = 0L)
                else
                    None
            )
            |> Option.defaultValue true
        with
        | :? FileNotFoundException -> not (OperatingSystem.IsLinux())
        | :? IOException
        | :? UnauthorizedAccessException
        | :? FormatException -> true

    /// The place of a stream that is closed.
    let private closed () =
        {
            new MemoryStream() with
                override _.Write(_: byte[], _: int, _: int) = raise (NotSupportedException())
        }
        :> Stream

    let private guarded (descriptor: int) (opened: unit -> Stream) =
        let inner = if isGiven descriptor then opened () else closed ()
        let stream = new UnfailingStream(inner)
        stream, new StreamWriter(stream, UTF8Encoding false, 4096, AutoFlush = true)

    /// Puts both streams in front of the console's, and gives what is to be asked at the end: the exit
    /// code of the process, where `code` is that of its work. A failure to write
    /// standard output changes it; a failure to write standard error does not.
    let start () : int -> int =
        let out, outWriter = guarded 1 Console.OpenStandardOutput
        let error, errorWriter = guarded 2 Console.OpenStandardError
        ignore error
        Console.SetOut outWriter
        Console.SetError errorWriter

        fun code ->
            Console.Out.Flush()
            Console.Error.Flush()

            match out.Failure with
            | None -> code
            | Some reason ->
                let reason = Escape.line reason
                Console.Error.WriteLine $"sss: standard output could not be written: {reason}"
                if code = 0 then 1 else code
