namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// Definitions that call each other in a circle.
module internal Cycles =

    /// The definitions that a body calls, each with the first place.
    let rec private calls (definitions: Dictionary<string, Definition>) (body: Statement list) =
        body
        |> List.collect (fun statement ->
            match statement.Kind with
            | StatementKind.Apply(word, _, _) when definitions.ContainsKey word.Value -> [
                word.Value, word.Span
              ]
            | StatementKind.Repeat(_, inner)
            | StatementKind.Gate inner
            | StatementKind.Output inner
            | StatementKind.Body inner -> calls definitions inner
            | StatementKind.Residual(_, branch, shortcut) ->
                calls definitions branch
                @ (
                    match shortcut with
                    | ShortcutSyntax.Body inner -> calls definitions inner
                    | _ -> []
                )
            | StatementKind.Concat branches
            | StatementKind.Split(_, branches) ->
                branches |> List.collect (fun (_, inner, _) -> calls definitions inner)
            | _ -> []
        )

    /// The definitions that are part of a circle or lead into one; each circle is reported once. With a
    /// stack of its own: chains of definitions may be as long as the file.
    let find
        (report: MeaningProblem -> Span -> unit)
        (definitions: Dictionary<string, Definition>)
        (order: Definition list)
        : HashSet<string> =
        let finished = HashSet<string>()
        let bad = HashSet<string>()
        let onPath = HashSet<string>()

        for root in order do
            let path = Stack<string * (string * Span) list>()

            let enter name =
                if onPath.Add name then
                    path.Push(name, calls definitions definitions[name].Body |> List.distinctBy fst)

            if not (finished.Contains root.Name.Value) then
                enter root.Name.Value

            while path.Count > 0 do
                let name, rest = path.Pop()

                match rest with
                | [] ->
                    onPath.Remove name |> ignore
                    finished.Add name |> ignore
                | (callee, span) :: rest ->
                    path.Push(name, rest)

                    if onPath.Contains callee then
                        let ring =
                            path
                            |> Seq.map fst
                            |> Seq.takeWhile (fun n -> n <> callee)
                            |> List.ofSeq
                            |> List.rev

                        report (MeaningProblem.Cycle((callee :: ring) @ [ callee ])) span

                        for inside in callee :: ring do
                            bad.Add inside |> ignore
                    elif not (finished.Contains callee) then
                        enter callee

        bad
