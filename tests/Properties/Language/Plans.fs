namespace Sss.Tests.Language

open System.Collections.Generic
open System.Text

/// A piece of a random text. Whatever its numbers, `Plans.text` makes a legal statement of it, so
/// that FsCheck may make and shrink plans freely.
type Piece =
    | Conv of width: byte * kernel: byte * tail: byte * label: byte
    | Grouped of width: byte * scaled: bool
    | Depthwise of norm: bool * scaled: bool
    | Plain of kind: byte * label: byte
    | Block of branch: Piece list * scaled: bool * shortcut: byte * label: byte
    | Join of Piece list * Piece list * third: bool * label: byte
    | Gated of Piece list * pooled: bool * label: byte
    | Parted of Piece list * sizes: byte * label: byte
    | Call of definition: byte * label: byte
    | Again of count: byte * Piece list
    | Scope of label: byte * Piece list
    | Braces of Piece list
    /// A further output, where there may be one.
    | Exit of Piece list

/// A random text: bodies of definitions, the network's body, and how often it is halved in size.
type TextPlan = {
    Definitions: Piece list list
    Body: Piece list
    Halve: byte
}

/// Plans to texts.
module Plans =

    let private words = [| "unit"; "basic"; "x2"; "_a"; "stage" |]

    /// The names used so far in one scope of the text.
    type private Names() =
        let counts = Dictionary<string, int>()
        let mutable fresh = 0

        /// Counts a statement of a word; its label, if it gets one.
        member _.Label(word: string, label: byte, mayLabel: bool) : string =
            let n =
                match counts.TryGetValue word with
                | true, n -> n + 1
                | _ -> 1

            counts[word] <- n

            match label % 5uy with
            | 0uy when mayLabel ->
                fresh <- fresh + 1
                // Numbers in front of the underscore: no automatic name looks like that.
                "l" + string fresh + "_" + string (char (int 'a' + int label % 26)) + ": "
            | 1uy when mayLabel && label > 100uy ->
                // Far ahead: rounds of a `repeat` count too, and are not known here.
                let n = n + 1000
                counts[word] <- n

                let underscore =
                    if System.Char.IsAsciiDigit word[word.Length - 1] then
                        "_"
                    else
                        ""

                word + underscore + string n + ": "
            | _ -> ""

    let private tails = [|
        ""
        "; bn"
        "; layernorm eps=1e-3; gelu"
        "; bn @scale(neuron); relu"
        " @scale(neuron, gamma=0.5); relu"
        " bias=no"
        " bias=yes; bn eps=1e-3 momentum=0.25"
        "; bn @scale(neuron, init=0.75); leakyrelu slope=0.125"
    |]

    let private plains = [|
        "relu"
        "relu6"
        "silu"
        "gelu"
        "hardswish"
        "hardsigmoid"
        "mish"
        "elu alpha=0.5"
        "prelu"
        "layerscale init=0.01"
        "lrn 5"
        "lrn 4 alpha=0.5 beta=1 k=2"
        "upsample 2; maxpool 2x2"
        "upsample 2 mode=bilinear; avgpool 2x2"
        "deconv 4 3x3 stride=2 pad=1 outpad=1; maxpool 2x2"
        "deconv 4 3x3 pad=1 bias=no"
        "tanh"
        "sigmoid"
        "bn"
        "layernorm"
        "groupnorm 1"
        "dropout 0.25"
        "leakyrelu"
        "maxpool 3x3 stride=1 pad=1"
        "avgpool 3x3 stride=1 pad=1"
        "avgpool 2x2 stride=1 pad=same countpad=no"
        "maxpool 2x2 stride=1 pad=0x0x1x1"
    |]

    type private Writer = {
        Out: StringBuilder
        /// Definitions that may be called here: those written before.
        Callable: int
        Names: Names
        /// Not directly in a `repeat`.
        MayLabel: bool
        /// In the network's own body.
        IsOwn: bool
        Depth: int
    }

    let private line (w: Writer) (text: string) =
        w.Out.Append(' ', 2 * w.Depth).Append(text).Append('\n') |> ignore

    let private inside (w: Writer) = {
        w with
            Names = Names()
            MayLabel = true
            IsOwn = false
            Depth = w.Depth + 1
    }

    let rec private write (w: Writer) (piece: Piece) =
        let label word l = w.Names.Label(word, l, w.MayLabel)

        match piece with
        | Conv(width, kernel, tail, l) ->
            let size = [|
                "1x1"
                "3x3"
                "1x3"
                "5x5 pad=2"
                "3x3 pad=2 dilation=2"
                "2x2 pad=same"
                "2x3 pad=1x1x0x1"
            |]

            line
                w
                (label "conv" l
                 + $"conv {1 + int width % 12} "
                 + size[int kernel % size.Length]
                 + tails[int tail % tails.Length])
        | Grouped(width, scaled) ->
            let n = 1 + int width % 4
            line w $"conv {n * 4} 1x1; bn; relu"

            line
                w
                ($"conv {n * 8} 3x3 groups=4"
                 + (if scaled then "; bn @scale(group); relu" else ""))
        | Depthwise(norm, scaled) ->
            line
                w
                ("dwconv 3x3"
                 + (
                     match norm, scaled with
                     | true, true -> "; bn @scale(neuron)"
                     | true, false -> "; bn"
                     | false, true -> " @scale(neuron); silu"
                     | false, false -> ""
                 ))
        | Plain(kind, l) ->
            let text = plains[int kind % plains.Length]
            line w (label (text.Split(' ')[0]) l + text)
        | Block(branch, scaled, shortcut, l) ->
            let scale =
                match scaled, shortcut % 4uy with
                | true, 0uy -> " @scale(block, gamma=2) drop=0.25"
                | true, 1uy -> " drop=1/4 @scale(block, gamma=2)"
                | true, _ -> " @scale(block, gamma=2)"
                | false, 0uy -> " drop=0.125"
                | false, _ -> ""

            let auto = shortcut % 3uy

            line w (label "residual" l + "residual" + scale + " {")
            let inner = inside w
            branch |> List.iter (write inner)

            // A scaled branch ends in weights or a bn; an identity keeps the shape, which only
            // activations and the like do surely.
            if scaled || auto = 2uy then
                line
                    inner
                    (if l % 3uy = 0uy then
                         "conv 6 3x3; layerscale"
                     else
                         "conv 6 3x3; bn")
            else
                // Whatever the pieces are, the branch is not empty.
                line inner "dropout 0.5"

            match auto with
            | 2uy ->
                line w "} shortcut {"
                line (inside w) "conv 6 1x1 bias=no"
                line w "}"
            | _ -> line w "} shortcut auto"
        | Join(a, b, third, l) ->
            line w (label "concat" l + "concat {")
            a |> List.iter (write (inside w))
            line w "} {"
            b |> List.iter (write (inside w))
            line w (if third then "} { }" else "}")
            // Channels would grow without end.
            line w (label "conv" 3uy + "conv 6 1x1")
        | Gated(body, pooled, l) ->
            line w (label "conv" 3uy + "conv 6 1x1")
            line w (label "gate" l + "gate {")
            let inner = inside w

            if pooled then
                line inner "avgpool global"

            // Windows need room, which one position does not have.
            if not pooled then
                body |> List.iter (write inner)

            line inner "conv 6 1x1; sigmoid"
            line w "}"
        | Parted(body, sizes, l) ->
            line w (label "conv" 3uy + "conv 6 1x1")
            let parts = [| ""; "2 4 "; "3+2 2-1 "; "(1 + 1) 2*2 " |]
            line w (label "split" l + "split " + parts[int sizes % parts.Length] + "{ } {")
            body |> List.iter (write (inside w))
            line w "}"
            line w (label "conv" 3uy + "conv 6 1x1; shuffle 3; shuffle 5x3x1x0x2x4")

            let heads = [|
                "attention heads=2 @scale(group)"
                "attention heads=3 width=4"
                "attention heads=1 out=6 @scale(neuron); relu"
                "a_1: attention heads=6"
            |]

            // Labels are made where they may be.
            let text = heads[int sizes / 4 % heads.Length]
            line w (label "attention" l + text.Substring(text.IndexOf "attention"))
        | Call(definition, l) ->
            if w.Callable > 0 then
                let word = words[int definition % w.Callable]
                line w (label word l + word)
        | Again(count, body) ->
            line w $"repeat {int count % 4} {{"

            body
            |> List.iter (
                write {
                    w with
                        MayLabel = false
                        Depth = w.Depth + 1
                }
            )

            line w "}"
        | Scope(l, body) ->
            if w.MayLabel then
                // The words of scopes that look numbered are no definition's.
                let name = if l % 2uy = 0uy then "part" else "side_"
                // Number 5 makes sure that there is a label at all.
                let text = w.Names.Label(name, 0uy, true).TrimEnd(' ', ':')
                line w (text + name + string (1 + int l % 7) + ": {")
                body |> List.iter (write { inside w with IsOwn = w.IsOwn })
                line w "}"
        | Exit body ->
            if w.IsOwn && w.MayLabel then
                let name = w.Names.Label("output", 0uy, true).TrimEnd(' ', ':')
                line w $"output {name} {{"
                body |> List.iter (write (inside w))
                line (inside w) "dense 3"
                line w "}"
        | Braces body ->
            line w "{"
            body |> List.iter (write { w with Depth = w.Depth + 1 })
            line w "}"

    let rec private depth piece =
        match piece with
        | Conv _
        | Grouped _
        | Depthwise _
        | Plain _
        | Call _ -> 1
        | Block(body, _, _, _)
        | Again(_, body)
        | Scope(_, body)
        | Gated(body, _, _)
        | Parted(body, _, _)
        | Exit body
        | Braces body -> 1 + depthOf body
        | Join(a, b, _, _) -> 1 + max (depthOf a) (depthOf b)

    and private depthOf body =
        body |> List.fold (fun d p -> max d (depth p)) 0

    /// A legal text.
    let text (plan: TextPlan) : string =
        let out = StringBuilder "network Random {\n  input 3x16x16\n  classes 10\n\n"
        let definitions = List.truncate words.Length plan.Definitions

        let writer callable = {
            Out = out
            Callable = callable
            Names = Names()
            MayLabel = true
            IsOwn = false
            Depth = 2
        }

        definitions
        |> List.iteri (fun i body ->
            out.Append($"  def {words[i]}() {{\n") |> ignore
            body |> List.truncate 4 |> List.iter (write (writer i))
            out.Append "  }\n\n" |> ignore
        )

        let top = {
            writer definitions.Length with
                IsOwn = true
                Depth = 1
        }

        plan.Body |> List.truncate 12 |> List.iter (write top)

        for _ in 1 .. int plan.Halve % 3 do
            line top "maxpool 2x2"

        line top "avgpool global"
        line top "dense classes"
        out.Append("}\n").ToString()
