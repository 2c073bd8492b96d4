namespace Sss.Lsp

open Sss.Core
open Sss.Dsl

/// What is known of words that make layers, from their own declarations.
[<RequireQualifiedAccess>]
module internal LayerWords =

    /// A value that an argument of a kind may have, in a first and a second choice.
    let private sample (first: bool) (kind: ArgumentKind) : ArgumentValue =
        let n = if first then 3 else 5

        match kind with
        | ArgumentKind.Count
        | ArgumentKind.CountOrOrder -> ArgumentValue.Count n
        | ArgumentKind.Extent _
        | ArgumentKind.Kernel
        | ArgumentKind.KernelOrGlobal -> ArgumentValue.Extent(Size.square n)
        | ArgumentKind.Padding -> ArgumentValue.Padding(Padding.square n)
        | ArgumentKind.Real _ -> ArgumentValue.Real(if first then 0.5 else 0.25)
        | ArgumentKind.Flag -> ArgumentValue.Flag first
        | ArgumentKind.Choice words ->
            ArgumentValue.Word(if first then List.head words else List.last words)

    /// Arguments of a word with what must be written.
    let private samples (first: bool) (word: Word<Op>) : Arguments = {
        Written =
            Map.ofList [
                for spec in word.Arguments do
                    if spec.Default.IsNone then
                        spec.Name, sample first spec.Kind
            ]
        Taken = word.Arguments
        BeforeNorm = first
    }

    /// The default of an argument as it is written; None: it has none, or it depends on the rest.
    let fixedDefault (word: Word<Op>) (spec: ArgumentSpec) : string option =
        spec.Default
        |> Option.bind (fun fallback ->
            let a, b = fallback (samples true word), fallback (samples false word)

            match PrintLayer.value spec.Kind a with
            | "" -> None
            | text when a = b -> Some text
            | _ -> None
        )

    /// The values of an argument that are words.
    let choices (kind: ArgumentKind) : string list =
        match kind with
        | ArgumentKind.Flag -> [ "yes"; "no" ]
        | ArgumentKind.Choice words -> words
        | ArgumentKind.Padding -> [ "same" ]
        | ArgumentKind.KernelOrGlobal -> [ "global" ]
        | ArgumentKind.Count
        | ArgumentKind.Extent _
        | ArgumentKind.Real _
        | ArgumentKind.Kernel
        | ArgumentKind.CountOrOrder -> []

    /// What an argument may be, in words.
    let describe (kind: ArgumentKind) : string =
        match kind with
        | ArgumentKind.Count -> "a whole number"
        | ArgumentKind.Extent _ -> "a number, or a size such as 2x1"
        | ArgumentKind.Padding -> "a number, a size, four numbers such as 0x1x1x0, or `same`"
        | ArgumentKind.Real range -> RealRange.words range
        | ArgumentKind.Flag -> "`yes` or `no`"
        | ArgumentKind.Choice words ->
            words |> List.map (fun word -> $"`{word}`") |> String.concat " or "
        | ArgumentKind.Kernel -> "a size such as 3x3"
        | ArgumentKind.KernelOrGlobal -> "a size such as 3x3, or `global`"
        | ArgumentKind.CountOrOrder -> "a number, or an order of channels such as 0x2x1x3"

    /// An argument as a signature shows it: `stride=1`, `window`.
    let parameter (word: Word<Op>) (spec: ArgumentSpec) : string =
        let shown =
            match fixedDefault word spec with
            | Some value -> spec.Name + "=" + value
            | None when spec.IsNamed -> spec.Name + "="
            | None -> spec.Name.Replace(' ', '-')

        if spec.Default.IsSome && not spec.IsNamed then
            "[" + spec.Name + "]"
        else
            shown

    /// A layer with all its arguments, as one may write it.
    let written (op: Op) : string =
        let facts = Op.facts op

        let specs =
            Op.tryWord facts.Word |> Option.map _.Arguments |> Option.defaultValue []

        [
            facts.Word

            for name, value in facts.Arguments do
                match specs |> List.tryFind (fun spec -> spec.Name = name) with
                | Some spec ->
                    match PrintLayer.value spec.Kind value with
                    | "" -> ()
                    | text when spec.IsNamed -> spec.Name + "=" + text
                    | text -> text
                | None -> ()
        ]
        |> String.concat " "
