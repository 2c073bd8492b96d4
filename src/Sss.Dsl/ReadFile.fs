namespace Sss.Dsl

open System
open System.IO
open System.Text
open Sss.Core
open Sss.Shared

/// Texts from files, with a message for everything that is not a text.
[<RequireQualifiedAccess>]
module ReadFile =

    /// Bytes that a network's text may have. A description of a million layers fits.
    let maxBytes = 64L * 1024L * 1024L

    let private failure code message notes suggestion : Diagnostic = {
        Code = code
        Severity = Failure
        Span = None
        Message = message
        Notes = notes
        Suggestion = suggestion
        CalledFrom = []
    }

    /// A file that could be read but not be written.
    let cannotWrite (path: string) (reason: string) : Diagnostic =
        failure "SSS007" $"`{Escape.line path}` cannot be written" [ reason ] None

    let private strict = UTF8Encoding(false, true)

    let private decode (bytes: byte[]) : Result<string, Diagnostic> =
        let zero = Array.IndexOf(bytes, 0uy)

        if zero >= 0 then
            Error(
                failure
                    "SSS005"
                    "the file is not text: it contains NUL bytes"
                    [ $"the first one is byte {zero + 1}" ]
                    (Some "save it as UTF-8 text")
            )
        else
            try
                let text = strict.GetString bytes
                Ok(if text.StartsWith '\uFEFF' then text.Substring 1 else text)
            with :? DecoderFallbackException as problem ->
                Error(
                    failure
                        "SSS004"
                        "the file is not UTF-8"
                        [ $"byte {problem.Index + 1} does not belong to any character" ]
                        (Some "save it as UTF-8 text")
                )

    let private tooLarge (path: string) (found: string) =
        failure
            "SSS006"
            $"`{Escape.line path}` is too large"
            [ $"it has {found} bytes; the text of a network may have at most {maxBytes}" ]
            None

    let private cannotRead (path: string) (reason: string) suggestion =
        failure "SSS003" $"`{Escape.line path}` cannot be read" [ Escape.line reason ] suggestion

    /// The content up to the limit. The length that the system states is not trusted: it is 0 for
    /// pipes and for what the kernel writes itself.
    let private content (path: string) : Result<byte[], Diagnostic> =
        use file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)

        if file.CanSeek && file.Length > maxBytes then
            Error(tooLarge path (string file.Length))
        else
            use content = new MemoryStream()
            let buffer = Array.zeroCreate<byte> 65536
            let mutable got = file.Read(buffer, 0, buffer.Length)

            while got > 0 && content.Length <= maxBytes do
                content.Write(buffer, 0, got)
                got <- file.Read(buffer, 0, buffer.Length)

            if content.Length > maxBytes then
                Error(tooLarge path $"more than {maxBytes}")
            else
                Ok(content.ToArray())

    /// Whether a path names a stream that this process was started with (`/dev/stdin`, or what a
    /// shell makes of `<(…)`): a process is at its other end, and opening it does not wait.
    let private isGiven (path: string) =
        path = "/dev/stdin"
        || path.StartsWith("/dev/fd/", StringComparison.Ordinal)
        || path.StartsWith("/proc/self/fd/", StringComparison.Ordinal)

    let private objection (path: string) : Diagnostic option =
        match FileKind.ofPath path with
        | Folder ->
            Some(
                failure
                    "SSS002"
                    $"`{Escape.line path}` is a folder"
                    [ "expected a file that contains a network" ]
                    None
            )
        | Pipe when isGiven path -> None
        | Missing
        | Regular
        | Pipe
        | Socket
        | Device as kind ->
            FileKind.objection kind
            |> Option.map (fun reason ->
                cannotRead path reason (Some "give a file that contains a network")
            )

    /// The text of a file, without a byte order mark. A pipe is read where the process was started
    /// with it; devices, sockets and other pipes are refused.
    let read (path: string) : Result<string, Diagnostic> =
        if String.IsNullOrWhiteSpace path then
            Error(failure "SSS001" "the name of the file is empty" [] None)
        else
            match objection path with
            | Some problem -> Error problem
            | None ->
                try
                    content path |> Result.bind decode
                with
                | :? FileNotFoundException
                | :? DirectoryNotFoundException ->
                    let notes =
                        // .NET reads names of files as UTF-8, and opens no other.
                        if path.Contains '\uFFFD' then
                            [ "a name that is not UTF-8 cannot be opened" ]
                        else
                            []

                    Error(failure "SSS001" $"there is no file `{Escape.line path}`" notes None)
                | :? UnauthorizedAccessException
                | :? IOException
                | :? NotSupportedException
                | :? ArgumentException as problem -> Error(cannotRead path problem.Message None)
