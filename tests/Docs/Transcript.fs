namespace Sss.Tests.Docs

open System
open System.Text.RegularExpressions

/// A command as a page shows it, and the output that it shows.
type Command = {
    /// The line in the page.
    Line: int
    /// With its continuation lines.
    Text: string
    /// What is below it; empty: the page shows nothing, and anything may come.
    Shown: string list
}

/// `console` blocks: `$ ` starts a command, other lines are its output. A line of `…` stands for any
/// lines, `…` inside a line for any text.
[<RequireQualifiedAccess>]
module Transcript =

    /// The commands of a block. `Error`: the block's first line is no command.
    let commands (block: Block) : Result<Command list, string> =
        let rec go number found lines =
            match lines with
            | [] -> Ok(List.rev found)
            | (line: string) :: rest when line.StartsWith "$ " ->
                let more =
                    Seq.append [ line ] rest
                    |> Seq.pairwise
                    |> Seq.takeWhile (fun (before, _) -> before.EndsWith '\\')
                    |> Seq.map snd
                    |> List.ofSeq

                let shown =
                    rest
                    |> List.skip more.Length
                    |> List.takeWhile (fun l -> not (l.StartsWith "$ "))

                let used = 1 + more.Length + shown.Length

                let command = {
                    Line = number
                    Text = String.Join("\n", line.Substring 2 :: more)
                    Shown = shown
                }

                go (number + used) (command :: found) (List.skip (used - 1) rest)
            | line :: _ ->
                Error $"{block.Page}:{number}: '{line}' is no command; write '$ ' before it"

        go block.Line [] block.Lines

    let private number = @"-?\d[\d,.]*(?:e[-+]?\d+)?"

    let private squeezed (line: string) =
        Regex.Replace(line.TrimEnd(), " +", " ")

    /// Whether an output line is what a shown line says.
    let private fits numbersVary (shown: string) (line: string) =
        let pieces (text: string) =
            if numbersVary then
                String.Join(number, Regex.Split(text, number) |> Array.map Regex.Escape)
            else
                Regex.Escape text

        let pattern = String.Join(".*", (squeezed shown).Split '…' |> Array.map pieces)
        Regex.IsMatch(squeezed line, "^" + pattern + "$")

    /// The first shown line that has no counterpart in the output; None: all of it is as shown.
    let difference (numbersVary: bool) (shown: string list) (output: string list) : string option =
        let rec go shown output =
            match shown, output with
            | [], [] -> None
            | [ "…" ], _ -> None
            | "…" :: (wanted :: _ as rest), _ ->
                match List.tryFindIndex (fits numbersVary wanted) output with
                | Some i -> go rest (List.skip i output)
                | None -> Some $"not printed: {wanted}"
            | [], line :: _ -> Some $"printed, but not shown: {line}"
            | wanted :: _, [] -> Some $"not printed: {wanted}"
            | wanted :: shown, line :: output when fits numbersVary wanted line -> go shown output
            | wanted :: _, line :: _ -> Some $"shown:   {wanted}\nprinted: {line}"

        go shown output
