namespace Sss.Dsl

open Sss.Core

/// One layer as a statement: arguments that are defaults are left out.
module internal PrintLayer =

    /// ` @scale(kind, gamma=…, init=…)`, or nothing.
    let scale (scale: Scale option) : string =
        match scale with
        | None -> ""
        | Some s ->
            let kind =
                match s.Kind with
                | Neuron -> "neuron"
                | Group -> "group"
                | Block -> "block"

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

            " @scale(" + kind + gamma + init + ")"

    /// An extent where one number may give both axes.
    let private extent (size: Size) =
        if size.H = size.W then string size.H else size.ToString()

    let private value (kind: ArgumentKind) (value: ArgumentValue) : string =
        match value with
        | ArgumentValue.Count n -> string n
        | ArgumentValue.Real x -> NumberText.real x
        | ArgumentValue.Flag isSet -> if isSet then "yes" else "no"
        | ArgumentValue.Word word -> word
        | ArgumentValue.Global -> "global"
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
            | ArgumentKind.KernelOrGlobal -> size.ToString()

    /// The argument with a blank in front, or nothing where its value is the default.
    let private argument (all: Arguments) (spec: ArgumentSpec) : string =
        match Map.tryFind spec.Name all.Written, spec.Default with
        | Some written, Some fallback when fallback all = written -> ""
        | Some written, _ ->
            let text = value spec.Kind written
            if spec.IsNamed then $" {spec.Name}={text}" else " " + text
        // A global pool has its window alone.
        | None, _ -> ""

    /// A layer without label and scale. `beforeNorm`: the next statement is a bn.
    let op (op: Op) (beforeNorm: bool) : string =
        let facts = Op.facts op

        let taken =
            match Op.tryWord facts.Word with
            | Some word -> word.Arguments
            | None -> []

        let all: Arguments = {
            Written = Map.ofList facts.Arguments
            Taken = taken
            BeforeNorm = beforeNorm
        }

        facts.Word + (taken |> List.map (argument all) |> String.concat "")
