namespace Sss.Dsl

open Sss.Core

/// Mistakes in the meaning of a text that is syntactically right: names, arguments, values.
[<RequireQualifiedAccess>]
type MeaningProblem =
    // Names
    | UnknownStatement of word: string * guess: string option
    | UnknownName of word: string * guess: string option
    | DuplicateDefinition of name: string * firstLine: int
    | DuplicateParameter of name: string
    /// Definitions that call each other in a circle, the first one again at the end.
    | Cycle of names: string list
    | LabelInRepeat of label: string
    | BranchLabel of label: string
    // Items of a network
    | ItemMissing of word: string
    | ItemTwice of word: string * firstLine: int
    | ItemLate of word: string
    | InputDims of found: string
    /// A warning: the extents look like those of a picture with its channels last.
    | ChannelsLast of channels: int * height: int * width: int
    // Arguments
    | UnknownArgument of word: string * name: string * guess: string option * known: string list
    | ArgumentTwice of name: string
    | MissingArgument of word: string * name: string * example: string option
    | TooManyArguments of word: string * allowed: int
    /// `fix`: what to write, where the value tells it.
    | WrongArgument of argument: string * found: string * expected: string * fix: string option
    | ScaleTwice
    | UnknownScaleKind of word: string * guess: string option
    | ScaleOnCall of word: string
    /// `shared` after another kind than neuron.
    | SharedOfKind of kind: string
    // Values
    | NotAnInteger of what: string * value: float
    | OutOfRange of what: string * value: float * expected: string
    | DivisionByZero
    | NotFinite
    | TooManyLayers of limit: int
    | CallsTooDeep of limit: int
    // Recipe
    | UnknownRecipeItem of word: string * guess: string option
    | RecipeItemTwice of word: string
    | RecipeForm of item: string * expected: string
    | UnknownPenalty of word: string * guess: string option
    /// A penalty that cannot be used with a target.
    | PenaltyWithTarget of word: string
    | UnknownLoss of word: string * guess: string option
    /// A loss for networks that give something else.
    | LossForOther of word: string * network: OutputKind
    /// A recipe's `output` of a name that no output has; those that there are.
    | UnknownOutput of name: string * guess: string option * known: string list
    | UnknownOptimizer of word: string * guess: string option
    /// A warning: a kind of factors without a γ is never penalised.
    | NoGamma of kind: FactorKind

/// One mistake of meaning, and where.
type MeaningError = {
    Problem: MeaningProblem
    Place: Place
}

/// The wording of mistakes of meaning.
[<RequireQualifiedAccess>]
module MeaningErrorText =

    let private cut = Words.shorten

    let private didYouMean guess =
        guess |> Option.map (fun (word: string) -> $"did you mean `{word}`?")

    let private numberText (value: float) =
        value.ToString("R", System.Globalization.CultureInfo.InvariantCulture)

    let private known (names: string list) =
        match names with
        | [] -> "it takes no named arguments"
        | _ ->
            let list = names |> List.map (fun n -> $"`{cut n}`") |> List.truncate 12
            "it takes " + String.concat ", " list

    let private kindText kind =
        match kind with
        | Neuron -> "neuron"
        | Group -> "group"
        | Block -> "block"
        | Shared -> "shared"

    let private unknownStatement word guess =
        "SSS201",
        $"there is no layer or definition `{cut word}`",
        [],
        OtherNames.statement word
        |> Option.orElse (didYouMean guess)
        |> Option.orElse (Some $"define it: `def {cut word}(…) {{ … }}`")

    let private unknownName word guess =
        "SSS202",
        $"there is no parameter `{cut word}` here",
        [
            "expressions know numbers, the definition's parameters and `classes` or `outputs`"
        ],
        didYouMean guess

    let private duplicateDefinition name line =
        "SSS203",
        $"`{cut name}` is defined twice",
        [ $"the first definition is on line {line}" ],
        Some "give one of them another name"

    let private duplicateParameter name =
        "SSS204", $"there are two parameters `{cut name}`", [], Some "give one of them another name"

    let private cycle names =
        let ring = names |> List.map cut |> List.truncate 12 |> String.concat " → "

        "SSS205",
        $"definitions call each other in a circle: {ring}",
        [ "a definition may not call itself, directly or through others" ],
        None

    let private labelInRepeat label =
        "SSS206",
        $"the label `{cut label}` is directly inside a `repeat`",
        [ "every repetition would use the same name" ],
        Some "remove the label, or move the statements into a `def`"

    let private branchLabel label =
        "SSS215",
        $"`{cut label}` is not the number of a branch",
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
        $"`{cut found}` is not the shape of an input",
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
        $"`{cut word}` has no argument `{cut name}`",
        [ known names ],
        OtherNames.argument word name |> Option.orElse (didYouMean guess)

    let private argumentTwice name =
        "SSS221", $"the argument `{cut name}` is given twice", [], Some "remove one of them"

    let private missingArgument word name example =
        "SSS222",
        $"`{cut word}` needs its {cut name}",
        [],
        example |> Option.map (fun e -> $"write `{e}`, for example")

    let private tooManyArguments word allowed =
        "SSS223",
        $"too many arguments for `{cut word}`",
        [
            if allowed = 0 then
                "all its arguments need a name"
            else
                $"it takes {allowed} without a name"
        ],
        None

    let private wrongArgument argument found expected fix =
        "SSS224",
        $"{cut argument} cannot be {found}",
        [ $"expected {expected}" ],
        fix |> Option.map (fun text -> $"write `{text}`")

    let private scaleTwice =
        "SSS225", "one statement has two `@scale`", [], Some "remove one of them"

    let private unknownScaleKind word guess =
        "SSS226",
        $"unknown kind of factor `{cut word}`",
        [ "expected `neuron`, `group` or `block`" ],
        didYouMean guess

    let private scaleOnCall word =
        "SSS227",
        $"`{cut word}` is a definition and cannot have a scaling factor",
        [ "factors belong to layers and to `residual`" ],
        Some "write `@scale` inside the definition"

    let private sharedOfKind kind =
        "SSS228",
        $"`{cut kind}` factors cannot be shared",
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

    let private unknownRecipeItem word guess =
        "SSS601",
        $"unknown item of a recipe: `{cut word}`",
        [ "items: " + String.concat ", " Words.recipe ],
        didYouMean (OtherNames.item word |> Option.orElse guess)

    let private recipeItemTwice word =
        "SSS602", $"`{word}` is given twice", [], Some "remove one of them"

    let private recipeForm item expected =
        "SSS603", $"this is not how `{item}` is written", [ $"expected `{expected}`" ], None

    let private unknownPenalty word guess =
        "SSS604",
        $"there is no penalty `{cut word}`",
        [ "penalties: " + String.concat ", " FactorPenalty.words ],
        didYouMean guess

    let private penaltyWithTarget word =
        "SSS605",
        $"a target cannot steer `penalty {word}`",
        [
            "a target moves each factor at a known speed, and holds the factors that it keeps above 0"
            "this works only with `penalty nonneg`, the default"
        ],
        Some "remove the penalty, or remove the target"

    let private unknownLoss word guess =
        "SSS606",
        $"there is no loss `{cut word}`",
        [ "losses: " + String.concat ", " Loss.words ],
        didYouMean guess

    let private lossForOther word network =
        let item, example =
            match network with
            | OutputKind.Classes -> "classes", "loss crossentropy"
            | OutputKind.Numbers -> "outputs", "loss mse"

        "SSS607",
        $"`loss {word}` does not train a network with `{item}`",
        [ $"its losses are {Loss.wordsFor network}" ],
        Some $"write `{example}`, for example"

    let private unknownOptimizer word guess =
        "SSS608",
        $"there is no optimizer `{cut word}`",
        [ "optimizers: " + String.concat ", " Optimizer.words ],
        didYouMean guess

    let private unknownOutput name guess (known: string list) =
        "SSS609",
        $"the network has no output `{cut name}`",
        [
            match known with
            | [] -> "it has no further outputs; `loss` is for its scores"
            | _ ->
                let list = known |> List.map (fun n -> $"`{cut n}`") |> List.truncate 12
                "its further outputs: " + String.concat ", " list
        ],
        match known with
        | [] -> Some $"write `output {cut name} {{ … }}` in the network"
        | _ -> didYouMean guess

    let private noGamma kind =
        "SSS651",
        $"the recipe has no gamma for the network's {kindText kind} factors",
        [ "without a penalty they rarely become zero, so nothing is removed" ],
        Some $"write `gamma {kindText kind}=0.001`, for example"

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
        | MeaningProblem.UnknownRecipeItem(word, guess) -> unknownRecipeItem word guess
        | MeaningProblem.RecipeItemTwice word -> recipeItemTwice word
        | MeaningProblem.RecipeForm(item, expected) -> recipeForm item expected
        | MeaningProblem.UnknownPenalty(word, guess) -> unknownPenalty word guess
        | MeaningProblem.PenaltyWithTarget word -> penaltyWithTarget word
        | MeaningProblem.UnknownLoss(word, guess) -> unknownLoss word guess
        | MeaningProblem.LossForOther(word, network) -> lossForOther word network
        | MeaningProblem.UnknownOutput(name, guess, known) -> unknownOutput name guess known
        | MeaningProblem.UnknownOptimizer(word, guess) -> unknownOptimizer word guess
        | MeaningProblem.NoGamma kind -> noGamma kind

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
