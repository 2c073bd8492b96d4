namespace Sss.Tests.Lsp

open System
open System.Text.Json
open Xunit
open Xunit.Abstractions
open Sss.Lsp
open Sss.Tests.Lsp.Messages

/// Random edits.
module internal Edits =

    /// The server alone, without streams: parameters in, session out.
    let element (node: System.Text.Json.Nodes.JsonNode) : JsonElement =
        JsonDocument.Parse(node.ToJsonString()).RootElement

    let ready =
        let session, _ =
            Requests.answer
                options
                Session.start
                "initialize"
                (element (json "{\"capabilities\":{}}"))

        session

    let notified name parameters session =
        fst (Session.notified name (element parameters) session)

    let findings session =
        (Session.findings options session uri).ToJsonString()

    /// Line and character of an index, counted one character at a time. `\r\n` ends one line.
    let placeOf (text: string) (index: int) : int * int =
        let mutable line, start = 0, 0

        for i in 0 .. index - 1 do
            let endsLine =
                text[i] = '\n'
                || (text[i] = '\r' && not (i + 1 < text.Length && text[i + 1] = '\n'))

            if endsLine then
                line <- line + 1
                start <- i + 1

        line, index - start

    let pieces = [|
        ""
        "\n"
        "\r\n"
        "\r"
        "{"
        "}"
        "("
        ")"
        ";"
        "@"
        "@scale(neuron)"
        " "
        "\t"
        "conv 8 3x3; bn; relu\n"
        "residual { conv 8 3x3 } shortcut auto"
        "def two(n) { conv n 3x3 }\n"
        "train {"
        "x: "
        "="
        "1e-"
        "😀"
        "e\u0301"
        "// ü\n"
        "network"
        "\u0000"
        "999999999999"
    |]

    let starts = [|
        "network N {\n  input 1x8x8\n  classes 10\n  conv 8 3x3; bn @scale(neuron); relu\n  avgpool global\n  dense classes\n}\n"
        "// 😀 ü e\u0301\nnetwork N {\r\n  input 1x8x8 // 😀\r\n  classes 4\r\n  def unit(w, s = 1) {\r\n    residual @scale(block) { conv w 3x3 stride=s; bn } shortcut auto\r\n    relu\r\n  }\r\n  stem: conv 8 3x3; relu\r\n  repeat 2 { unit 8 }\r\n  unit 16 s=2\r\n  flatten\r\n  dense 4\r\n}\r\ntrain { epochs 3; gamma 0.1 }\r\n"
        ""
    |]

    /// A random edit of a text: from where to where, and what is put there.
    let randomEdit (random: Random) (text: string) : int * int * string =
        let start = random.Next(text.Length + 1)

        let length =
            if random.Next 3 = 0 then
                0
            else
                random.Next(min 12 (text.Length - start + 1))

        let piece =
            if random.Next 4 = 0 && text.Length > 0 then
                let from = random.Next text.Length
                text.Substring(from, random.Next(min 40 (text.Length - from) + 1))
            else
                pieces[random.Next pieces.Length]

        start, start + length, piece

    /// Indexes inside a pair of `\r\n` have no position of their own, and no editor divides a character.
    let isPlace (text: string) i =
        not (
            i > 0
            && i < text.Length
            && ((text[i - 1] = '\r' && text[i] = '\n') || Char.IsLowSurrogate text[i])
        )

    /// Whether no half of a character is at an end of a piece.
    let isWhole (piece: string) =
        piece = ""
        || not (Char.IsLowSurrogate piece[0] || Char.IsHighSurrogate piece[piece.Length - 1])

    let requests = [|
        "textDocument/hover"
        "textDocument/completion"
        "textDocument/signatureHelp"
        "textDocument/definition"
        "textDocument/references"
        "textDocument/documentHighlight"
        "textDocument/prepareRename"
        "textDocument/documentSymbol"
        "textDocument/foldingRange"
        "textDocument/semanticTokens/full"
        "textDocument/codeLens"
        "textDocument/inlayHint"
        "textDocument/formatting"
        "textDocument/codeAction"
    |]

    /// One sequence of edits: the text that the client has, and the session that the server has.
    let sequence (seed: int) =
        let random = Random seed
        let mutable text = starts[random.Next starts.Length]
        let mutable session = notified "textDocument/didOpen" (opening text) ready

        for step in 1 .. 1 + random.Next 6 do
            let start, stop, piece = randomEdit random text

            if isPlace text start && isPlace text stop && isWhole piece then
                let l, c = placeOf text start
                let l', c' = placeOf text stop
                text <- text.Remove(start, stop - start).Insert(start, piece)

                session <-
                    notified
                        "textDocument/didChange"
                        (changing (1 + step) (l, c, l', c') piece)
                        session

        text, session, random

    let sameAsFresh (seed: int) =
        let text, session, random = sequence seed
        let document = session.Documents[uri]

        if document.Source.Text <> text then
            failwith
                $"sequence {seed}: the server has another text:\n{document.Source.Text}\n\n{text}"

        let fresh = {
            session with
                Documents =
                    Map.ofList [ uri, Document.make uri document.Version (SourceText.ofText text) ]
        }

        if findings session <> findings fresh then
            failwith $"sequence {seed}: other findings than of the fresh text:\n{text}"

        let line, character = placeOf text (random.Next(text.Length + 1))
        let name = requests[random.Next requests.Length]

        let ask session =
            let parameters =
                inside (0, 0, line, character) |> ``with`` "position" (position line character)

            match Requests.answer options session name (element parameters) with
            | _, Ok(Some node) -> node.ToJsonString()
            | _, Ok None -> "null"
            | _, Error refusal -> refusal.Message

        if ask session <> ask fresh then
            failwith $"sequence {seed}: {name} answers otherwise than for the fresh text:\n{text}"

type EditLaws(output: ITestOutputHelper) =

    [<Fact>]
    member _.``after any edits the server has what a fresh start would have``() =
        let count = if Sss.Tests.Repository.isLong then 20_000 else 2_500
        let watch = Diagnostics.Stopwatch.StartNew()

        for seed in 1..count do
            Edits.sameAsFresh seed

        output.WriteLine $"{count} sequences, {watch.Elapsed.TotalSeconds:F1} s"

    [<Fact>]
    member _.``positions count UTF-16 units, and lead back to their index``() =
        let random = Random 7

        for _ in 1..2_000 do
            let text =
                String.Concat(
                    Seq.init
                        (random.Next 30)
                        (fun _ -> Edits.pieces[random.Next Edits.pieces.Length])
                )

            let source = SourceText.ofText text

            for i in 0 .. text.Length do
                if Edits.isPlace text i then
                    let line, character = Edits.placeOf text i
                    let found = SourceText.position source i
                    Assert.Equal((line, character), (found.Line, found.Character))
                    Assert.Equal(i, SourceText.offset source found)

    [<Fact>]
    member _.``formatting by edits of blanks gives the formatted text``() =
        let random = Random 11

        for file in Sss.Tests.Language.Support.examples do
            let text = Sss.Tests.Language.Support.read file

            if text.Length < 6_000 then
                // Blanks in other numbers.
                let loose =
                    text
                    |> String.collect (fun c ->
                        match c, random.Next 8 with
                        | ' ', 0 -> "   "
                        | '\n', 0 -> "\n\n\n"
                        | ';', 0 -> " ; "
                        | c, _ -> string c
                    )

                match Sss.Dsl.Language.format loose with
                | Ok formatted ->
                    let source = SourceText.ofText loose
                    let edits = Formatting.edits source formatted
                    Assert.Equal(formatted, (SourceText.edit edits source).Text)
                    // Small edits, not one large one.
                    Assert.All(
                        edits,
                        fun e -> Assert.Equal("", e.NewText.Trim(' ', '\n', '\r', ';'))
                    )
                | Error _ -> ()
