/// Recipes and whole files.
module internal Sss.Dsl.Parser

open Sss.Core
open Sss.Dsl.Lexeme
open Sss.Dsl.Numerals

/// A number of a recipe: no expressions there, but a sign.
let private signed: P<Located<float>> =
    located (
        syntax {
            let! isNegative = skipIf '-'
            let! found = number

            match found.Value with
            | Real n -> return if isNegative then -n else n
            | Dims _ ->
                return! failWith (SyntaxProblem.Unexpected("a size", [ "a number" ])) found.Span
        }
    )

/// A word, or the name of something in a named scope: `early`, `stage2.early`.
let private dotted: P<Located<string>> =
    syntax {
        let! first = word []

        let! rest =
            collect (
                syntax {
                    match! skipIf '.' with
                    | false -> return None
                    | true ->
                        let! next = word [ "a name" ]
                        return Some next
                }
            )

        return
            (first, rest)
            ||> List.fold (fun all next -> {
                Value = all.Value + "." + next.Value
                Span = Span.join all.Span next.Span
            })
    }

/// One word of a recipe's item.
let private recipeWord: P<RecipeWord> =
    syntax {
        let! struct (c, _) = peek
        let! isNumber = startsNumber
        let! isName = startsName

        if c = ',' then
            let! span = symbol ','
            return RecipeWord.Comma span
        elif isNumber || c = '-' then
            let! found = signed
            return RecipeWord.Number(found.Value, found.Span)
        elif isName then
            match! ArgumentSyntax.named blanks with
            | Some name ->
                let! isWord = startsName

                if isWord && Words.takesWord name.Value then
                    let! value = word []
                    return RecipeWord.Chosen(name, value)
                else
                    match! quantity with
                    | Some(value, unit) -> return RecipeWord.Measured(name, value, unit)
                    | None ->
                        let! value = signed
                        return RecipeWord.Named(name, value)
            | None ->
                let! found = dotted
                return RecipeWord.Word(found.Value, found.Span)
        else
            return! unexpected [ "a number"; "a word"; "`;`"; "a new line" ]
    }

let private recipeItem: P<RecipeItem> =
    syntax {
        let! keyword = word [ "an item of the recipe"; "`}`" ]
        let isOpen = ref false

        let! words =
            collect (
                syntax {
                    // The epochs of `step … at` may continue after a comma in the next line.
                    do! if isOpen.Value then lines else blanks

                    match! endsStatement with
                    | true -> return None
                    | false ->
                        let! found = recipeWord

                        isOpen.Value <-
                            (match found with
                             | RecipeWord.Comma _ -> true
                             | _ -> false)

                        return Some found
                }
            )

        return { Keyword = keyword; Words = words }
    }

let private broken: RecipeItem = {
    Keyword = {
        Value = ""
        Span = { Line = 1; Column = 1; Length = 1 }
    }
    Words = []
}

let private expectedBehind = [ "`train`"; "the end of the file" ]

/// After the network: the recipe, or nothing.
let private train: P<Train option> =
    syntax {
        do! separators

        match! isEnd with
        | true -> return None
        | false ->
            let! keyword = word expectedBehind

            if keyword.Value <> "train" then
                return!
                    failWith (SyntaxProblem.Unexpected(keyword.Value, expectedBehind)) keyword.Span
            else
                let! items = Recovery.braces "`train`" broken recipeItem
                do! separators

                match! isEnd with
                | true ->
                    let read = items |> List.filter (fun i -> i.Keyword.Value <> "")

                    return
                        Some {
                            Items = read
                            Keyword = keyword.Span
                            IsWhole = read.Length = items.Length
                        }
                | false -> return! unexpected [ "the end of the file" ]
    }

let private file: P<File> =
    syntax {
        do! lines
        let! here = located (give ())
        let! isName = startsName
        let! struct (c, _) = peek

        let! first =
            if isName then
                word []
            else
                give { Value = ""; Span = here.Span }

        if c = '#' then
            return! unexpected [ "`network NAME { … }`" ]
        elif first.Value <> "network" then
            return! failWith SyntaxProblem.NoNetwork first.Span
        else
            do! lines
            let! found = name [ "the network's name" ] "a network's name"
            let! items = Statements.items
            // A mistake in the recipe does not hide those in the network.
            let! train = Recovery.recover None train

            return {
                Name = found
                Items = items
                Train = train
            }
    }

/// Parses a text: what was understood of it, if it was a network at all, and all mistakes of form
/// in the order of the text.
let parse (text: string) : File option * SyntaxError list =
    match Length.tooMany text with
    | None -> Recovery.run file text
    | Some span ->
        None,
        [
            {
                Problem = SyntaxProblem.TooLong Check.maxLayers
                Span = span
            }
        ]
