namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// The statements of a network.
module internal PrintBody =

    /// Which scopes are calls: by the text of a scope's body written out, and its name's stem.
    type Shared = Dictionary<struct (string * string), string>

    /// The texts of scopes' bodies with nothing shared.
    type Keys = Dictionary<ScopeTree list, string>

    /// The state: the calls, and the texts that identify them.
    type Run = { Shared: Shared; Keys: Keys }

    /// The definition's word that a scope's name could come from, and the number.
    let stem (name: string) : (string * int) option =
        match AutomaticName.split name with
        | Some(word, n) when not (Words.isReserved word) && word <> "branch" -> Some(word, n)
        | _ -> None

    /// Names so far in one scope, counted as the checker counts.
    type private Counters = Dictionary<string, int>

    let private count (counters: Counters) word =
        match counters.TryGetValue word with
        | true, n -> n
        | _ -> 0

    /// `label: ` where the name is not the one that the statement would get, else nothing.
    let private label (counters: Counters) (word: string option) (name: string) : string =
        let automatic =
            word
            |> Option.map (fun w ->
                counters[w] <- count counters w + 1
                AutomaticName.create w (count counters w)
            )

        if automatic = Some name then
            ""
        else
            match AutomaticName.split name with
            | Some(w, n) -> counters[w] <- max n (count counters w)
            | None -> ()

            name + ": "

    /// A name that looks like an automatic one counts.
    let private outputHead (counters: Counters) name =
        label counters None name |> ignore
        Node.OutputWord + " " + name + " "

    let private isNorm outline =
        match outline with
        | ScopeTree.Layer(_, layer) -> (Op.facts layer.Op).CancelsGain
        | ScopeTree.Scope _
        | ScopeTree.Residual _
        | ScopeTree.Gate _
        | ScopeTree.Output _
        | ScopeTree.Attention _
        | ScopeTree.Concat _ -> false

    let private familyOf (op: Op) = (Op.facts op).Family

    /// A layer goes on the line of the one before it when it only finishes it: a bn after weights,
    /// an activation after either.
    let private joins before layer =
        match before |> Option.map familyOf, familyOf layer with
        | Some Family.Weights, (Family.Norm | Family.Pointwise)
        | Some Family.Norm, Family.Pointwise -> true
        | Some Family.Weights, (Family.Weights | Family.Pooling | Family.Other)
        | Some Family.Norm, (Family.Weights | Family.Norm | Family.Pooling | Family.Other)
        | Some(Family.Pointwise | Family.Pooling | Family.Other), _
        | None, _ -> false

    let rec lines (run: Run) (body: ScopeTree list) : Line list =
        let counters = Counters()
        let out = ResizeArray<Line>()
        let mutable before: Op option = None
        let mutable rest = body

        while not rest.IsEmpty do
            let item = rest.Head
            rest <- rest.Tail

            match item with
            | ScopeTree.Layer(name, layer) ->
                let beforeNorm = not rest.IsEmpty && isNorm rest.Head

                let text =
                    label counters (Some(Op.word layer.Op)) name
                    + PrintLayer.op layer.Op beforeNorm
                    + PrintLayer.scale layer.Scale

                match before with
                | Some op when joins (Some op) layer.Op ->
                    match out[out.Count - 1] with
                    | Line.Text line -> out[out.Count - 1] <- Line.Text(line + "; " + text)
                    | Line.Call _
                    | Line.Block _ -> out.Add(Line.Text text)
                | _ -> out.Add(Line.Text text)

                before <- Some layer.Op
            | ScopeTree.Residual(name, head, branch, shortcut) ->
                let head = label counters (Some "residual") name + "residual" + head

                let tail =
                    if shortcut.IsEmpty then
                        None
                    else
                        Some(Line.Block("shortcut ", lines run shortcut, None))

                out.Add(Line.Block(head + " ", lines run branch, tail))
                before <- None
            | ScopeTree.Attention(name, heads, projection) ->
                let label = label counters (Some(Op.word heads.Op)) name
                out.Add(Line.Text(label + PrintLayer.attention heads projection))
                before <- None
            | ScopeTree.Gate(name, inner) ->
                let head = label counters (Some "gate") name + "gate "
                out.Add(Line.Block(head, lines run inner, None))
                before <- None
            | ScopeTree.Output(name, inner) ->
                out.Add(Line.Block(outputHead counters name, lines run inner, None))
                before <- None
            | ScopeTree.Concat(name, word, head, branches) ->
                let head = label counters (Some word) name + word + head + " "
                out.Add(concat run head branches)
                before <- None
            | ScopeTree.Scope(name, inner) ->
                out.Add(scope run counters name inner)
                before <- None

        List.ofSeq out

    and private concat run head branches : Line =
        let mutable last = 0

        let parts = [
            for number, body in branches do
                let own =
                    if number = last + 1 then
                        ""
                    else
                        "branch" + string number + ": "

                last <- number
                own, lines run body
        ]

        let rec chain head parts =
            match parts with
            | [] -> Line.Text head
            | [ (own, body) ] -> Line.Block(head + own, body, None)
            | (own, body) :: rest -> Line.Block(head + own, body, Some(chain "" rest))

        chain head parts

    and private scope run counters name inner : Line =
        let call =
            match stem name with
            | Some(word, _) when run.Shared.Count > 0 ->
                match run.Shared.TryGetValue(struct (word, run.Keys[inner])) with
                | true, definition -> Some definition
                | _ -> None
            | _ -> None

        match call with
        | Some word ->
            match label counters (Some word) name with
            | "" -> Line.Call word
            | label -> Line.Text(label + word)
        | None -> Line.Block(label counters None name, lines run inner, None)
