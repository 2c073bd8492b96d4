namespace Sss.Dsl

open Sss.Core

/// The wording of mistakes of meaning.
[<RequireQualifiedAccess>]
module MeaningErrorText =

    let private numberText (value: float) =
        value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)

    let private known (names: string list) =
        match names with
        | [] -> "it takes no named arguments"
        | _ -> "it takes " + Words.listed names

    let private unknownStatement word guess =
        "SSS201",
        $"there is no layer or definition `{Words.shorten word}`",
        [],
        OtherNames.statement word
        |> Option.orElse (Words.didYouMean guess)
        |> Option.orElse (Some $"define it: `def {Words.shorten word}(…) {{ … }}`")

    let private unknownName word guess =
        "SSS202",
        $"there is no parameter `{Words.shorten word}` here",
        [
            "expressions know numbers, the definition's parameters and `classes` or `outputs`"
        ],
        Words.didYouMean guess

    let private duplicateDefinition name line =
        "SSS203",
        $"`{Words.shorten name}` is defined twice",
        [ $"the first definition is on line {line}" ],
        Some "give one of them another name"

    let private duplicateParameter name =
        "SSS204",
        $"there are two parameters `{Words.shorten name}`",
        [],
        Some "give one of them another name"

    let private cycle names =
        let ring =
            names |> List.map Words.shorten |> List.truncate 12 |> String.concat " → "

        "SSS205",
        $"definitions call each other in a circle: {ring}",
        [ "a definition may not call itself, directly or through others" ],
        None

    let private labelInRepeat label =
        "SSS206",
        $"the label `{Words.shorten label}` is directly inside a `repeat`",
        [ "every repetition would use the same name" ],
        Some "remove the label, or move the statements into a `def`"

    let private branchLabel label =
        "SSS215",
        $"`{Words.shorten label}` is not the number of a branch",
        [ "write `branch2`, for example" ],
        None

    let private itemMissing word =
        let example = if word = "input" then "`input 3x32x32`" else "`classes 10`"

        "SSS216", $"the network has no `{word}`", [], Some $"write {example} at its start"

    let private itemTwice word line =
        "SSS217",
        $"there is a second `{word}`",
        [ $"the first one is on line {line}" ],
        Some "remove one of them"

    let private itemLate word =
        "SSS218",
        $"`{word}` comes after a statement",
        [],
        Some $"write `{word}` at the start of the network"

    let private inputDims found =
        "SSS219",
        $"`{Words.shorten found}` is not the shape of an input",
        [ "expected channels x height x width" ],
        Some "write `input 3x32x32`, for example"

    let private channelsLast channels height width =
        "SSS251",
        $"`input {channels}x{height}x{width}` looks like height x width x channels",
        [
            "an input is channels x height x width"
            $"this one has {channels} channels, and pictures {height} pixels high and {width} wide"
        ],
        Some $"write `input {width}x{channels}x{height}`"

    let private unknownArgument word name guess names =
        "SSS220",
        $"`{Words.shorten word}` has no argument `{Words.shorten name}`",
        [ known names ],
        OtherNames.argument word name |> Option.orElse (Words.didYouMean guess)

    let private argumentTwice name =
        "SSS221",
        $"the argument `{Words.shorten name}` is given twice",
        [],
        Some "remove one of them"

    let private missingArgument word name example =
        "SSS222",
        $"`{Words.shorten word}` needs its {Words.shorten name}",
        [],
        example |> Option.map (fun e -> $"write `{e}`, for example")

    let private tooManyArguments word allowed =
        "SSS223",
        $"too many arguments for `{Words.shorten word}`",
        [
            if allowed = 0 then
                "all its arguments need a name"
            else
                $"it takes {allowed} without a name"
        ],
        None

    let private wrongArgument argument found expected fix =
        "SSS224",
        $"{Words.shorten argument} cannot be {found}",
        [ $"expected {expected}" ],
        fix |> Option.map (fun text -> $"write `{text}`")

    let private scaleTwice =
        "SSS225", "one statement has two `@scale`", [], Some "remove one of them"

    let private unknownScaleKind word guess =
        "SSS226",
        $"unknown kind of factor `{Words.shorten word}`",
        [ "expected `neuron`, `group` or `block`" ],
        if List.contains word Words.scaleFlags then
            Some $"write `@scale(neuron, {word})`"
        else
            Words.didYouMean guess

    let private scaleOnCall word =
        "SSS227",
        $"`{Words.shorten word}` is a definition and cannot have a scaling factor",
        [ "factors belong to layers and to `residual`" ],
        Some "write `@scale` inside the definition"

    let private sharedOfKind kind =
        "SSS228",
        $"`{Words.shorten kind}` factors cannot be shared",
        [ "layers share the factors of channels, which are of the kind `neuron`" ],
        Some "write `@scale(neuron, shared)`"

    let private notAnInteger what value =
        "SSS301", $"{what} is {numberText value}, not a whole number", [], None

    let private outOfRange what value expected =
        "SSS302", $"{what} is {numberText value}", [ $"expected {expected}" ], None

    let private notFinite = "SSS303", "the value is too large", [], None

    let private tooManyLayers limit =
        "SSS304",
        $"this makes more than {limit} layers",
        [ "a network cannot have more than that" ],
        None

    let private callsTooDeep limit =
        "SSS103",
        $"nested more than {limit} deep",
        [ "calls and bodies count together towards this limit" ],
        None

    let private text problem =
        match problem with
        | MeaningProblem.UnknownStatement(word, guess) -> unknownStatement word guess
        | MeaningProblem.UnknownName(word, guess) -> unknownName word guess
        | MeaningProblem.DuplicateDefinition(name, line) -> duplicateDefinition name line
        | MeaningProblem.DuplicateParameter name -> duplicateParameter name
        | MeaningProblem.Cycle names -> cycle names
        | MeaningProblem.LabelInRepeat label -> labelInRepeat label
        | MeaningProblem.BranchLabel label -> branchLabel label
        | MeaningProblem.ItemMissing word -> itemMissing word
        | MeaningProblem.ItemTwice(word, line) -> itemTwice word line
        | MeaningProblem.ItemLate word -> itemLate word
        | MeaningProblem.InputDims found -> inputDims found
        | MeaningProblem.ChannelsLast(c, h, w) -> channelsLast c h w
        | MeaningProblem.UnknownArgument(word, name, guess, names) ->
            unknownArgument word name guess names
        | MeaningProblem.ArgumentTwice name -> argumentTwice name
        | MeaningProblem.MissingArgument(word, name, example) -> missingArgument word name example
        | MeaningProblem.TooManyArguments(word, allowed) -> tooManyArguments word allowed
        | MeaningProblem.WrongArgument(argument, found, expected, fix) ->
            wrongArgument argument found expected fix
        | MeaningProblem.ScaleTwice -> scaleTwice
        | MeaningProblem.UnknownScaleKind(word, guess) -> unknownScaleKind word guess
        | MeaningProblem.ScaleOnCall word -> scaleOnCall word
        | MeaningProblem.SharedOfKind kind -> sharedOfKind kind
        | MeaningProblem.NotAnInteger(what, value) -> notAnInteger what value
        | MeaningProblem.OutOfRange(what, value, expected) -> outOfRange what value expected
        | MeaningProblem.DivisionByZero -> "SSS303", "division by zero", [], None
        | MeaningProblem.NotFinite -> notFinite
        | MeaningProblem.TooManyLayers limit -> tooManyLayers limit
        | MeaningProblem.CallsTooDeep limit -> callsTooDeep limit
        | MeaningProblem.UnknownRecipeItem(word, guess) ->
            RecipeErrorText.unknownRecipeItem word guess
        | MeaningProblem.RecipeItemTwice word -> RecipeErrorText.recipeItemTwice word
        | MeaningProblem.RecipeForm(item, expected) -> RecipeErrorText.recipeForm item expected
        | MeaningProblem.UnknownPenalty(word, guess) -> RecipeErrorText.unknownPenalty word guess
        | MeaningProblem.PenaltyWithTarget word -> RecipeErrorText.penaltyWithTarget word
        | MeaningProblem.UnknownLoss(word, guess) -> RecipeErrorText.unknownLoss word guess
        | MeaningProblem.LossForOther(word, network) -> RecipeErrorText.lossForOther word network
        | MeaningProblem.UnknownOutput(name, guess, known) ->
            RecipeErrorText.unknownOutput name guess known
        | MeaningProblem.UnknownOptimizer(word, guess) ->
            RecipeErrorText.unknownOptimizer word guess
        | MeaningProblem.NoGamma kind -> RecipeErrorText.noGamma kind

    /// The word that was probably meant.
    let guess problem : string option =
        match problem with
        | MeaningProblem.UnknownStatement(_, guess)
        | MeaningProblem.UnknownName(_, guess)
        | MeaningProblem.UnknownArgument(_, _, guess, _)
        | MeaningProblem.UnknownScaleKind(_, guess)
        | MeaningProblem.UnknownRecipeItem(_, guess)
        | MeaningProblem.UnknownPenalty(_, guess)
        | MeaningProblem.UnknownLoss(_, guess)
        | MeaningProblem.UnknownOutput(_, guess, _)
        | MeaningProblem.UnknownOptimizer(_, guess) -> guess
        | _ -> None

    /// The diagnostic of a mistake.
    let toDiagnostic (error: MeaningError) : Diagnostic =
        let code, message, notes, suggestion = text error.Problem

        {
            Code = code
            Severity =
                match error.Problem with
                | MeaningProblem.NoGamma _
                | MeaningProblem.ChannelsLast _ -> Warning
                | _ -> Failure
            Span = error.Place.Span
            Message = message
            Notes = notes
            Suggestion = suggestion
            CalledFrom = error.Place.CalledFrom
        }
