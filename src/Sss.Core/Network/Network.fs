namespace Sss.Core

/// One layer of a checked network.
type Layer = {
    /// Unique in the network; the key of its weights. Scopes are joined with dots.
    Name: string
    Op: Op
    Scale: Scale option
    Input: Shape
    Output: Shape
}

/// A part of a checked network. A body is a list of nodes that run one after the other.
[<RequireQualifiedAccess>]
type Node =
    | Layer of Layer
    | Residual of Residual
    | Concat of Concat

/// λ·branch(x) + shortcut(x).
and Residual = {
    Name: string
    /// Only ever of kind `Block`.
    Scale: Scale option
    Branch: Node list
    /// Empty: the identity.
    Shortcut: Node list
    /// The shape of both sides and of the sum.
    Output: Shape
}

/// The channels of all branches, in order.
and Concat = {
    Name: string
    /// At least two. An empty branch is the identity.
    Branches: Branch list
    Output: Shape
}

/// One branch of a concatenation.
and Branch = {
    /// `branch1`, `branch2`, …: the last part of its scope's name. A selected network keeps the
    /// numbers it came from, so there may be gaps.
    Name: string
    Body: Node list
}

/// A checked network: shapes agree, names are unique, factors stand where they may. It is made by
/// `Check`, and by selection from another network. There are no masks: what it counts is real.
type Network = {
    Name: string
    Input: Shape
    Classes: int
    Body: Node list
}

/// Walks over networks.
[<RequireQualifiedAccess>]
module Network =

    /// Everything that is in a body, outer parts before inner ones, in the order of the text.
    let rec nodesOf (body: Node list) : Node seq =
        seq {
            for node in body do
                yield node

                match node with
                | Node.Layer _ -> ()
                | Node.Residual r ->
                    yield! nodesOf r.Branch
                    yield! nodesOf r.Shortcut
                | Node.Concat c ->
                    for branch in c.Branches do
                        yield! nodesOf branch.Body
        }

    /// All nodes of a network in the order of the text.
    let nodes (network: Network) = nodesOf network.Body

    /// The layers of a body in the order of the text.
    let layersOf (body: Node list) : Layer seq =
        nodesOf body
        |> Seq.choose (
            function
            | Node.Layer layer -> Some layer
            | Node.Residual _
            | Node.Concat _ -> None
        )

    /// The layer that a body ends in, where it ends in one.
    let lastLayer (body: Node list) : Layer option =
        match List.tryLast body with
        | Some(Node.Layer layer) -> Some layer
        | Some(Node.Residual _)
        | Some(Node.Concat _)
        | None -> None

    /// The name of a node; for a layer it is the key of its arrays.
    let nameOf (node: Node) : string =
        match node with
        | Node.Layer layer -> layer.Name
        | Node.Residual r -> r.Name
        | Node.Concat c -> c.Name

    /// The residuals of a network in the order of the text.
    let residuals (network: Network) : Residual seq =
        nodes network
        |> Seq.choose (
            function
            | Node.Residual r -> Some r
            | Node.Layer _
            | Node.Concat _ -> None
        )

    /// A residual with a factor, and the layer that its branch ends in.
    let scaledEnd (node: Node) : (Residual * Layer) option =
        match node with
        | Node.Residual({ Scale = Some _ } as r) ->
            lastLayer r.Branch |> Option.map (fun last -> r, last)
        | Node.Residual { Scale = None }
        | Node.Layer _
        | Node.Concat _ -> None

    /// All layers of a network in the order of the text.
    let layers (network: Network) = layersOf network.Body

    /// Output channels by the name of their layer.
    let channels (network: Network) : Map<string, int> =
        layers network |> Seq.map (fun l -> l.Name, l.Output.Channels) |> Map.ofSeq

    /// The same tree with every layer and every residual changed. What `residual` is given has its
    /// sides changed already.
    let map (layer: Layer -> Layer) (residual: Residual -> Residual) (network: Network) : Network =
        let rec body nodes =
            nodes
            |> List.map (
                function
                | Node.Layer l -> Node.Layer(layer l)
                | Node.Residual r ->
                    Node.Residual(
                        residual {
                            r with
                                Branch = body r.Branch
                                Shortcut = body r.Shortcut
                        }
                    )
                | Node.Concat c ->
                    Node.Concat {
                        c with
                            Branches =
                                c.Branches |> List.map (fun b -> { b with Body = body b.Body })
                    }
            )

        {
            network with
                Body = body network.Body
        }

    /// The shape that a body gives for an input.
    let outputOf (input: Shape) (body: Node list) : Shape =
        match List.tryLast body with
        | None -> input
        | Some(Node.Layer layer) -> layer.Output
        | Some(Node.Residual r) -> r.Output
        | Some(Node.Concat c) -> c.Output

    /// The channels of a concatenation of these branches.
    let channelsOf (input: Shape) (branches: Branch list) : int =
        branches |> List.sumBy (fun branch -> (outputOf input branch.Body).Channels)

    /// The scaling factors written on a node, with the node's name.
    let scaleOf (node: Node) : (string * Scale) option =
        match node with
        | Node.Layer { Name = name; Scale = Some scale }
        | Node.Residual { Name = name; Scale = Some scale } -> Some(name, scale)
        | Node.Layer { Scale = None }
        | Node.Residual { Scale = None }
        | Node.Concat _ -> None

    /// All declarations of factors in the order of the text, by the name they are keyed by.
    let scales (network: Network) : (string * Scale) seq = nodes network |> Seq.choose scaleOf
