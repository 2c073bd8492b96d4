namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// A network with its scopes found again: a network has names only, and the text has scopes.
[<RequireQualifiedAccess>]
type internal ScopeTree =
    /// A layer and the last part of its name.
    | Layer of name: string * Layer
    /// `head`: what is written between `residual` and its body.
    | Residual of name: string * head: string * branch: ScopeTree list * shortcut: ScopeTree list
    | Gate of name: string * ScopeTree list
    | Output of name: string * ScopeTree list
    /// An attention and its output projection.
    | Attention of name: string * heads: Layer * out: Layer
    /// `head`: `concat `, or `split ` and its parts where they are not equal.
    | Concat of name: string * word: string * head: string * (int * ScopeTree list) list
    /// Neighbours whose names share a first part.
    | Scope of name: string * ScopeTree list

/// Finding scopes in names.
module internal ScopeTree =

    /// The first part of what a name has after a prefix, and whether more parts follow.
    let private firstPart (prefix: int) (name: string) : struct (string * bool) =
        let dot = name.IndexOf('.', min prefix name.Length)

        if dot < 0 then
            struct (name.Substring(min prefix name.Length), false)
        else
            struct (name.Substring(prefix, dot - prefix), true)

    /// The outline of nodes whose names all begin with a prefix of this many characters.
    let rec ofNodes (prefix: int) (nodes: Node list) : ScopeTree list =
        let found = ResizeArray<ScopeTree>()
        let mutable rest = nodes

        while not rest.IsEmpty do
            let struct (part, isScope) = firstPart prefix (Node.name rest.Head)

            if isScope then
                let inside = ResizeArray<Node>()

                let isInside node =
                    firstPart prefix (Node.name node) = struct (part, true)

                while not rest.IsEmpty && isInside rest.Head do
                    inside.Add rest.Head
                    rest <- rest.Tail

                found.Add(ofScope (prefix + part.Length + 1) part (List.ofSeq inside))
            else
                found.Add(ofNode part rest.Head)
                rest <- rest.Tail

        List.ofSeq found

    and private ofScope prefix part inside : ScopeTree =
        match List.ofSeq (Network.layersOf inside) with
        | [ heads; out ] when Op.word heads.Op = "attention" ->
            ScopeTree.Attention(part, heads, out)
        | _ -> ScopeTree.Scope(part, ofNodes prefix inside)

    and private ofNode part node : ScopeTree =
        match node with
        | Node.Layer layer -> ScopeTree.Layer(part, layer)
        | Node.Residual r ->
            ScopeTree.Residual(
                part,
                PrintLayer.drop r.Drop + PrintLayer.scale r.Scale,
                ofNodes (r.Name.Length + ".branch.".Length) r.Branch,
                ofNodes (r.Name.Length + ".shortcut.".Length) r.Shortcut
            )
        | Node.Gate g -> ScopeTree.Gate(part, ofNodes (g.Name.Length + 1) g.Body)
        | Node.Output o -> ScopeTree.Output(part, ofNodes (o.Name.Length + 1) o.Body)
        | Node.Concat c ->
            ScopeTree.Concat(
                part,
                Node.word node,
                PrintLayer.parts c,
                [
                    for branch in c.Branches do
                        let number =
                            AutomaticName.split branch.Name
                            |> Option.map snd
                            |> Option.defaultValue 0

                        number, ofNodes (c.Name.Length + branch.Name.Length + 2) branch.Body
                ]
            )
