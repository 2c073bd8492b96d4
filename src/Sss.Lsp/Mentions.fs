namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// What a name in a text stands for.
[<RequireQualifiedAccess>]
type internal Subject =
    | Definition of name: string
    /// A parameter of a definition.
    | Parameter of definition: string * name: string
    /// A label; nothing else in the text refers to it.
    | Label of Span
    | Network
    /// The number of classes.
    | Classes

/// A name in a text.
type internal Mention = {
    Span: Span
    Name: string
    Subject: Subject
    /// Whether it is where the name is given, and not where it is used.
    IsDeclaration: bool
}

/// The names of a text, in its order as far as the syntax tree has one.
[<RequireQualifiedAccess>]
module internal Mentions =

    /// What is known around a statement.
    type private Around = {
        Definitions: Map<string, Definition>
        /// The definition that the statement is in.
        Own: Definition option
    }

    let private mention subject (name: Located<string>) isDeclaration = {
        Span = name.Span
        Name = name.Value
        Subject = subject
        IsDeclaration = isDeclaration
    }

    let rec private ofExpr around (e: Expr) : Mention list =
        match e with
        | Expr.Number _ -> []
        | Expr.Negate(inner, _) -> ofExpr around inner
        | Expr.Binary(_, a, b, _) -> ofExpr around a @ ofExpr around b
        | Expr.Name("classes" as word, span)
        | Expr.Name("outputs" as word, span) -> [
            mention Subject.Classes { Value = word; Span = span } false
          ]
        | Expr.Name(name, span) ->
            match around.Own with
            | Some own when own.Parameters |> List.exists (fun p -> p.Name.Value = name) -> [
                mention
                    (Subject.Parameter(own.Name.Value, name))
                    { Value = name; Span = span }
                    false
              ]
            | Some _
            | None -> []

    let private ofArgument around word (argument: Argument) : Mention list = [
        match argument.Name, Map.tryFind word around.Definitions with
        | Some name, Some called when
            called.Parameters |> List.exists (fun p -> p.Name.Value = name.Value)
            ->
            mention (Subject.Parameter(word, name.Value)) name false
        | _ -> ()

        match argument.Value.Value with
        | Value.Expr e -> yield! ofExpr around e
        | Value.Dims _
        | Value.Word _ -> ()
    ]

    let private ofNamed around (arguments: (Located<string> * Expr) list) =
        arguments |> List.collect (fun (_, value) -> ofExpr around value)

    let private ofScales around (scales: ScaleSyntax list) =
        scales |> List.collect (fun scale -> ofNamed around scale.Arguments)

    let private ofLabel (label: Located<string> option) : Mention list =
        label
        |> Option.map (fun label -> mention (Subject.Label label.Span) label true)
        |> Option.toList

    let rec private ofStatement around (statement: Statement) : Mention list = [
        yield! ofLabel statement.Label

        match statement.Kind with
        | StatementKind.Apply(word, arguments, scales) ->
            if around.Definitions.ContainsKey word.Value then
                mention (Subject.Definition word.Value) word false

            for argument in arguments do
                yield! ofArgument around word.Value argument

            yield! ofScales around scales
        | StatementKind.Repeat(count, inner) ->
            yield! ofExpr around count
            yield! ofBody around inner
        | StatementKind.Residual(head, branch, shortcut) ->
            yield! ofNamed around head.Arguments
            yield! ofScales around head.Scales
            yield! ofBody around branch

            match shortcut with
            | ShortcutSyntax.Body inner -> yield! ofBody around inner
            | ShortcutSyntax.Identity
            | ShortcutSyntax.Auto -> ()
        | StatementKind.Gate inner
        | StatementKind.Output inner
        | StatementKind.Body inner -> yield! ofBody around inner
        | StatementKind.Concat branches -> yield! ofBranches around branches
        | StatementKind.Split(parts, branches) ->
            for part in parts do
                yield! ofExpr around part

            yield! ofBranches around branches
        | StatementKind.Broken -> ()
    ]

    and private ofBody around (body: Statement list) : Mention list =
        body |> List.collect (ofStatement around)

    // The labels of branches are numbers.
    and private ofBranches around (branches: BranchSyntax list) : Mention list =
        branches |> List.collect (fun (_, inner, _) -> ofBody around inner)

    let private ofDefinition around (d: Definition) : Mention list = [
        mention (Subject.Definition d.Name.Value) d.Name true

        let around = { around with Own = Some d }

        for parameter in d.Parameters do
            mention (Subject.Parameter(d.Name.Value, parameter.Name.Value)) parameter.Name true

            yield! parameter.Default |> Option.map (ofExpr around) |> Option.defaultValue []

        yield! ofBody around d.Body
    ]

    /// The definitions of a file by name; of two with one name the first.
    let definitions (file: File) : Map<string, Definition> =
        (file.Items, Map.empty)
        ||> List.foldBack (fun item found ->
            match item with
            | Item.Definition d -> Map.add d.Name.Value d found
            | Item.Input _
            | Item.Classes _
            | Item.Outputs _
            | Item.Statement _ -> found
        )

    /// The further outputs in the network's own body by their names.
    let private outputs (file: File) : Map<string, Located<string>> =
        Map.ofList [
            for item in file.Items do
                match item with
                | Item.Statement {
                                     Kind = StatementKind.Output _
                                     Label = Some label
                                 } -> label.Value, label
                | Item.Statement _
                | Item.Definition _
                | Item.Input _
                | Item.Classes _
                | Item.Outputs _ -> ()
        ]

    /// The names of outputs in a recipe.
    let private ofTrain (file: File) : Mention list = [
        let known = outputs file

        let items = file.Train |> Option.map _.Items |> Option.defaultValue []

        for item in items |> List.filter (fun item -> item.Keyword.Value = Node.OutputWord) do
            match List.tryHead item.Words with
            | Some(RecipeWord.Word(name, span)) ->
                match Map.tryFind name known with
                | Some label ->
                    mention (Subject.Label label.Span) { Value = name; Span = span } false
                | None -> ()
            | Some(RecipeWord.Number _)
            | Some(RecipeWord.Named _)
            | Some(RecipeWord.Chosen _)
            | Some(RecipeWord.Measured _)
            | Some(RecipeWord.Comma _)
            | None -> ()
    ]

    /// All names of a file.
    let ofFile (file: File) : Mention list =
        let around = {
            Definitions = definitions file
            Own = None
        }

        [
            mention Subject.Network file.Name true

            for item in file.Items do
                match item with
                | Item.Definition d -> yield! ofDefinition around d
                | Item.Statement statement -> yield! ofStatement around statement
                | Item.Classes(_, keyword) ->
                    mention Subject.Classes { Value = "classes"; Span = keyword } true
                | Item.Outputs(_, keyword) ->
                    mention Subject.Classes { Value = "outputs"; Span = keyword } true
                | Item.Input _ -> ()

            yield! ofTrain file
        ]
