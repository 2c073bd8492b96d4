namespace Sss.Core.Select

open System.Collections.Generic
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
    /// The values that the network gives: its scores, then its further outputs in the order of the text.
    Outputs: int list
    /// Values that the nodes of the network's own body give, with the nodes; of a further output what its body gives.
    Trunk: (Node * int) list
    /// By name of a layer: the value it reads and the value it makes.
    Ports: Dictionary<string, struct (int * int)>
    /// By name: the sides of a residual (branch, shortcut), of a gate (its input, its body) or of a
    /// concatenation.
    Sides: Dictionary<string, Side[]>
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

    /// What has been flattened so far.
    type private Building = {
        Steps: ResizeArray<struct (int * Step)>
        Shapes: ResizeArray<Shape>
        Parents: ResizeArray<int>
        Ports: Dictionary<string, struct (int * int)>
        Sides: Dictionary<string, Side[]>
        Further: ResizeArray<int>
    }

    /// Adds an item; its number.
    let private numbered (items: ResizeArray<'T>) (item: 'T) =
        items.Add item
        items.Count - 1

    let private value (b: Building) (shape: Shape) = numbered b.Shapes shape

    let private join (b: Building) part node (joining: Side[]) : int =
        match Node.join node with
        | None -> joining[0].End
        | Some facts ->
            let output = value b (Node.output node)
            b.Sides[Node.name node] <- joining
            b.Steps.Add(struct (part, Step.Join(node, facts, joining, output)))
            output

    /// Flattens a node of a part; the number of its output.
    let rec private visit (b: Building) part input node : int =
        match node with
        | Node.Layer layer ->
            let output = value b layer.Output
            b.Ports[layer.Name] <- struct (input, output)
            b.Steps.Add(struct (part, stepOf layer input output))
            output
        | Node.Residual r ->
            join b part node [| side b part input r.Branch; side b part input r.Shortcut |]
        | Node.Gate g ->
            // What is gated is no part of its own.
            let gated = {
                Part = part
                Start = input
                End = input
            }

            join b part node [| gated; side b part input g.Body |]
        | Node.Output o ->
            b.Further.Add(body b part input o.Body)
            input
        | Node.Concat {
                          Reads = Reads.All
                          Branches = branches
                      } -> join b part node [| for x in branches -> side b part input x.Body |]
        | Node.Concat {
                          Name = name
                          Reads = Reads.Parts
                          Branches = branches
                      } ->
            let first = branches |> List.scan (fun first x -> first + x.Input.Channels) 0

            join b part node [|
                for x, first in Seq.zip branches first ->
                    slice b part input (name + "." + x.Name) first x
            |]

    and private body b part input nodes =
        List.fold (fun input node -> visit b part input node) input nodes

    and private side b parent input nodes : Side =
        let part = numbered b.Parents parent

        {
            Part = part
            Start = input
            End = body b part input nodes
        }

    /// The side of a split that reads its own part of the channels.
    and private slice b parent input name first (branch: Branch) : Side =
        let part = numbered b.Parents parent
        let own = value b branch.Input
        b.Steps.Add(struct (part, Step.Part(name, first, input, own)))

        {
            Part = part
            Start = own
            End = body b part own branch.Body
        }

    /// Flattens the tree. Linear in the number of nodes.
    let ofNetwork (network: Network) : DataFlow =
        let b = {
            Steps = ResizeArray()
            Shapes = ResizeArray [ network.Input ]
            Parents = ResizeArray [ -1 ]
            Ports = Dictionary()
            Sides = Dictionary()
            Further = ResizeArray()
        }

        let trunk, output =
            (Input, network.Body)
            ||> List.mapFold (fun input node ->
                let output = visit b 0 input node

                match node with
                | Node.Output _ -> (node, b.Further[b.Further.Count - 1]), output
                | Node.Layer _
                | Node.Residual _
                | Node.Gate _
                | Node.Concat _ -> (node, output), output
            )

        {
            Steps = b.Steps.ToArray()
            Shapes = b.Shapes.ToArray()
            Parents = b.Parents.ToArray()
            Outputs = output :: List.ofSeq b.Further
            Trunk = trunk
            Ports = b.Ports
            Sides = b.Sides
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
        | Step.Join((Node.Layer _ | Node.Gate _ | Node.Concat _ | Node.Output _), _, _, _)
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
        | Step.Join((Node.Layer _ | Node.Gate _ | Node.Residual _ | Node.Output _), _, _, _)
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
