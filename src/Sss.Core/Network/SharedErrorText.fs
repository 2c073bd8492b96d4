namespace Sss.Core

/// The wording of what can be wrong with shared factors: code, message, notes, suggestion.
module internal SharedErrorText =

    let stays word rule =
        "SSS511",
        $"channels of the layers that share the factors of this `{word}` cannot be removed",
        [ $"a channel would stay with a factor of 0: {Plan.describeStay rule}" ],
        Some "remove the factors"

    let inPart word other =
        "SSS512",
        $"the channels of this `{word}` do not come and go one by one",
        [ $"`{other}` joins some of them with each other" ],
        Some "remove the factors, or write `@scale(group)` where channels come in groups"

    let elsewhere word (layers: string list) =
        "SSS515",
        $"shared factors would not multiply this `{word}`",
        [
            match layers with
            | [] -> "no layer could carry factors of its channels"
            | layers ->
                let names = layers |> List.map (fun name -> $"`{name}`") |> String.concat ", "
                $"they multiply {names}"
        ],
        layers
        |> List.tryHead
        |> Option.map (fun first -> $"write `@scale(neuron, shared)` on `{first}`")

    let withOwn word layer =
        "SSS513",
        $"the shared factors of this `{word}` would multiply `{layer}`, which has factors of its own",
        [ "one factor a channel is enough to remove it" ],
        Some $"remove the factors of `{layer}`"

    let twice word first =
        "SSS514",
        $"the shared factors of this `{word}` are those of `{first}`, but are declared differently",
        [ "both layers share one vector of factors, so there is one declaration" ],
        Some "remove one of them, or write the same arguments"

    let alone word =
        "SSS552",
        $"no other layer shares the factors of this `{word}`",
        [ "its channels are joined with no other layer's" ],
        Some "write `@scale(neuron)`"
