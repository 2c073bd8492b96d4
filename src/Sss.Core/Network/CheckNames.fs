namespace Sss.Core

open System.Collections.Generic

/// Automatic names (`conv1`, `basic4`, `relu6_1`) and the labels that may be beside them.
[<RequireQualifiedAccess>]
module AutomaticName =

    /// The name of the n-th statement of a word: `_` goes between when the word ends in a digit.
    let create (word: string) (number: int) : string =
        if System.Char.IsAsciiDigit word[word.Length - 1] then
            System.String.Concat(word, "_", string number)
        else
            System.String.Concat(word, string number)

    /// The word and number that a name would have if it were automatic.
    let split (name: string) : (string * int) option =
        let stem = name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
        let digits = name.Substring stem.Length

        // Numbers have no leading zero, and more than nine digits never come up.
        if stem = "" || digits = "" || digits[0] = '0' || digits.Length > 9 then
            None
        else
            let inner = stem.TrimEnd '_'
            let number = int digits

            if
                inner.Length = stem.Length - 1
                && inner <> ""
                && System.Char.IsAsciiDigit inner[inner.Length - 1]
            then
                Some(inner, number)
            else
                Some(stem, number)

    /// Words that number their statements without being a definition.
    let words: string[] = [|
        for word in Op.words do
            word.Name
        yield! Node.words
    |]

    let private wordSet = HashSet words

    /// Whether a word is a layer's or a join's.
    let isWord (word: string) = wordSet.Contains word

/// The names given so far in one scope. Lives while one draft is checked.
type internal NameScope(prefix: string, definitions: Set<string>, report: Problem -> Place -> unit)
    =

    let counters = Dictionary<string, int>()
    let used = HashSet<string>()

    let count word =
        match counters.TryGetValue word with
        | true, n -> n
        | _ -> 0

    let isName (text: string) =
        text <> ""
        && not (System.Char.IsAsciiDigit text[0])
        && text |> Seq.forall (fun c -> System.Char.IsAsciiLetterOrDigit c || c = '_')

    let claim (name: string) place =
        if not (used.Add name) then
            report (Problem.Name(NameProblem.DuplicateName name)) place

        prefix + name

    /// What all names of this scope start with.
    member _.Prefix = prefix

    /// The scope inside a thing of this scope, by the thing's whole name.
    member _.Inner(name: string) =
        NameScope(name + ".", definitions, report)

    /// The name of a statement. Every statement of a word counts, labelled or not; a label that
    /// looks automatic may only skip forward, and the count continues from it. Named scopes and calls
    /// may skip in the count of a definition or of a join: so a selected network writes what is left
    /// of one.
    member _.Name(word: string option, label: Label option, isScope: bool, place: Place) : string =
        let own = word |> Option.map count

        word |> Option.iter (fun w -> counters[w] <- count w + 1)

        match label, word with
        | None, Some w -> claim (AutomaticName.create w (count w)) place
        // A scope without a label is transparent and never asks for a name.
        | None, None -> prefix
        | Some label, _ ->
            if not (isName label.Text) then
                report (Problem.Name(NameProblem.NotAName label.Text)) label.Place

            match AutomaticName.split label.Text with
            | Some(w, n) when AutomaticName.isWord w || definitions.Contains w ->
                let isOwn = word = Some w
                let next = if isOwn then (defaultArg own 0) + 1 else count w + 1

                let allowed =
                    if isOwn then
                        n > next
                    else
                        isScope
                        && n >= next
                        && (definitions.Contains w || List.contains w Node.words)

                if allowed then
                    counters[w] <- n
                else
                    report
                        (Problem.Name(NameProblem.AutomaticLabel(label.Text, w, next)))
                        label.Place
            | _ -> ()

            claim label.Text label.Place
