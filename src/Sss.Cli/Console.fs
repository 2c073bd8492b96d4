namespace Sss.Cli

open System
open System.IO
open System.Text.Json
open Spectre.Console
open Sss.Core

/// How a command ends.
[<RequireQualifiedAccess>]
module Exit =

    /// Done.
    let ok = 0
    /// The input or the result is wrong, and a diagnostic explains it.
    let fault = 1
    /// The command line is wrong.
    let usage = 2
    /// Stopped on request.
    let stopped = 3

/// What this program is.
[<RequireQualifiedAccess>]
module Product =

    /// Its version, `1.2.3`.
    let version () : string =
        System.Reflection.Assembly.GetExecutingAssembly().GetName().Version
        |> Option.ofObj
        |> Option.map (fun v -> v.ToString 3)
        |> Option.defaultValue ""

/// The only place that writes to the terminal.
[<RequireQualifiedAccess>]
module Terminal =

    // Characters that control a terminal are escaped here in any case; names inside
    // messages are escaped earlier, so that none begins a new line.

    /// Results: what a script would read.
    let out (text: string) =
        Console.Out.WriteLine(Escape.lines text)

    /// Everything else: progress, warnings, errors.
    let error (text: string) =
        Console.Error.WriteLine(Escape.lines text)

    /// A text that ends its own lines.
    let write (writer: TextWriter) (text: string) =
        if text <> "" then
            writer.Write(Escape.lines text)

    /// A text as JSON, quotes included.
    let quoted (text: string) =
        "\"" + JsonEncodedText.Encode(text).ToString() + "\""

    /// Whether a person watches standard error, where progress goes.
    let watched () =
        not Console.IsErrorRedirected
        && Environment.GetEnvironmentVariable "TERM" <> "dumb"

    /// On a terminal, a line that the next one replaces.
    let passing (text: string) =
        if watched () then
            Console.Error.Write("\r" + Escape.line text)

    /// Brings back the cursor that a progress bar hides, when the process ends in the middle of one.
    let showCursor () =
        if watched () then
            Console.Error.Write "\u001b[?25h"

    /// Progress bars, on standard error. Colours are off where the user says so
    /// (https://no-color.org) and if there is no terminal; Spectre.Console does this.
    let progress () =
        AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput Console.Error))

    /// Cells in columns, the first to the left and the others to the right.
    let columns (rows: string list list) =
        let widths =
            rows |> List.map (List.map String.length) |> List.reduce (List.map2 max)

        [
            for row in rows do
                let cells =
                    List.zip row widths
                    |> List.mapi (fun i (cell, width) ->
                        if i = 0 then cell.PadRight width else cell.PadLeft width
                    )

                (String.Join("  ", cells)).TrimEnd()
        ]

/// Numbers for people.
[<RequireQualifiedAccess>]
module Number =

    /// 1234567 as `1,234,567`.
    let grouped (n: int64) = n.ToString "#,0"

    /// `1 epoch`, `1,234 epochs`.
    let counted (n: int) (one: string) =
        grouped (int64 n) + " " + one + (if n = 1 then "" else "s")

    /// 0.1234 as `12.3 %`.
    let percent (fraction: float) =
        (fraction * 100.0).ToString "0.0" + " %"

    /// 0.00123456 as `0.001235 ms`, 1.23456 as `1.235 ms`, 123.456 as `123.5 ms`, 1234.56 as `1,235 ms`.
    let milliseconds (value: float) =
        let format =
            if value < 0.01 then "0.######"
            elif value < 10.0 then "0.###"
            elif value < 100.0 then "0.##"
            elif value < 1000.0 then "0.#"
            else "#,0"

        value.ToString format + " ms"

    /// Few digits, regardless of the size.
    let brief (x: float) = x.ToString "0.####"

    /// 0.00000012 as `1.2e-07`.
    let tiny (x: float) =
        if x = 0.0 then "0" else x.ToString "0.0e-00"
