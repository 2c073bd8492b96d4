namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// The same network, written otherwise.
[<RequireQualifiedAccess>]
module internal Rewrites =

    /// What `shortcut auto` stands for, where it is the same each time.
    let private autoText (document: Document) (placed: PlacedStatement) : string option =
        let nodes =
            (Document.factsOf document placed).Instances
            |> List.choose (fun i -> List.tryLast i.Nodes)
            |> List.map (fun n ->
                match n.Node with
                | Node.Residual r when n.Output.IsSome ->
                    r.Shortcut
                    |> Network.layersOf
                    |> Seq.map (fun l -> PrintLayer.op l.Op true)
                    |> List.ofSeq
                    |> Some
                | Node.Residual _
                | Node.Layer _
                | Node.Gate _
                | Node.Concat _
                | Node.Output _ -> None
            )
            |> List.distinct

        match nodes with
        | [ Some [] ] -> Some "identity"
        | [ Some layers ] -> Some("{ " + String.concat "; " layers + " }")
        | _ -> None

    /// `shortcut auto`, written out.
    let expand (document: Document) (placed: PlacedStatement) : CodeAction list =
        match placed.Statement.Kind, autoText document placed with
        | StatementKind.Residual(_, _, ShortcutSyntax.Auto), Some text ->
            let outline = document.Layout.Value

            let edits = [
                {
                    Range = Outline.range outline placed.Last placed.Last
                    NewText = text
                }
            ]

            if CodeAction.isGood document edits then
                [
                    {
                        Title = "Write out `shortcut auto`"
                        Kind = "refactor.rewrite"
                        Edits = edits
                        Fixes = None
                    }
                ]
            else
                []
        | _ -> []

    /// A name that nothing in the text has.
    let private freshName (document: Document) : string =
        let words =
            document.Layout.Value.Tokens
            |> Seq.choose (fun t ->
                match t.Token with
                | Token.Word word -> Some word
                | Token.Mark _
                | Token.Operator _
                | Token.Comment _
                | Token.Newline -> None
            )
            |> Set.ofSeq

        // Not with a number at its end, which the names of its calls have.
        Seq.initInfinite (fun i -> "unit" + String.replicate i "_")
        |> Seq.find (fun name -> not (Set.contains name words))

    /// The parameters of the definition around it that a body uses.
    let private used (document: Document) (body: PlacedBody) : string list =
        let outline = document.Layout.Value

        let start, stop = outline.Tokens[body.Open].Start, outline.Tokens[body.Close].Stop

        document.Names.Value
        |> List.choose (fun m ->
            let at = SourceText.startOf document.Source m.Span

            match m.Subject with
            | Subject.Parameter(_, name) when at >= start && at < stop && not m.IsDeclaration ->
                Some name
            | _ -> None
        )
        |> List.distinct

    /// The body of a `repeat` as a definition of its own.
    let extract (document: Document) (placed: PlacedStatement) : CodeAction list =
        let outline = document.Layout.Value

        match placed.Statement.Kind, placed.Bodies, outline.Network with
        | StatementKind.Repeat _, [ body ], Some network when not body.Statements.IsEmpty ->
            let name = freshName document
            let parameters = used document body
            let inner = outline.Tokens[body.Open].Stop, outline.Tokens[body.Close].Start

            let text = document.Source.Text.Substring(fst inner, snd inner - fst inner)

            // After what the network begins with.
            let before =
                seq {
                    yield! outline.Definitions |> List.map _.First
                    yield! network.Statements |> List.map _.First
                }
                |> Seq.min

            let definition =
                $"def {name}(" + String.concat ", " parameters + ") {" + text + "}\n\n"

            let call = " " + String.concat " " (name :: parameters) + " "

            let edits = [
                CodeAction.insert document outline.Tokens[before].Start definition
                {
                    Range = SourceText.range document.Source (fst inner) (snd inner)
                    NewText = call
                }
            ]

            let raw = SourceText.edit edits document.Source

            match Language.format raw.Text with
            | Ok formatted when CodeAction.isGood document edits -> [
                {
                    Title = $"Extract the body into `def {name}`"
                    Kind = "refactor.extract"
                    Edits =
                        if Language.format document.Source.Text = Ok document.Source.Text then
                            [
                                {
                                    Range =
                                        SourceText.range
                                            document.Source
                                            0
                                            document.Source.Text.Length
                                    NewText = formatted
                                }
                            ]
                        else
                            edits
                    Fixes = None
                }
              ]
            | Ok _
            | Error _ -> []
        | _ -> []
