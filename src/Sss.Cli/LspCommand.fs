namespace Sss.Cli

open System
open System.IO
open Sss.Lsp
open Sss.Report

/// `sss lsp`: the language server, on standard input and output.
[<RequireQualifiedAccess>]
module LspCommand =

    /// The folder of the errors' pages beside the program.
    let private pages = Path.Combine(AppContext.BaseDirectory, "errors")

    let private page (code: string) : string option =
        let path = Path.Combine(pages, code + ".md")
        if File.Exists path then Some path else None

    let private pageText (code: string) : string option =
        try
            page code |> Option.map File.ReadAllText
        with
        | :? IOException
        | :? UnauthorizedAccessException -> None

    let private serve () =
        LanguageServer.run
            {
                Version = Product.version ()
                PageAddress = page >> Option.map (fun path -> Uri(path).AbsoluteUri)
                PageText = pageText
                Draw = NetworkPage.html
            }
            (Console.OpenStandardInput())
            (new BufferedStream(Console.OpenStandardOutput(), 65536))

    /// `sss lsp [--stdio]`
    let main (args: string list) : int =
        match args with
        | []
        // Some clients always say it.
        | [ "--stdio" ] -> serve ()
        | [ ("--help" | "-h") ] ->
            let entry = CommandList.commands |> List.find (fun c -> c.Name = "lsp")

            for line in
                [
                    CommandList.sentence entry
                    ""
                    "USAGE: sss lsp [--stdio]"
                    ""
                    "Editors start it; docs/editors.md has the lines that each of them needs."
                    ""
                    "example: " + entry.Example
                ] do
                Terminal.out line

            Exit.ok
        | word :: _ -> Usage.refuse "lsp" $"unknown option '{word}'."
