namespace Sss.Tests.Docs

open System
open System.Text.RegularExpressions

/// What an HTML comment in front of a block says of its test. README and docs may use these:
///
///     <!-- test: skip, REASON -->                the block is not run
///     <!-- test: with OPTIONS -->                `sss train` and `sss sweep` get these options too
///     <!-- test: exit N -->                      the last command of the block ends with this code
///     <!-- test: numbers vary -->                numbers in the shown output stand for any number
///     <!-- test: save FILE -->                   the block is written to a file of the page's folder
///     <!-- test: part of FILE -->                the block's lines stand in that file, in this order
///     <!-- test: new program -->                 the first block of another program
///     <!-- test: compile only -->                the program is compiled and not run
///
/// And once, anywhere on a page, `<!-- test: starts with runs/digits -->`: the page continues from the
/// run of README.
type Directive =
    | Skip of reason: string
    | With of options: string
    | Exit of int
    | NumbersVary
    | Save of file: string
    | PartOf of file: string
    | NewProgram
    | CompileOnly
    | StartsWithRun
    | Unknown of text: string

/// A fenced block.
type Block = {
    /// The page, from the root of the repository.
    Page: string
    /// Of the block's first line, from 1.
    Line: int
    /// The word after the fence; empty where there is none.
    Language: string
    Lines: string list
    Directives: Directive list
} with

    /// Where a reader finds it.
    member block.Place = $"{block.Page}:{block.Line}"
    member block.Text = String.Join("\n", block.Lines) + "\n"

    member block.Has directive =
        List.contains directive block.Directives

/// The part of Markdown that the tests need.
[<RequireQualifiedAccess>]
module Markdown =

    let private directive (text: string) =
        let after (word: string) = text.Substring(word.Length).Trim()

        match text with
        | "numbers vary" -> NumbersVary
        | "new program" -> NewProgram
        | "compile only" -> CompileOnly
        | "starts with runs/digits" -> StartsWithRun
        | _ when text.StartsWith "skip, " -> Skip(after "skip, ")
        | _ when text.StartsWith "with " -> With(after "with ")
        | _ when Regex.IsMatch(text, "^exit [0-9]+$") -> Exit(int (after "exit "))
        | _ when text.StartsWith "save " -> Save(after "save ")
        | _ when text.StartsWith "part of " -> PartOf(after "part of ")
        | _ -> Unknown text

    let private tryDirective (line: string) =
        let found = Regex.Match(line, "^<!-- test: (.*) -->$")

        if found.Success then
            Some(directive (found.Groups[1].Value.Trim()))
        else
            None

    /// The blocks of a page in order, and the directives that stand before no block.
    let blocks (page: string) (text: string) : Block list * Directive list =
        let rec outside number directives loose found lines =
            match lines with
            | [] -> List.rev found, List.rev (directives @ loose)
            | (line: string) :: rest ->
                match tryDirective line with
                | Some StartsWithRun ->
                    outside (number + 1) directives (StartsWithRun :: loose) found rest
                | Some d -> outside (number + 1) (d :: directives) loose found rest
                | None when line.StartsWith "```" ->
                    inside (number + 1) (line.Substring(3).Trim()) directives loose found rest
                | None when line = "" -> outside (number + 1) directives loose found rest
                | None -> outside (number + 1) [] (directives @ loose) found rest

        and inside number language directives loose found lines =
            let body = List.takeWhile (fun (line: string) -> line <> "```") lines

            let block = {
                Page = page
                Line = number
                Language = language
                Lines = body
                Directives = List.rev directives
            }

            let rest = List.skip (min lines.Length (body.Length + 1)) lines
            outside (number + body.Length + 1) [] loose (block :: found) rest

        outside 1 [] [] [] (List.ofArray (text.Replace("\r\n", "\n").Split '\n'))

    /// The anchors of a page's headings, as forges make them.
    let anchors (text: string) : string list =
        text.Split '\n'
        |> Seq.fold
            (fun (isCode, found) line ->
                if line.StartsWith "```" then
                    not isCode, found
                elif not isCode && Regex.IsMatch(line, "^#+ ") then
                    isCode, line :: found
                else
                    isCode, found
            )
            (false, [])
        |> snd
        |> List.map (fun line ->
            Regex
                .Replace(line.TrimStart('#').Trim().ToLowerInvariant(), @"[^\p{L}\p{N}\- ]", "")
                .Replace(' ', '-')
        )

    /// The targets of links, outside of code, with their lines.
    let links (text: string) : (int * string) list =
        text.Split '\n'
        |> Seq.indexed
        |> Seq.fold
            (fun (isCode, found) (i, line) ->
                if line.StartsWith "```" then
                    not isCode, found
                elif isCode then
                    isCode, found
                else
                    let line = Regex.Replace(line, "`[^`]*`", "")

                    let targets = [
                        for m in Regex.Matches(line, @"\]\(([^)\s]+)\)") ->
                            i + 1, m.Groups[1].Value
                    ]

                    isCode, found @ targets
            )
            (false, [])
        |> snd
