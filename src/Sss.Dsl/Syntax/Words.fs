namespace Sss.Dsl

open System
open Sss.Core
open System.Collections.Generic

/// The words of the language.
[<RequireQualifiedAccess>]
module Words =

    /// The kinds of layers.
    let kinds: string[] = [|
        for word in Op.words do
            word.Name
    |]

    /// Words that are the value of an argument.
    let values = [| "global"; "yes"; "no" |]

    /// Words with a meaning of their own.
    let keywords = [|
        "network"
        "train"
        "input"
        "classes"
        "outputs"
        "def"
        "repeat"
        yield! Node.words
        "shortcut"
        "identity"
        "auto"
        yield! values
    |]

    /// Words that have a meaning in their place and may be names elsewhere.
    let inPlace = [| Node.OutputWord |]

    /// The kinds of factors.
    let scaleKinds = [ "neuron"; "group"; "block" ]

    /// The named arguments of `@scale`.
    let scaleArguments = [ "gamma"; "init"; "min" ]

    /// The words that a `@scale` may have after its kind.
    let scaleFlags = [ "shared"; "keep" ]

    /// The items of a recipe.
    let recipe = [|
        "epochs"
        "batch"
        "lr"
        "momentum"
        "decay"
        "gamma"
        "penalty"
        "loss"
        "output"
        "optimizer"
        "target"
        "shrink"
        "stop"
        "seed"
        "augment"
        "randaugment"
        "erase"
        "mixup"
        "cutmix"
        "teacher"
        "ema"
    |]

    /// Whether a word is the number of classes or outputs in expressions.
    let isCount (word: string) = word = "classes" || word = "outputs"

    /// Whether an argument of a recipe's item may be a word; all others are numbers.
    let takesWord (argument: string) = argument = "background"

    let private kindSet = HashSet kinds
    let private valueSet = HashSet values
    let private reservedSet = HashSet(Seq.append kinds keywords)

    /// Whether a word is a layer's.
    let isKind (word: string) = kindSet.Contains word

    /// Whether a word is the value of an argument.
    let isValue (word: string) = valueSet.Contains word

    /// Whether a word may not be a name.
    let isReserved (word: string) = reservedSet.Contains word

    /// A piece of the user's text inside a message: kept short, since it may be a whole file.
    let shorten (text: string) =
        if text.Length <= 40 then
            text
        else
            let cut = if Char.IsHighSurrogate text[38] then 38 else 39
            text.Substring(0, cut) + "…"

    /// The word that was probably meant, as a suggestion.
    let didYouMean (guess: string option) : string option =
        guess |> Option.map (fun word -> $"did you mean `{word}`?")

    /// Names inside a message, at most twelve.
    let listed (names: string list) : string =
        names
        |> List.map (fun name -> $"`{shorten name}`")
        |> List.truncate 12
        |> String.concat ", "
