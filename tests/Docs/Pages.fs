namespace Sss.Tests.Docs

open System
open System.IO
open System.Text.RegularExpressions
open FsToolkit.ErrorHandling
open Sss.Dsl

/// README and the pages under `docs`, as the tests run them.
[<RequireQualifiedAccess>]
module Pages =

    let private root = Sss.Tests.Repository.root

    let read (page: string) =
        File.ReadAllText(Path.Combine(root, page))

    /// README, the examples' own, and all pages of `docs`, from the root of the repository.
    let all: string list =
        let folder = Path.Combine(root, "docs")

        "README.md"
        :: "examples/own-images/README.md"
        :: (Directory.EnumerateFiles(folder, "*.md", SearchOption.AllDirectories)
            |> Seq.map (fun path -> Path.GetRelativePath(root, path).Replace('\\', '/'))
            |> Seq.sort
            |> List.ofSeq)

    let blocks page = fst (Markdown.blocks page (read page))

    /// Languages whose blocks are shown and not run: their tests, where there are any, are said here.
    let shownOnly = [
        "text" // what something looks like
        "sss-error" // tests/Properties/Language
        "xml" // lines of a project file
        "ebnf" // the language's grammar
        "lua" // settings of editors
        "toml"
        "elisp"
    ]

    /// Languages that the tests know.
    let known = [ "console"; "sss"; "csharp"; "fsharp"; "json" ] @ shownOnly

    let private skipReason (block: Block) =
        block.Directives
        |> List.tryPick (
            function
            | Skip reason -> Some reason
            | _ -> None
        )

    /// The blocks that are not run, with their reasons.
    let skipped: (string * string) list =
        all
        |> List.collect blocks
        |> List.choose (fun b -> skipReason b |> Option.map (fun reason -> b.Place, reason))

    let private withOptions (block: Block) (command: string) =
        block.Directives
        |> List.fold
            (fun (command: string) directive ->
                match directive with
                | With options when Regex.IsMatch(command, @"\./sss (train|sweep) ") ->
                    command + " " + options
                | _ -> command
            )
            command

    let private exitOf (block: Block) isLast =
        block.Directives
        |> List.tryPick (
            function
            | Exit code when isLast -> Some code
            | _ -> None
        )
        |> Option.defaultValue 0

    /// Runs one command; what is wrong with it.
    let private runCommand folder (block: Block) isLast (command: Command) : string option =
        let place = $"{block.Page}:{command.Line}: `{command.Text}`"
        let ended = Shell.line folder (withOptions block command.Text)
        let output = String.Join("\n", ended.Lines)
        let wanted = exitOf block isLast

        if ended.Code <> wanted then
            Some $"{place} ended with {ended.Code} instead of {wanted}:\n{output}"
        elif command.Shown.IsEmpty then
            None
        else
            Transcript.difference (block.Has NumbersVary) command.Shown ended.Lines
            |> Option.map (fun why -> $"{place}\n{why}\nall that it printed:\n{output}")

    let private console folder (block: Block) : string list =
        match Transcript.commands block with
        | Error reason -> [ reason ]
        | Ok commands ->
            commands
            |> List.indexed
            |> List.choose (fun (i, c) -> runCommand folder block (i = commands.Length - 1) c)

    /// Blanks at the ends of lines, and indentation, are not compared.
    let private trimmed (line: string) = line.Trim()

    let private partOf folder (block: Block) (file: string) : string list =
        let path = Path.Combine(folder, file)

        if not (File.Exists path) then
            [ $"{block.Place}: there is no {file}" ]
        else
            let lines = File.ReadAllLines path |> List.ofArray |> List.map trimmed
            let shown = "…" :: List.collect (fun l -> [ trimmed l ]) block.Lines @ [ "…" ]

            Transcript.difference (block.Has NumbersVary) shown lines
            |> Option.map (fun why -> $"{block.Place}: {file}: {why}")
            |> Option.toList

    let private sss (block: Block) : string list =
        let text =
            if block.Text.Contains "network " then
                block.Text
            else
                "network Page {\n  input 3x16x16\n  classes 10\n"
                + block.Text
                + "\navgpool global; dense classes\n}\n"

        let wanted =
            if block.Text.TrimStart().StartsWith "train" then
                "network Page { input 1x4x4; classes 2; conv 2 1x1; bn @scale(neuron)
                 residual @scale(block) { conv 2 1x1; bn }
                 conv 4 1x1 groups=2; bn @scale(group); dense 2 }\n"
                + block.Text
            else
                text

        match Language.parse wanted with
        | Ok _ -> []
        | Error problems -> [
            for problem in problems -> $"{block.Place}: {Language.render block.Page wanted problem}"
          ]

    let private json (block: Block) : string list =
        try
            use _ = Text.Json.JsonDocument.Parse(block.Text.Replace("…", "0"))
            []
        with :? Text.Json.JsonException as e -> [ $"{block.Place}: {e.Message}" ]

    let private isParsedElsewhere (page: string) =
        page = "docs/language.md" || page.StartsWith "docs/errors/"

    let private content (block: Block) : string list =
        match block.Language with
        | "sss" when not (isParsedElsewhere block.Page) -> sss block
        | "json" -> json block
        | language when List.contains language known -> []
        | "" -> [ $"{block.Place}: the fence says no language" ]
        | other -> [ $"{block.Place}: nothing tests blocks of '{other}'" ]

    let private files folder (block: Block) : string list =
        block.Directives
        |> List.collect (
            function
            | Save file ->
                let path = Path.Combine(folder, file)
                Directory.CreateDirectory(Path.GetDirectoryName path |> string) |> ignore
                File.WriteAllText(path, block.Text)
                []
            | PartOf file -> partOf folder block file
            | Unknown text -> [ $"{block.Place}: no test knows the directive '{text}'" ]
            | _ -> []
        )

    /// Everything on a page that needs no compiler, in the order of the page; what is wrong.
    let run (folder: string) (blocks: Block list) : string list =
        blocks
        |> List.collect (fun block ->
            if (skipReason block).IsSome then
                []
            else
                files folder block
                @ content block
                @ (if block.Language = "console" then
                       console folder block
                   else
                       [])
        )
