namespace Sss.Core

/// The wording of `NetworkError`: facts in, diagnostics out.
[<RequireQualifiedAccess>]
module NetworkErrorText =

    /// How a factor is written.
    let private scaleText kind =
        match kind with
        | Neuron -> "@scale(neuron)"
        | Group -> "@scale(group)"
        | Block -> "@scale(block)"
        | Shared -> "@scale(neuron, shared)"

    let private notClasses (output: Shape) kind count =
        let one, many =
            match kind with
            | OutputKind.Classes -> "class", "classes"
            | OutputKind.Numbers -> "output", "outputs"

        "SSS407",
        $"the network gives {output}, but there are {count} {many}",
        [ $"the last output must have one channel per {one}" ],
        Some(
            if output.Height > 1 || output.Width > 1 then
                $"end with `avgpool global` and `dense {many}`"
            else
                $"end with `dense {many}`, or write `{many} {output.Channels}`"
        )

    let private groupsDoNotDivide groups channels incoming =
        let which = if incoming then "of its input" else "of its output"

        "SSS405",
        $"{groups} groups do not divide the {channels} channels {which}",
        [ $"every group needs the same number of the {channels} channels {which}" ],
        None

    let private outPadTooLarge (outPad: Size) (stride: Size) =
        "SSS421",
        $"outpad {outPad} is not less than the stride {stride}",
        [
            "outpad chooses among the sizes that a stride maps to the same one, and there are as many as the stride"
        ],
        None

    let private paddingTakesAll word (input: Shape) (pad: Size) =
        "SSS422",
        $"padding {pad} leaves nothing of the output of this `{word}`",
        [
            $"the input is {input}"
            "the output would have (size - 1) * stride - 2 * pad + kernel + outpad rows or columns, which is below 1"
        ],
        Some "use less padding, or a larger kernel"

    let private windowTooLarge word (input: Shape) (kernel: Size) =
        "SSS404",
        $"the {kernel} window of this {word} does not fit into {input}",
        [ $"the input is {input}"; "the height or the width of the output would be 0" ],
        Some "use a smaller window, more padding, or fewer strides before it"

    let private poolPadTooLarge (pad: Padding) (kernel: Size) =
        "SSS406",
        $"padding {pad} is more than half of the {kernel} window",
        [
            "with more padding than half a window, some windows would contain padding only"
        ],
        None

    let private headsDoNotDivide heads channels =
        "SSS405",
        $"{heads} heads do not divide the {channels} channels of its input",
        [ "without `width`, every head has the same number of the input's channels" ],
        Some "use another number of heads, or write `width=…`, the channels of a head"

    /// code, message, notes, suggestion
    let private shapeText problem =
        match problem with
        | ShapeProblem.SumOfDifferentShapes(branch, shortcut, identity) ->
            JoinErrorText.differentSides branch shortcut identity
        | ShapeProblem.NoAutoShortcut(input, branch) -> JoinErrorText.noAutoShortcut input branch
        | ShapeProblem.ConcatOfDifferentShapes(word, first, number, other) ->
            JoinErrorText.differentBranches word first number other
        | ShapeProblem.WindowTooLarge(word, input, kernel) -> windowTooLarge word input kernel
        | ShapeProblem.TooManyFeatures input ->
            "SSS404",
            $"{input} has too many values to be flattened",
            [ "at most 2147483647 features are possible" ],
            None
        | ShapeProblem.OutputTooLarge(word, output) ->
            "SSS408",
            $"the output of this `{word}` is {output}",
            [ "channels, height and width may be at most 1000000" ],
            None
        | ShapeProblem.GroupsDoNotDivide(groups, channels, incoming) ->
            groupsDoNotDivide groups channels incoming
        | ShapeProblem.PoolPadTooLarge(pad, kernel) -> poolPadTooLarge pad kernel
        | ShapeProblem.HeadsDoNotDivide(heads, channels) -> headsDoNotDivide heads channels
        | ShapeProblem.NotAnOrder(listed, channels) ->
            "SSS414",
            $"this order of {listed} channels does not fit the {channels} channels of its input",
            [ $"it must list every channel from 0 to {channels - 1} once" ],
            None
        | ShapeProblem.OutPadTooLarge(outPad, stride) -> outPadTooLarge outPad stride
        | ShapeProblem.PaddingTakesAll(word, input, pad) -> paddingTakesAll word input pad
        | ShapeProblem.BadNumber(word, argument, value, expected) ->
            "SSS302", $"{argument} of `{word}` is {value}", [ $"expected {expected}" ], None
        | ShapeProblem.OutputIsNotClasses(output, kind, count) -> notClasses output kind count
        | ShapeProblem.TooManyWeights(word, count) ->
            "SSS408",
            $"this `{word}` has {count:``0``} weights",
            [ $"one layer may have at most {System.Array.MaxLength}" ],
            Some "use fewer channels or features, or a pool before this layer"
        | ShapeProblem.ImageTooLarge input ->
            "SSS408",
            $"an image of {input} has {Shape.count input} values",
            [ $"one image may have at most {System.Array.MaxLength}" ],
            None
        | ShapeProblem.TooLarge what ->
            "SSS408", $"the network is too large: it has more {what} than can be counted", [], None
        | ShapeProblem.TooManyLayers limit ->
            "SSS304", $"the network has more than {limit} layers", [], None
        | ShapeProblem.EmptyNetwork ->
            "SSS409", "the network has no layers", [], Some "write at least `dense classes`"
        | ShapeProblem.OutputInside name -> JoinErrorText.outputInside name
        | ShapeProblem.EmptyOutput name -> JoinErrorText.emptyOutput name
        | ShapeProblem.EmptyBranch -> JoinErrorText.emptyBranch
        | ShapeProblem.FewBranches(word, count) -> JoinErrorText.fewBranches word count
        | ShapeProblem.GateOfOtherShape(input, gate) -> JoinErrorText.otherGate input gate
        | ShapeProblem.PartsDoNotDivide(parts, channels) ->
            JoinErrorText.partsDoNotDivide parts channels
        | ShapeProblem.PartsDoNotAddUp(parts, channels) ->
            JoinErrorText.partsDoNotAddUp parts channels
        | ShapeProblem.PartsAndBodies(parts, bodies) -> JoinErrorText.partsAndBodies parts bodies

    let private outputName name =
        "SSS229",
        $"an output cannot be called `{name}`",
        [ "exported files use this name for the network's scores or for its input" ],
        Some "use another name"

    let private nameText problem =
        match problem with
        | NameProblem.AutomaticLabel(label, word, next) ->
            "SSS212",
            $"the label `{label}` looks like an automatic name",
            [
                $"statements without a label are named `{word}` and a number"
                $"the next one here has number {next}; a label may skip numbers, but not reuse one"
            ],
            Some $"use another name, such as `{label}_main`"
        | NameProblem.NotAName label ->
            "SSS213",
            $"`{label}` is not a name",
            [ "a name starts with a letter or `_`, followed by letters, digits and `_`" ],
            None
        | NameProblem.DuplicateName name ->
            "SSS214",
            $"the name `{name}` is used twice",
            [ "weights are stored under these names, so each must be unique in its scope" ],
            Some "use another label"
        | NameProblem.OutputName name -> outputName name
        | NameProblem.BranchNumber(number, next) ->
            "SSS215",
            $"branch number {number} is out of order",
            [
                $"the next branch has number {next}; numbers may be skipped, but must increase"
            ],
            None

    let private onPlainLayer word kind =
        "SSS502",
        $"`{word}` cannot have a scaling factor",
        [ "a factor needs weights to be folded into" ],
        Some(
            match kind with
            | Block -> "put `@scale(block)` on the `residual`"
            | Neuron
            | Group
            | Shared -> $"put `{scaleText kind}` on the `conv` or `bn` before it"
        )

    let private onLoneNorm kind =
        "SSS503",
        $"this `bn` has `{scaleText kind}` but does not follow a layer with weights",
        [
            "a factor of zero removes the neurons that feed the bn; here no layer feeds it alone"
        ],
        Some "put the factor on a `bn` directly after a `conv`, `dwconv` or `dense`"

    let private factorText problem =
        match problem with
        | FactorProblem.SharedStays(word, rule) -> SharedErrorText.stays word rule
        | FactorProblem.SharedInPart(word, other) -> SharedErrorText.inPart word other
        | FactorProblem.SharedElsewhere(word, layers) -> SharedErrorText.elsewhere word layers
        | FactorProblem.SharedWithOwn(word, layer) -> SharedErrorText.withOwn word layer
        | FactorProblem.SharedTwice(word, first) -> SharedErrorText.twice word first
        | FactorProblem.SharedAlone word -> SharedErrorText.alone word
        | FactorProblem.FactorBeforeNorm word ->
            "SSS501",
            $"a factor on a `{word}` directly before a `bn` has no effect",
            [
                "the bn divides by the standard deviation of its input, which cancels any factor"
            ],
            Some "put the factor on the `bn`"
        | FactorProblem.FactorOnPlainLayer(word, kind) -> onPlainLayer word kind
        | FactorProblem.FactorOnLoneNorm kind -> onLoneNorm kind
        | FactorProblem.FactorOnOutput word ->
            "SSS504",
            $"the output of this `{word}` is the network's output",
            [ "classes cannot be removed, so a factor here could not shrink anything" ],
            Some "remove the factor"
        | FactorProblem.GroupFactorWithoutGroups word ->
            "SSS505",
            $"`@scale(group)` on a `{word}` without groups",
            [ "there is only one group" ],
            Some "write `@scale(neuron)`, or give the `conv` `groups=…`"
        | FactorProblem.GroupFactorOnDepthwise word ->
            "SSS506",
            $"`@scale(group)` on a depthwise `{word}`",
            [ "every channel is its own group" ],
            Some "write `@scale(neuron)`"
        | FactorProblem.NeuronFactorOnGroups(word, groups) ->
            "SSS507",
            $"`@scale(neuron)` on a `{word}` whose channels come in {groups} groups",
            [ "a single channel cannot be removed: groups must stay equally large" ],
            Some "write `@scale(group)`"
        | FactorProblem.BlockFactorOnLayer word ->
            "SSS508",
            $"`@scale(block)` on a `{word}`",
            [ "a block is the branch of a residual" ],
            Some "put `@scale(block)` on a `residual`, or write `@scale(neuron)` here"
        | FactorProblem.LayerFactorOnResidual kind ->
            "SSS509",
            $"`{scaleText kind}` on a residual",
            [ "the branch of a residual is kept or removed as a whole" ],
            Some "write `@scale(block)`"
        | FactorProblem.ScaledBranchEnd last ->
            "SSS510",
            $"a branch with a factor cannot end in `{last}`",
            [
                "the last layer must be a `conv`, `deconv`, `dense`, `bn`, `groupnorm`, `layernorm` or `layerscale`: it takes the factor in exactly, also a negative one"
            ],
            Some $"move `{last}` after the residual, or put a `bn` after it"
        | FactorProblem.FactorCannotShrink word ->
            "SSS551",
            $"the factors of this `{word}` can never shrink anything",
            [ "they feed a sum whose other side is never zero, so all its channels stay" ],
            Some "put `@scale(block)` on the residual, or put factors on the other side as well"

    /// Whether it is a warning: a network may well have it.
    let isWarning (error: NetworkError) : bool =
        match error.Problem with
        | Problem.Factor(FactorProblem.FactorCannotShrink _ | FactorProblem.SharedAlone _) -> true
        | _ -> false

    /// The diagnostic of a mistake. Its severity is Warning for what a network may well have.
    let toDiagnostic (error: NetworkError) : Diagnostic =
        let code, message, notes, suggestion =
            match error.Problem with
            | Problem.Shape problem -> shapeText problem
            | Problem.Name problem -> nameText problem
            | Problem.Factor problem -> factorText problem

        {
            Code = code
            Severity = if isWarning error then Warning else Failure
            Span = error.Place.Span
            Message = message
            Notes = notes
            Suggestion = suggestion
            CalledFrom = error.Place.CalledFrom
        }
