namespace Sss.Core.Select

open Sss.Core

/// One side of a residual or one branch of a concatenation: its part and the value at its end.
[<Struct>]
type internal Side = { Part: int; End: int }

/// One operation between values. Values are numbered in the order in which they are made.
[<RequireQualifiedAccess>]
type internal Step =
    /// A layer that treats every channel separately: channel in, channel out.
    | Through of layer: Layer * input: int * output: int
    /// A layer that makes `each` channels of every channel, one after the other.
    | Spread of layer: Layer * each: int * input: int * output: int
    /// A layer whose output channels read all channels of their group.
    | Read of layer: Layer * reading: Reading * input: int * output: int
    /// A layer that keeps its channels, of which those of a group stay or are removed together.
    | Mix of layer: Layer * groups: int * input: int * output: int
    | Sum of residual: Residual * branch: Side * shortcut: Side * output: int
    | Join of concat: Concat * branches: Side[] * output: int

/// A network as a list of operations, each after those it reads from.
type internal DataFlow = {
    /// With the innermost part that each is in; 0 is the network's own body.
    Steps: struct (int * Step)[]
    /// By value.
    Shapes: Shape[]
    /// By part: the part around it; −1 for part 0.
    Parents: int[]
    /// The value that the network gives.
    Output: int
    /// Values that the nodes of the network's own body give, with the nodes.
    Trunk: (Node * int) list
    /// By name of a layer: the value it reads and the value it makes.
    Ports: System.Collections.Generic.Dictionary<string, struct (int * int)>
    /// By name: the parts of a residual (branch, shortcut) or of a concatenation.
    Sides: System.Collections.Generic.Dictionary<string, Side[]>
}

[<RequireQualifiedAccess>]
module internal DataFlow =

    /// The network's input.
    [<Literal>]
    let Input = 0

    /// The value that a step makes.
    let outputOf step =
        match step with
        | Step.Through(_, _, output)
        | Step.Spread(_, _, _, output)
        | Step.Read(_, _, _, output)
        | Step.Mix(_, _, _, output)
        | Step.Sum(_, _, _, output)
        | Step.Join(_, _, output) -> output

    let private stepOf (layer: Layer) input output : Step =
        match (Op.facts layer.Op).Coupling with
        | Coupling.Apart -> Step.Through(layer, input, output)
        | Coupling.Spread each -> Step.Spread(layer, each layer.Input, input, output)
        | Coupling.Reads reading -> Step.Read(layer, reading layer.Input, input, output)
        | Coupling.Mixes groups -> Step.Mix(layer, groups, input, output)

    /// Adds an item; its number.
    let private numbered (items: ResizeArray<'T>) (item: 'T) =
        items.Add item
        items.Count - 1

    /// Flattens the tree. Linear in the number of nodes.
    let ofNetwork (network: Network) : DataFlow =
        let steps = ResizeArray()
        let shapes = ResizeArray [ network.Input ]
        let parents = ResizeArray [ -1 ]
        let ports = System.Collections.Generic.Dictionary()
        let sides = System.Collections.Generic.Dictionary()

        let value (shape: Shape) = numbered shapes shape
        let part (parent: int) = numbered parents parent

        let rec body part input nodes =
            List.fold (fun input node -> visit part input node) input nodes

        and side parent input nodes =
            let part = part parent

            {
                Part = part
                End = body part input nodes
            }

        and visit part input node =
            match node with
            | Node.Layer layer ->
                let output = value layer.Output
                ports[layer.Name] <- struct (input, output)

                steps.Add(struct (part, stepOf layer input output))
                output
            | Node.Residual r ->
                let branch = side part input r.Branch
                let shortcut = side part input r.Shortcut
                let output = value r.Output
                sides[r.Name] <- [| branch; shortcut |]
                steps.Add(struct (part, Step.Sum(r, branch, shortcut, output)))
                output
            | Node.Concat c ->
                let branches = [| for b in c.Branches -> side part input b.Body |]
                let output = value c.Output
                sides[c.Name] <- branches
                steps.Add(struct (part, Step.Join(c, branches, output)))
                output

        let trunk, output =
            (Input, network.Body)
            ||> List.mapFold (fun input node ->
                let output = visit 0 input node
                (node, output), output
            )

        {
            Steps = steps.ToArray()
            Shapes = shapes.ToArray()
            Parents = parents.ToArray()
            Output = output
            Trunk = trunk
            Ports = ports
            Sides = sides
        }

    /// The layer of a step, with the value that it reads and the value that it makes.
    let layerOf step : struct (Layer * int * int) voption =
        match step with
        | Step.Through(layer, input, output)
        | Step.Spread(layer, _, input, output)
        | Step.Read(layer, _, input, output)
        | Step.Mix(layer, _, input, output) -> ValueSome(struct (layer, input, output))
        | Step.Sum _
        | Step.Join _ -> ValueNone

    /// Whether a part and all around it are still there.
    let rec exists (graph: DataFlow) (gone: bool[]) part =
        part < 0 || (not gone[part] && exists graph gone graph.Parents[part])
