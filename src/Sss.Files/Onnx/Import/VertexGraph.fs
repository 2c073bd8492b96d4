namespace Sss.Files

open System.Collections.Generic
open Sss.Core

/// The graph of the vertices: what reads what, and where ways meet.
[<RequireQualifiedAccess>]
module internal VertexGraph =

    let reads (vertex: Vertex) : int list =
        match vertex.Made with
        | Made.Image -> []
        | Made.Layer(_, input)
        | Made.Part(input, _, _) -> [ input ]
        | Made.Sum(a, b)
        | Made.Product(a, b) -> [ a; b ]
        | Made.Joined parts -> parts

    /// The vertices that the output depends on.
    let live (vertices: Map<int, Vertex>) output : Set<int> =
        let rec visit seen todo =
            match todo with
            | [] -> seen
            | next :: rest when Set.contains next seen -> visit seen rest
            | next :: rest -> visit (Set.add next seen) (reads vertices[next] @ rest)

        visit Set.empty [ output ]

    let rec private startsWith (prefix: int list) (list: int list) =
        match prefix, list with
        | [], _ -> true
        | p :: prefix, l :: list when p = l -> startsWith prefix list
        | _ -> false

    /// A concatenation that begins with all that an earlier one joins is written as one of that one: dense
    /// networks join all values before at every layer.
    let nested (vertices: Map<int, Vertex>) (live: Set<int>) : Map<int, Vertex> =
        let joins = [
            for number in live do
                match vertices[number].Made with
                | Made.Joined parts -> number, parts
                | Made.Image
                | Made.Layer _
                | Made.Sum _
                | Made.Product _
                | Made.Part _ -> ()
        ]

        let longest (number, parts: int list) =
            joins
            |> List.filter (fun (other, prefix) ->
                other < number && prefix.Length < parts.Length && startsWith prefix parts
            )
            |> List.sortByDescending (fun (_, prefix) -> prefix.Length)
            |> List.tryHead

        (vertices, joins)
        ||> List.fold (fun vertices (number, parts) ->
            match longest (number, parts) with
            | None -> vertices
            | Some(other, prefix) ->
                let rest = List.skip prefix.Length parts

                Map.add
                    number
                    {
                        vertices[number] with
                            Made = Made.Joined(other :: rest)
                    }
                    vertices
        )

    /// By vertex the last one that all ways to it go through, and how many such there are. Vertices are
    /// numbered in an order in which each reads earlier ones.
    let dominators (vertices: Map<int, Vertex>) (live: Set<int>) =
        let before = Dictionary<int, int>()
        let depth = Dictionary<int, int>()

        let rec meet a b =
            if a = b then a
            elif depth[a] >= depth[b] then meet before[a] b
            else meet a before[b]

        for number in live do
            match reads vertices[number] with
            | [] ->
                before[number] <- number
                depth[number] <- 0
            | first :: rest ->
                let fork = List.fold meet first rest
                before[number] <- fork
                depth[number] <- depth[fork] + 1

        before, meet

    let refusal (vertices: Map<int, Vertex>) number reason : ImportRefusal =
        let v = vertices[number]

        let word =
            match v.Made with
            | Made.Image -> "input"
            | Made.Layer(op, _) -> Op.word op
            | Made.Sum _ -> "sum"
            | Made.Product _ -> "product"
            | Made.Joined _ -> "concatenation"
            | Made.Part _ -> "part of channels"

        {
            Node = v.Name
            Operation = word
            Reads =
                reads v
                |> List.map (fun r ->
                    if vertices[r].Name = "" then
                        "the input"
                    else
                        vertices[r].Name
                )
            Reason = reason
        }
