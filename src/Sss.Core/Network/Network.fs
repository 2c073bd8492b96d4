namespace Sss.Core

/// A checked network: shapes agree, names are unique, factors stand where they may. It is made by
/// `Check`, and by selection from another network. There are no masks: what it counts is real.
type Network = {
    Name: string
    Input: Shape
    /// The channels of what it gives: one for each class, or each number (`OutputKind`).
    Classes: int
    OutputKind: OutputKind
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

                for inner in Node.bodies node do
                    yield! nodesOf inner
        }

    /// All nodes of a network in the order of the text.
    let nodes (network: Network) = nodesOf network.Body

    let private asLayer node =
        match node with
        | Node.Layer layer -> Some layer
        | Node.Residual _
        | Node.Gate _
        | Node.Concat _
        | Node.Output _ -> None

    /// The layers of a body in the order of the text.
    let layersOf (body: Node list) : Layer seq = nodesOf body |> Seq.choose asLayer

    /// The layer that a body ends in, where it ends in one.
    let lastLayer (body: Node list) : Layer option =
        List.tryLast body |> Option.bind asLayer

    /// The node of a further output; None of any other.
    let asOutput (node: Node) : Output option =
        match node with
        | Node.Output o -> Some o
        | Node.Layer _
        | Node.Residual _
        | Node.Gate _
        | Node.Concat _ -> None

    /// The layer of weights that gives the scores, as they are or after layers without weights, such as a
    /// pool. None: the scores come out of a join.
    let head (network: Network) : Layer option =
        let isWeights (layer: Layer) =
            (Op.facts layer.Op).Family = Family.Weights

        List.rev network.Body
        |> List.filter (fun node -> (asOutput node).IsNone)
        |> List.map asLayer
        |> List.takeWhile Option.isSome
        |> List.choose id
        |> List.tryFind isWeights

    /// The residuals of a network in the order of the text.
    let residuals (network: Network) : Residual seq =
        nodes network
        |> Seq.choose (
            function
            | Node.Residual r -> Some r
            | Node.Layer _
            | Node.Gate _
            | Node.Concat _
            | Node.Output _ -> None
        )

    /// Residuals with a factor, each with the layer that its branch ends in.
    let scaledEnds (network: Network) : (Residual * Layer) seq =
        residuals network
        |> Seq.filter (fun r -> r.Scale.IsSome)
        |> Seq.choose (fun r -> lastLayer r.Branch |> Option.map (fun last -> r, last))

    /// All layers of a network in the order of the text.
    let layers (network: Network) = layersOf network.Body

    /// Output channels by the name of their layer.
    let channels (network: Network) : Map<string, int> =
        layers network |> Seq.map (fun l -> l.Name, l.Output.Channels) |> Map.ofSeq

    /// The same tree with every layer and every residual changed. What `residual` is given has its
    /// sides changed already.
    let map (layer: Layer -> Layer) (residual: Residual -> Residual) (network: Network) : Network =
        let rec visit node =
            let inner = Node.withBodies (Node.bodies node |> List.map (List.map visit)) node

            match inner with
            | Node.Layer l -> Node.Layer(layer l)
            | Node.Residual r -> Node.Residual(residual r)
            | Node.Gate _
            | Node.Concat _
            | Node.Output _ -> inner

        {
            network with
                Body = List.map visit network.Body
        }

    /// Whether training it draws random numbers: dropout, stochastic depth.
    let isRandom (network: Network) : bool =
        layers network |> Seq.exists (fun layer -> (Op.facts layer.Op).IsRandom)
        || residuals network |> Seq.exists (fun r -> r.Drop > 0.0)

    /// The shape that a body gives for an input.
    let outputOf (input: Shape) (body: Node list) : Shape =
        match List.tryLast body with
        | None -> input
        | Some node -> Node.output node

    /// The shape that a network gives: one value per class (or number), once or at each position.
    let output (network: Network) : Shape = outputOf network.Input network.Body

    /// The number of scores that a network gives for one image; those of its further outputs do not count.
    let scores (network: Network) : int = int (Shape.count (output network))

    /// The further outputs of a network with their shapes, in the order of the text.
    let outputs (network: Network) : (string * Shape) list =
        network.Body
        |> List.choose asOutput
        |> List.map (fun o -> o.Name, outputOf o.Input o.Body)

    /// Where the values of each output are among those that a network gives for one image, the scores first: the first, and how
    /// many.
    let columns (network: Network) : (int * int) list =
        let counts =
            scores network :: (outputs network |> List.map (snd >> Shape.count >> int))

        List.zip (counts |> List.scan (+) 0 |> List.truncate counts.Length) counts

    /// The number of values that a network gives for one image: its scores and then those of its further outputs.
    let values (network: Network) : int = columns network |> List.sumBy snd

    /// The values of one output after the other, the scores first, out of rows of what a network gives.
    let split (network: Network) (rows: 'T[]) : 'T[] list =
        match columns network with
        | [ _ ] -> [ rows ]
        | columns -> [
            for first, count in columns ->
                rows
                |> Array.chunkBySize (values network)
                |> Array.collect (fun row -> Array.sub row first count)
          ]

    /// The scores out of rows of what a network gives.
    let scoresOf (network: Network) (rows: 'T[]) : 'T[] = (split network rows).Head

    /// Whether it gives one value per class (or number), and not an image of them.
    let isClassifier (network: Network) : bool = Shape.area (output network) = 1L

    /// A node on another input, its layers and the inputs of its branches changed already: with the
    /// output that they give. None: the sides no longer fit together.
    let joined (input: Shape) (node: Node) : Node option =
        let output sides =
            Node.join node |> Option.bind (fun join -> join.Output sides)

        match node with
        | Node.Layer _ -> Some node
        | Node.Output o -> Some(Node.Output { o with Input = input })
        | Node.Residual r ->
            output [ outputOf input r.Branch; outputOf input r.Shortcut ]
            |> Option.map (fun shape -> Node.Residual { r with Output = shape })
        | Node.Gate g ->
            output [ input; outputOf input g.Body ]
            |> Option.map (fun shape -> Node.Gate { g with Output = shape })
        | Node.Concat c ->
            output [ for b in c.Branches -> outputOf b.Input b.Body ]
            |> Option.map (fun shape -> Node.Concat { c with Output = shape })

    /// All declarations of factors in the order of the text, by the name they are keyed by.
    let scales (network: Network) : (string * Scale) seq =
        nodes network
        |> Seq.choose (fun node ->
            Node.scale node
            |> Option.filter Scale.isDeclared
            |> Option.map (fun scale -> Node.name node, scale)
        )

    /// The layers that factors multiply, by the layer that declares them, in the order of the text: one
    /// layer, or all that share them.
    let carriers (network: Network) : Map<string, Layer list> =
        layers network
        |> Seq.choose (fun layer ->
            layer.Scale |> Option.map (fun scale -> Scale.ownerOf layer.Name scale, layer)
        )
        |> Seq.groupBy fst
        |> Seq.map (fun (owner, all) -> owner, all |> Seq.map snd |> List.ofSeq)
        |> Map.ofSeq
