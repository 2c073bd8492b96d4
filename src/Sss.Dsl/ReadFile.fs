namespace Sss.Dsl

open System
open System.IO
open System.Text
open Sss.Core

/// Texts from files, with a message for everything that is no text.
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
        failure "SSS007" $"`{path}` cannot be written" [ reason ] None

    let private strict = UTF8Encoding(false, true)

    let private decode (bytes: byte[]) : Result<string, Diagnostic> =
        let zero = Array.IndexOf(bytes, 0uy)

        if zero >= 0 then
            Error(
                failure
                    "SSS005"
                    "the file is not a text: it holds NUL bytes"
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

    /// The text of a file, without a byte order mark.
    let read (path: string) : Result<string, Diagnostic> =
        if String.IsNullOrWhiteSpace path then
            Error(failure "SSS001" "the name of the file is empty" [] None)
        elif Directory.Exists path then
            Error(
                failure
                    "SSS002"
                    $"`{path}` is a folder"
                    [ "expected a file that holds a network" ]
                    None
            )
        else
            try
                let length = FileInfo(path).Length

                if length > maxBytes then
                    Error(
                        failure
                            "SSS006"
                            $"`{path}` is too large"
                            [ $"it has {length} bytes; a network's text may have {maxBytes}" ]
                            None
                    )
                else
                    decode (File.ReadAllBytes path)
            with
            | :? FileNotFoundException
            | :? DirectoryNotFoundException ->
                Error(failure "SSS001" $"there is no file `{path}`" [] None)
            | :? UnauthorizedAccessException
            | :? IOException
            | :? NotSupportedException
            | :? ArgumentException as problem ->
                Error(failure "SSS003" $"`{path}` cannot be read" [ problem.Message ] None)
