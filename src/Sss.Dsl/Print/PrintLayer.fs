namespace Sss.Dsl

open Sss.Core

/// One layer as a statement: arguments that are defaults are left out.
module internal PrintLayer =

    /// ` @scale(kind, gamma=…, init=…, min=…)`, or nothing, also where another layer declares the factors.
    let scale (scale: Scale option) : string =
        match Option.filter Scale.isDeclared scale with
        | None -> ""
        | Some s ->
            let kind =
                match s.Kind with
                | Neuron -> "neuron"
                | Group -> "group"
                | Block -> "block"
                | Shared -> "neuron, shared"

            let gamma =
                if s.Gamma = 1.0 then
                    ""
                else
                    ", gamma=" + NumberText.real s.Gamma

            let init =
                if s.Init = 1.0 then
                    ""
                else
                    ", init=" + NumberText.real s.Init

            let least = if s.Min = 0 then "" else ", min=" + string s.Min
            let keep = if s.Keep then ", keep" else ""
            " @scale(" + kind + keep + gamma + init + least + ")"

    /// ` drop=P`, or nothing.
    let drop (probability: float) : string =
        if probability = 0.0 then
            ""
        else
            " drop=" + NumberText.real probability

    /// ` 3 5`: the channels of each branch of a split, where they are not equal.
    let parts (concat: Concat) : string =
        let channels = concat.Branches |> List.map (fun b -> b.Input.Channels)

        match concat.Reads with
        | Reads.Parts when (List.distinct channels).Length > 1 ->
            channels |> List.map (fun n -> " " + string n) |> String.concat ""
        | Reads.Parts
        | Reads.All -> ""

    /// An extent where one number may give both axes.
    let private extent (size: Size) =
        if size.H = size.W then string size.H else size.ToString()

    /// A value as the language writes it; nothing where there is none.
    let value (kind: ArgumentKind) (value: ArgumentValue) : string =
        match value with
        | ArgumentValue.Count n -> string n
        | ArgumentValue.Real x -> NumberText.real x
        | ArgumentValue.Flag isSet -> if isSet then "yes" else "no"
        | ArgumentValue.Word word -> word
        | ArgumentValue.Global -> "global"
        | ArgumentValue.Nothing -> ""
        | ArgumentValue.Order order -> order |> List.map string |> String.concat "x"
        | ArgumentValue.Padding(Padding.Sides s) when s.IsEven -> extent { H = s.Top; W = s.Left }
        | ArgumentValue.Padding padding -> padding.ToString()
        | ArgumentValue.Extent size ->
            match kind with
            | ArgumentKind.Extent _ -> extent size
            | ArgumentKind.Count
            | ArgumentKind.Padding
            | ArgumentKind.Real _
            | ArgumentKind.Flag
            | ArgumentKind.Choice _
            | ArgumentKind.Kernel
            | ArgumentKind.KernelOrGlobal
            | ArgumentKind.CountOrOrder
            | ArgumentKind.Choice _ -> size.ToString()

    /// The argument with a blank in front, or nothing where its value is the default.
    let private argument (all: Arguments) (spec: ArgumentSpec) : string =
        match Map.tryFind spec.Name all.Written, spec.Default with
        | Some written, Some fallback when fallback all = written -> ""
        | Some written, _ ->
            let text = value spec.Kind written
            if spec.IsNamed then $" {spec.Name}={text}" else " " + text
        // A global pool has its window alone.
        | None, _ -> ""

    let private arguments
        word
        (written: (string * ArgumentValue) list)
        (beforeNorm: bool)
        : string =
        let taken =
            match Op.tryWord word with
            | Some word -> word.Arguments
            | None -> []

        let all: Arguments = {
            Written = Map.ofList written
            Taken = taken
            BeforeNorm = beforeNorm
        }

        word + (taken |> List.map (argument all) |> String.concat "")

    /// A layer without label and scale. `beforeNorm`: the next statement is a bn.
    let op (op: Op) (beforeNorm: bool) : string =
        let facts = Op.facts op
        arguments facts.Word facts.Arguments beforeNorm

    /// An attention and its output projection as one statement: what follows from the input is left out.
    let attention (heads: Layer) (out: Layer) : string =
        let facts = Op.facts heads.Op
        let channels = heads.Input.Channels
        let isPlain = heads.Output.Channels = channels

        arguments
            facts.Word
            [
                for name, value in facts.Arguments do
                    if not (isPlain && name = "width") then
                        name, value
                if out.Output.Channels <> channels then
                    "out", ArgumentValue.Count out.Output.Channels
            ]
            false
        + scale heads.Scale
        + scale out.Scale
