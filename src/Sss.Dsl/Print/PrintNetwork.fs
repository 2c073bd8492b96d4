namespace Sss.Dsl

open System
open System.Collections.Generic
open System.Text
open Sss

/// A network as canonical text. Scopes with automatic names and equal bodies become definitions
/// without parameters; all others are written out.
module internal PrintNetwork =

    /// A line of text, or lines inside braces, before indentation.
    [<RequireQualifiedAccess>]
    type private Line =
        | Text of string
        /// `head {`, lines, `}` and what follows the brace.
        | Block of head: string * Line list * tail: Line option

    type private Run = {
        /// Definitions: a word, and the text of the body that it stands for.
        Definitions: Dictionary<string, string>
    }

    let private indent (depth: int) = String(' ', 2 * depth)

    let rec private write (out: StringBuilder) depth line =
        match line with
        | Line.Text text -> out.Append(indent depth).Append(text).Append('\n') |> ignore
        | Line.Block(head, lines, tail) ->
            out.Append(indent depth) |> ignore
            writeBlock out depth head lines tail

    and private writeBlock out depth head lines tail =
        if lines.IsEmpty then
            out.Append(head).Append("{ }") |> ignore
        else
            out.Append(head).Append("{\n") |> ignore

            for line in lines do
                write out (depth + 1) line

            out.Append(indent depth).Append('}') |> ignore

        match tail with
        | Some(Line.Block(head, lines, tail)) ->
            out.Append ' ' |> ignore
            writeBlock out depth head lines tail
        | _ -> out.Append '\n' |> ignore

    let private textOf (lines: Line list) =
        let out = StringBuilder()
        lines |> List.iter (write out 0)
        out.ToString()

    /// Automatic names so far in one scope, counted as the checker counts.
    type private Counters = Dictionary<string, int>

    /// `label: ` where the name is not the one that the statement would get, else nothing.
    let private label (counters: Counters) (word: string option) (name: string) : string =
        let count w =
            match counters.TryGetValue w with
            | true, n -> n
            | _ -> 0

        let automatic =
            word
            |> Option.map (fun w ->
                counters[w] <- count w + 1
                AutomaticName.create w (count w)
            )

        if automatic = Some name then
            ""
        else
            match AutomaticName.split name with
            | Some(w, n) -> counters[w] <- max n (count w)
            | None -> ()

            name + ": "

    /// The definition's word that a scope's name would come from.
    let private stem (name: string) : string option =
        match AutomaticName.split name with
        | Some(word, _) when not (Words.isReserved word) -> Some word
        | _ -> None

    let private isNorm outline =
        match outline with
        | Outline.Layer(_, { Op = Op.BatchNorm _ }) -> true
        | _ -> false

    /// A layer goes on the line of the one before it when it only finishes it: a bn behind weights,
    /// an activation behind either.
    let private joins before layer =
        match before, layer with
        | Some(Op.Conv _ | Op.DepthwiseConv _ | Op.Dense _), (Op.BatchNorm _ | Op.Activation _)
        | Some(Op.BatchNorm _), Op.Activation _ -> true
        | _ -> false

    let rec private lines run (body: Outline list) : Line list =
        let counters = Counters()
        let out = ResizeArray<Line>()
        let mutable before: Op option = None
        let mutable rest = body

        while not rest.IsEmpty do
            let item = rest.Head
            rest <- rest.Tail

            match item with
            | Outline.Layer(name, layer) ->
                let beforeNorm = not rest.IsEmpty && isNorm rest.Head

                let text =
                    label counters (Some(Op.word layer.Op)) name
                    + PrintLayer.op layer.Op beforeNorm
                    + PrintLayer.scale layer.Scale

                match (if out.Count = 0 then Line.Text "" else out[out.Count - 1]) with
                | Line.Text line when joins before layer.Op && line <> "" ->
                    out[out.Count - 1] <- Line.Text(line + "; " + text)
                | _ -> out.Add(Line.Text text)

                before <- Some layer.Op
            | _ ->
                out.Add(structure run counters item)
                before <- None

        List.ofSeq out

    and private structure run counters item : Line =
        match item with
        | Outline.Layer _ -> Line.Text ""
        | Outline.Residual(name, scale, branch, shortcut) ->
            let head = label counters (Some "residual") name + "residual" + PrintLayer.scale scale
            let tail =
                if shortcut.IsEmpty then
                    None
                else
                    Some(Line.Block("shortcut ", lines run shortcut, None))

            Line.Block(head + " ", lines run branch, tail)
        | Outline.Concat(name, branches) ->
            let head = label counters (Some "concat") name + "concat "
            let mutable next = 0

            let parts = [
                for number, body in branches do
                    next <- next + 1
                    let own = if number = next then "" else "branch" + string number + ": "
                    next <- max next number
                    own, lines run body
            ]

            let rec chain head parts =
                match parts with
                | [] -> Line.Text head
                | [ (own, body) ] -> Line.Block(head + own, body, None)
                | (own, body) :: rest -> Line.Block(head + own, body, Some(chain "" rest))

            chain head parts
        | Outline.Scope(name, body) ->
            let inside = lines run body
            let text = textOf inside

            match stem name with
            | Some word when
                (match run.Definitions.TryGetValue word with
                 | true, shared -> shared = text
                 | _ -> false)
                ->
                Line.Text(label counters (Some word) name + word)
            | _ -> Line.Block(label counters None name, inside, None)

    /// The scopes of a body by definition's word, inner ones first.
    let rec private scopes run (found: Dictionary<string, ResizeArray<string>>) body =
        for item in body do
            match item with
            | Outline.Layer _ -> ()
            | Outline.Residual(_, _, branch, shortcut) ->
                scopes run found branch
                scopes run found shortcut
            | Outline.Concat(_, branches) ->
                for _, inner in branches do
                    scopes run found inner
            | Outline.Scope(name, inner) ->
                scopes run found inner

                match stem name with
                | Some word ->
                    match found.TryGetValue word with
                    | true, texts -> texts.Add(textOf (lines run inner))
                    | _ -> found[word] <- ResizeArray [ textOf (lines run inner) ]
                | None -> ()

    /// The canonical text of a network.
    let network (network: Network) : string =
        let body = Outline.ofNodes 0 network.Body
        let run = { Definitions = Dictionary() }
        let out = StringBuilder()

        out.Append("network ").Append(network.Name).Append(" {\n  input ").Append(network.Input.ToString())
        |> ignore

        out.Append("\n  classes ").Append(network.Classes).Append("\n\n") |> ignore

        for line in lines run body do
            write out 1 line

        out.Append("}\n").ToString()
