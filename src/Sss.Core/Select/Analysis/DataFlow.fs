namespace Sss.Core.Select

open Sss.Core

/// One side of a join: its part, the value that it reads and the value at its end.
[<Struct>]
type internal Side = { Part: int; Start: int; End: int }

/// One operation between values. Values are numbered in the order in which they are made.
[<RequireQualifiedAccess>]
type internal Step =
    /// A layer that treats every channel separately: channel in, channel out.
    | Through of layer: Layer * input: int * output: int
    /// A layer whose output channel o is the input channel source[o].
    | Move of layer: Layer * source: int[] * input: int * output: int
    /// A layer whose output channels read all channels of their group.
    | Read of layer: Layer * reading: Reading * input: int * output: int
    /// A layer that keeps its channels, of which those of a group stay or are removed together.
    | Mix of layer: Layer * groups: int * input: int * output: int
    /// Channels from `first` on: what a branch of a split reads.
    | Part of branch: string * first: int * input: int * output: int
    /// Several values as one. The node is the one that ends in the join.
    | Join of node: Node * facts: JoinFacts * sides: Side[] * output: int

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
    /// By name: the sides of a residual (branch, shortcut), of a gate (its input, its body) or of a
    /// concatenation.
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
        | Step.Move(_, _, _, output)
        | Step.Read(_, _, _, output)
        | Step.Mix(_, _, _, output)
        | Step.Part(_, _, _, output)
        | Step.Join(_, _, _, output) -> output

    let private stepOf (layer: Layer) input output : Step =
        match (Op.facts layer.Op).Coupling with
        | Coupling.Apart -> Step.Through(layer, input, output)
        | Coupling.Moves source -> Step.Move(layer, source layer.Input, input, output)
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
                Start = input
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
                join part node [| side part input r.Branch; side part input r.Shortcut |]
            | Node.Gate g ->
                // What is gated is no part of its own.
                let gated = {
                    Part = part
                    Start = input
                    End = input
                }

                join part node [| gated; side part input g.Body |]
            | Node.Concat {
                              Reads = Reads.All
                              Branches = branches
                          } -> join part node [| for b in branches -> side part input b.Body |]
            | Node.Concat {
                              Name = name
                              Reads = Reads.Parts
                              Branches = branches
                          } ->
                let first = branches |> List.scan (fun first b -> first + b.Input.Channels) 0

                join part node [|
                    for b, first in Seq.zip branches first ->
                        slice part input (name + "." + b.Name) first b
                |]

        and slice parent input name first branch =
            let part = part parent
            let own = value branch.Input
            steps.Add(struct (part, Step.Part(name, first, input, own)))

            {
                Part = part
                Start = own
                End = body part own branch.Body
            }

        and join part node joining =
            match Node.join node with
            | None -> joining[0].End
            | Some facts ->
                let output = value (Node.output node)
                sides[Node.name node] <- joining
                steps.Add(struct (part, Step.Join(node, facts, joining, output)))
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
        | Step.Move(layer, _, input, output)
        | Step.Read(layer, _, input, output)
        | Step.Mix(layer, _, input, output) -> ValueSome(struct (layer, input, output))
        | Step.Part _
        | Step.Join _ -> ValueNone

    /// The residual of a step, where it is a sum.
    let residualOf step : struct (Residual * Side * Side * int) voption =
        match step with
        | Step.Join(Node.Residual residual, _, sides, output) ->
            ValueSome(struct (residual, sides[0], sides[1], output))
        | Step.Join((Node.Layer _ | Node.Gate _ | Node.Concat _), _, _, _)
        | Step.Through _
        | Step.Move _
        | Step.Read _
        | Step.Mix _
        | Step.Part _ -> ValueNone

    /// The concatenation of a step, where it is one.
    let concatOf step : struct (Concat * Side[] * int) voption =
        match step with
        | Step.Join(Node.Concat concat, _, sides, output) ->
            ValueSome(struct (concat, sides, output))
        | Step.Join((Node.Layer _ | Node.Gate _ | Node.Residual _), _, _, _)
        | Step.Through _
        | Step.Move _
        | Step.Read _
        | Step.Mix _
        | Step.Part _ -> ValueNone

    /// The stretch of a value that one side of a join in order makes: first channel and side.
    let stretches (graph: DataFlow) (sides: Side[]) : struct (int * Side)[] =
        let first =
            sides
            |> Array.scan (fun first side -> first + graph.Shapes[side.End].Channels) 0

        Array.mapi (fun i side -> struct (first[i], side)) sides

    /// Whether a part and all around it are still there.
    let rec exists (graph: DataFlow) (gone: bool[]) part =
        part < 0 || (not gone[part] && exists graph gone graph.Parents[part])
