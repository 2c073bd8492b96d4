namespace Sss.Files

open System.Collections.Generic
open FsToolkit.ErrorHandling
open Sss.Core

/// A part of the network, as the vertex that it ends in and the bodies in it.
[<RequireQualifiedAccess>]
type internal Tree =
    | Layer of int
    /// Some channels of the value before: the first thing in a side of a split.
    | Part of int
    | Residual of int * branch: Tree list * shortcut: Tree list
    | Gate of int * Tree list
    | Concat of int * parts: int list option * Tree list list
    /// A further output of the file; only among the parts of the network itself.
    | Output of FurtherOutput * Tree list

/// From values that read each other to bodies in bodies. The sides of a join go back to where they meet:
/// the last value that every way to the join goes through. A value that is read from inside and from outside
/// of a side has no place in a tree, and is refused.
[<RequireQualifiedAccess>]
module internal ImportTree =

    /// What the language may nest, less what the text adds.
    let private deepest = 150

    /// A side that begins with a part of the channels of `fork`: which part, and what follows.
    let private partOf (vertices: Map<int, Vertex>) (body: Tree list) =
        match body with
        | Tree.Part number :: rest ->
            match vertices[number].Made with
            | Made.Part(_, first, count) -> Some(first, count, rest)
            | Made.Image
            | Made.Layer _
            | Made.Sum _
            | Made.Product _
            | Made.Joined _ -> None
        | Tree.Layer _ :: _
        | Tree.Residual _ :: _
        | Tree.Gate _ :: _
        | Tree.Concat _ :: _
        | Tree.Output _ :: _
        | [] -> None

    /// The sizes of the parts that sides begin with, where they are all channels in order.
    let private splitOf
        vertices
        channels
        (sides: Tree list list)
        : (int list * Tree list list) option =
        let parts = sides |> List.map (partOf vertices)

        if parts |> List.forall Option.isSome then
            let parts = List.choose id parts
            let firsts = parts |> List.map (fun (first, _, _) -> first)
            let sizes = parts |> List.map (fun (_, count, _) -> count)

            if
                firsts = List.take sizes.Length (List.scan (+) 0 sizes)
                && List.sum sizes = channels
            then
                Some(sizes, parts |> List.map (fun (_, _, rest) -> rest))
            else
                None
        else
            None

    /// Neighbours that meet after the fork where all do: each such group is a concatenation inside.
    let private groups meet (fork: int) (parts: int list) : int list list =
        let add (made: (int * int list) list) part =
            match made with
            | (at, group) :: rest when meet at part <> fork && at <> fork ->
                (meet at part, part :: group) :: rest
            | _ -> (part, [ part ]) :: made

        parts |> List.fold add [] |> List.rev |> List.map (snd >> List.rev)

    /// What a walk over the graph needs, and what it has found.
    type private Walk = {
        Vertices: Map<int, Vertex>
        /// The vertex that everything on the way to a vertex passes.
        Before: int -> int
        /// The last vertex that two have in common on their ways.
        Meet: int -> int -> int
        /// Whether the first value of a sum is the branch, whatever it is.
        IsOwn: bool
        Seen: HashSet<int>
        Refusals: ResizeArray<ImportRefusal>
    }

    let private refuse walk number reason =
        walk.Refusals.Add(VertexGraph.refusal walk.Vertices number reason)

    /// Whether it is met for the first time. What has no weights may be written twice.
    let private isNew walk number =
        let v = walk.Vertices[number]

        let isFree =
            match v.Made with
            | Made.Layer _
            | Made.Part _ -> v.Arrays.IsEmpty
            | Made.Image -> true
            | Made.Sum _
            | Made.Product _
            | Made.Joined _ -> false

        if walk.Seen.Add number || isFree then
            true
        else
            refuse
                walk
                number
                "its value is read from inside and from outside of a side of a join, which is no tree"

            false

    /// The body that ends in a vertex and begins after `from`, followed by `after`.
    let rec private body walk depth from number (after: Tree list) : Tree list =
        if number = from then
            after
        elif depth > deepest then
            refuse walk number $"joins in joins, {deepest} deep"
            after
        elif not (isNew walk number) then
            after
        else
            let fork = walk.Before number
            let side part = body walk (depth + 1) fork part []

            match walk.Vertices[number].Made with
            | Made.Image -> after
            | Made.Layer(_, input) -> body walk depth from input (Tree.Layer number :: after)
            | Made.Part(input, _, _) -> body walk depth from input (Tree.Part number :: after)
            | Made.Sum(a, b) when a = fork && b <> fork && not walk.IsOwn ->
                body walk depth from fork (Tree.Residual(number, side b, []) :: after)
            | Made.Sum(a, b) ->
                let branch = side a
                body walk depth from fork (Tree.Residual(number, branch, side b) :: after)
            | Made.Product(a, b) when a = fork ->
                body walk depth from fork (Tree.Gate(number, side b) :: after)
            | Made.Product(a, b) when b = fork && walk.Vertices[a].Shape = walk.Vertices[b].Shape ->
                body walk depth from fork (Tree.Gate(number, side a) :: after)
            | Made.Product _ ->
                refuse
                    walk
                    number
                    "neither of the two values that it multiplies is made of the other alone"

                after
            | Made.Joined parts ->
                body walk depth from fork (joined walk depth fork number parts :: after)

    /// A concatenation whose sides all begin at `fork`.
    and private joined walk depth fork number parts : Tree =
        let side part = body walk (depth + 1) fork part []

        let inner group =
            match group with
            | [ only ] -> side only
            | _ ->
                let at = List.reduce walk.Meet group
                let sides = group |> List.map (fun part -> body walk (depth + 2) at part [])
                body walk (depth + 1) fork at [ Tree.Concat(number, None, sides) ]

        let grouped = groups walk.Meet fork parts

        let sides =
            if grouped.Length = 1 then
                List.map side parts
            else
                List.map inner grouped

        match splitOf walk.Vertices walk.Vertices[fork].Shape.Channels sides with
        | Some(sizes, sides) -> Tree.Concat(number, Some sizes, sides)
        | None -> Tree.Concat(number, None, sides)

    /// Refuses each part of the channels that is no side of a split.
    let rec private checkParts walk (tree: Tree list) =
        for item in tree do
            match item with
            | Tree.Layer _ -> ()
            | Tree.Part number ->
                refuse
                    walk
                    number
                    "a part of the channels that is no side of a split of all of them"
            | Tree.Residual(_, a, b) ->
                checkParts walk a
                checkParts walk b
            | Tree.Gate(_, inner)
            | Tree.Output(_, inner) -> checkParts walk inner
            | Tree.Concat(_, _, sides) -> List.iter (checkParts walk) sides

    /// The vertex that a part of the network itself ends in.
    let private endOf (item: Tree) : int option =
        match item with
        | Tree.Layer number
        | Tree.Part number
        | Tree.Residual(number, _, _)
        | Tree.Gate(number, _)
        | Tree.Concat(number, _, _) -> Some number
        | Tree.Output _ -> None

    /// The network itself with a further output after the value that it reads, or why it has no place.
    let private withOutput walk image (tree: Tree list) (output: FurtherOutput, number: int) =
        let ends = Set.ofList (image :: List.choose endOf tree)

        let rec start at =
            if ends.Contains at then at else start (walk.Before at)

        let from = start number
        let before = walk.Refusals.Count
        let inner = body walk 0 from number []
        checkParts walk inner

        if inner.IsEmpty then
            Error "no layer is between it and a value of the network itself"
        elif walk.Refusals.Count > before then
            let reason = walk.Refusals[before].Reason
            walk.Refusals.RemoveRange(before, walk.Refusals.Count - before)
            Error reason
        else
            let item = Tree.Output(output, inner)

            if from = image then
                Ok(item :: tree)
            else
                tree
                |> List.collect (fun part ->
                    if endOf part = Some from then [ part; item ] else [ part ]
                )
                |> Ok

    /// The tree of a graph that ends in a vertex, or what is no tree. `further`: other vertices that the file gives, each of
    /// which finds its place or is left out with a reason. `isOwn`: the first value of a sum is
    /// the branch, whatever it is.
    let make
        (isOwn: bool)
        (vertices: Map<int, Vertex>)
        (output: int)
        (further: (FurtherOutput * int) list)
        : Result<Tree list * Map<int, Vertex> * (string * string) list, ImportRefusal list> =
        let own = VertexGraph.live vertices output

        let live =
            (own, further)
            ||> List.fold (fun all (_, number) -> Set.union all (VertexGraph.live vertices number))

        let vertices = VertexGraph.nested vertices live
        let before, meet = VertexGraph.dominators vertices live

        let walk = {
            Vertices = vertices
            Before = fun number -> before[number]
            Meet = meet
            IsOwn = isOwn
            Seen = HashSet()
            Refusals = ResizeArray()
        }

        let image = Seq.min live
        let tree = body walk 0 image output []
        checkParts walk tree

        if walk.Refusals.Count > 0 then
            Error(List.ofSeq walk.Refusals)
        else
            // The last first, so that those of one place stay in order.
            let tree, left =
                ((tree, []), List.rev further)
                ||> List.fold (fun (tree, left) (output, number) ->
                    match withOutput walk image tree (output, number) with
                    | Ok tree -> tree, left
                    | Error reason -> tree, (output.FileName, reason) :: left
                )

            Ok(tree, vertices, left)
