namespace Sss.Cli

open System
open System.IO

/// How a command ends.
[<RequireQualifiedAccess>]
module Exit =

    /// Done.
    let ok = 0
    /// The input or the outcome is at fault, and a diagnostic says how.
    let fault = 1
    /// The command line is wrong.
    let usage = 2
    /// Stopped on request.
    let stopped = 3

/// The only place that writes to the terminal.
[<RequireQualifiedAccess>]
module Console =

    /// Results: what a script would read.
    let out (line: string) = Console.Out.WriteLine line

    /// Everything else: progress, warnings, errors.
    let error (line: string) = Console.Error.WriteLine line

    /// Whether a person watches standard error, where progress goes.
    let watched () =
        not Console.IsErrorRedirected
        && Environment.GetEnvironmentVariable "TERM" <> "dumb"

    /// Columns of the terminal; 80 where there is none.
    let width () =
        try
            if Console.IsErrorRedirected then
                80
            else
                max 40 Console.WindowWidth
        with :? IOException ->
            80

    /// Colours are off where the user says so (https://no-color.org) and where nobody watches.
    let colour () =
        watched ()
        && String.IsNullOrEmpty(Environment.GetEnvironmentVariable "NO_COLOR")
