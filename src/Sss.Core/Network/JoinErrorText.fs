namespace Sss.Core

/// The wording of what can be wrong with joins: code, message, notes, suggestion.
module internal JoinErrorText =

    let differentSides branch shortcut identity =
        let beside = if identity then "the input" else "the shortcut"

        "SSS401",
        $"the two sides of this residual have different shapes: {branch} and {shortcut}",
        [ $"the branch gives {branch}"; $"{beside} gives {shortcut}" ],
        Some(
            if identity then
                "write `shortcut auto` after the branch, or make the branch keep the shape"
            else
                "give both sides the same shape"
        )

    let noAutoShortcut input branch =
        "SSS402",
        $"no stride of a 1x1 convolution turns {input} into {branch}",
        [
            $"the input is {input}, the branch gives {branch}"
            "`shortcut auto` uses the same stride for both axes"
        ],
        Some "write the projection yourself: `shortcut { … }`"

    let emptyBranch =
        "SSS410",
        "the branch under this factor is empty",
        [ "a factor of 0 would remove nothing" ],
        Some "write the layers of the branch between the braces, or remove the factor"

    let differentBranches word first number other =
        "SSS403",
        $"the branches of this {word} differ in height or width: {first} and {other}",
        [ $"the first branch gives {first}"; $"branch {number} gives {other}" ],
        Some "give all branches the same height and width; only channels are joined"

    let fewBranches word count =
        "SSS411",
        $"this {word} has {count} branches",
        [
            if word = "split" then
                "a split makes at least two parts"
            else
                "a concatenation joins at least two"
        ],
        Some "write `{ }` for a branch that passes the input through"

    let otherGate (input: Shape) (gate: Shape) =
        "SSS412",
        $"the body of this gate gives {gate} for an input of {input}",
        [
            $"a gate multiplies its input by one value per channel, {Shape.vector input.Channels}, "
            + $"or by as many values as the input has, {input}"
        ],
        Some(
            if gate.Channels <> input.Channels then
                $"end the body with a layer of {input.Channels} channels"
            else
                "begin the body with `avgpool global` for one value per channel"
        )

    let partsDoNotDivide parts channels =
        "SSS413",
        $"{channels} channels cannot be split into {parts} equal parts",
        [ "without numbers, all parts of a split have the same number of channels" ],
        Some "write the channels of each part before the first body, such as `split 3 5 { } { }`"

    let partsDoNotAddUp (parts: int list) channels =
        let sum = parts |> List.sumBy int64

        "SSS413",
        $"the parts of this split have {sum} channels together, but its input has {channels}",
        [ "every channel of the input goes to one part" ],
        Some "change the numbers, or leave them out for equal parts"

    let partsAndBodies parts bodies =
        "SSS413",
        $"this split has {parts} parts and {bodies} bodies",
        [ "one number of channels belongs to each body" ],
        Some "write one number for each body, or leave them out for equal parts"

    let outputInside name =
        "SSS415",
        $"the output `{name}` is inside a part of the network",
        [
            "a part may be removed, and its output with it; only the network's own body has outputs"
        ],
        Some "write the output before or after this part"

    let emptyOutput name =
        "SSS416",
        $"the output `{name}` has no layers",
        [ "an output gives what its body makes of the value at this place" ],
        Some $"write its layers: `output {name} {{ avgpool global; dense 10 }}`"
