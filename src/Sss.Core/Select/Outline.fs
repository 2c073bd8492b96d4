namespace Sss.Select

open Sss

/// The selected network without its numbers, and what has to be done to the numbers.
type internal Outline = {
    Network: Network
    /// By `conv` or `dense`: where it takes up constants, and the constants by input channel (0 where
    /// there is nothing to take up).
    Intakes: Map<string, Intake * float[]>
    /// By owner: its factors are folded into weights.
    Folded: Set<string>
    /// By the last layer of a scaled branch: the residual whose factor is folded into it.
    Ends: Map<string, string>
}

/// Writes down the network that is left.
[<RequireQualifiedAccess>]
module internal Outline =

    let private count (kept: bool[]) =
        Array.sumBy (fun k -> if k then 1 else 0) kept

    let private bnBehind (network: Network) =
        let rec pairs body = [
            for node, following in List.pairwise body do
                match node, following with
                | Node.Layer layer, Node.Layer({ Op = Op.BatchNorm _ } as bn) -> layer.Name, bn.Name
                | _ -> ()

            for node in body do
                match node with
                | Node.Layer _ -> ()
                | Node.Residual r ->
                    yield! pairs r.Branch
                    yield! pairs r.Shortcut
                | Node.Concat c ->
                    for branch in c.Branches do
                        yield! pairs branch.Body
        ]

        Map.ofList (pairs network.Body)

    let private hasBias (layer: Layer) =
        match layer.Op with
        | Op.Conv { Bias = bias }
        | Op.DepthwiseConv { Bias = bias }
        | Op.Dense { Bias = bias } -> bias
        | _ -> false

    /// Constants that one layer has to take up, by input channel.
    let private constants numbers (states: float[]) (keptIn: bool[]) keptOut relied (layer: Layer) =
        let struct (groups, each, _, padded) = Forward.reading layer
        let eachOut = layer.Output.Channels / groups
        let zero = Numbers.zeroChannels numbers layer
        let taken = Array.zeroCreate<float> states.Length

        if not padded then
            for g in 0 .. groups - 1 do
                let matters =
                    Seq.exists
                        (fun o -> Array.get keptOut o && Array.get relied o && not zero[o])
                        (seq { g * eachOut .. (g + 1) * eachOut - 1 })

                if matters then
                    for j in g * each .. (g + 1) * each - 1 do
                        if not keptIn[j] && Known.isOther states[j] then
                            taken[j] <- states[j]

        if Array.exists (fun c -> c <> 0.0) taken then
            Some taken
        else
            None

    let private intakes
        numbers
        (graph: Graph)
        (states: float[][])
        (sums: Sums)
        (channels: Channels)
        bns
        =
        Map.ofSeq (
            seq {
                for struct (part, step) in graph.Steps do
                    match step with
                    | Step.Read(layer, input, output) when Graph.exists graph channels.Gone part ->
                        let taken =
                            constants
                                numbers
                                states[input]
                                channels.Kept[input]
                                channels.Kept[output]
                                sums.Relied[output]
                                layer

                        match taken, Map.tryFind layer.Name bns with
                        | None, _ -> ()
                        | Some taken, _ when hasBias layer -> layer.Name, (Intake.Bias, taken)
                        | Some taken, Some bn when layer.Scale.IsNone ->
                            layer.Name, (Intake.Mean bn, taken)
                        | Some taken, _ -> layer.Name, (Intake.NewBias, taken)
                    | _ -> ()
            }
        )

    /// Factors left of a declaration.
    let private rescale (keptOut: bool[]) (scale: Scale) =
        let each = keptOut.Length / scale.Count

        {
            scale with
                Count =
                    keptOut
                    |> Array.chunkBySize each
                    |> Array.filter (Array.contains true)
                    |> Array.length
        }

    /// The layer on the channels that are left.
    let private narrow
        (graph: Graph)
        (channels: Channels)
        intakes
        (shifts: Map<string, _>)
        (l: Layer)
        =
        let struct (input, output) = graph.Ports[l.Name]
        let keptOut = channels.Kept[output]
        let outs = count keptOut

        let bias =
            hasBias l
            || Map.containsKey l.Name shifts
            || (
                match Map.tryFind l.Name intakes with
                | Some(Intake.NewBias, _) -> true
                | _ -> false
            )

        let op =
            match l.Op with
            | Op.Conv c ->
                let groups =
                    keptOut
                    |> Array.chunkBySize (keptOut.Length / c.Groups)
                    |> Array.filter (Array.contains true)
                    |> Array.length

                Op.Conv {
                    c with
                        Out = outs
                        Groups = groups
                        Bias = bias
                }
            | Op.DepthwiseConv c -> Op.DepthwiseConv { c with Bias = bias }
            | Op.Dense _ -> Op.Dense { Out = outs; Bias = bias }
            | op -> op

        {
            l with
                Op = op
                Scale = l.Scale |> Option.map (rescale keptOut)
                Input = {
                    l.Input with
                        Channels = count channels.Kept[input]
                }
                Output = { l.Output with Channels = outs }
        }

    /// The tree without what goes; factors are still on it.
    let private rebuild (graph: Graph) (channels: Channels) narrow (network: Network) =
        let rec body input nodes =
            (([], input), nodes)
            ||> List.fold (fun (made, input) node ->
                let left = visit input node
                (List.rev left @ made, Network.outputOf input left)
            )
            |> fst
            |> List.rev

        and visit input node =
            match node with
            | Node.Layer layer -> [ Node.Layer(narrow layer) ]
            | Node.Residual r ->
                let sides = graph.Sides[r.Name]

                if channels.Gone[sides[0].Part] then
                    body input r.Shortcut
                elif channels.Gone[sides[1].Part] then
                    body input r.Branch
                else
                    let branch = body input r.Branch

                    [
                        Node.Residual {
                            r with
                                Branch = branch
                                Shortcut = body input r.Shortcut
                                Output = Network.outputOf input branch
                        }
                    ]
            | Node.Concat c ->
                let left = [
                    for branch, side in List.zip c.Branches (List.ofArray graph.Sides[c.Name]) do
                        if not channels.Gone[side.Part] then
                            {
                                branch with
                                    Body = body input branch.Body
                            }
                ]

                match left with
                | [ only ] -> only.Body
                | branches -> [
                    Node.Concat {
                        c with
                            Branches = branches
                            Output = {
                                c.Output with
                                    Channels =
                                        branches
                                        |> List.sumBy (fun b ->
                                            (Network.outputOf input b.Body).Channels
                                        )
                            }
                    }
                  ]

        {
            network with
                Body = body network.Input network.Body
        }

    /// Owners whose factors may stay where the language lets them stand. The others are folded.
    let private standing (network: Network) =
        let rec inBody isLast body = [
            for i, node in List.indexed body do
                let following = List.tryItem (i + 1) body
                let isOutput = isLast && following.IsNone

                match node with
                | Node.Layer { Scale = None } -> ()
                | Node.Layer({ Scale = Some scale } as layer) ->
                    match layer.Op, following with
                    | (Op.Conv _ | Op.DepthwiseConv _ | Op.Dense _),
                      Some(Node.Layer { Op = Op.BatchNorm _ }) -> ()
                    | _ when isOutput || (scale.Kind = Group && scale.Count < 2) -> ()
                    | _ -> layer.Name
                | Node.Residual r ->
                    if r.Scale.IsSome then
                        r.Name

                    yield! inBody false r.Branch
                    yield! inBody false r.Shortcut
                | Node.Concat c ->
                    for branch in c.Branches do
                        yield! inBody false branch.Body
        ]

        Set.ofList (inBody true network.Body)

    /// Residuals by the layer that ends their scaled branch, where that layer can take up a factor.
    let private ends (network: Network) =
        Network.nodes network
        |> Seq.choose (
            function
            | Node.Residual({ Scale = Some _ } as r) ->
                Backward.taker false r.Branch |> Option.map (fun last -> last, r.Name)
            | _ -> None
        )
        |> Map.ofSeq

    let private unscale folded (network: Network) =
        let keep owner scale =
            if Set.contains owner folded then None else scale

        let rec body nodes =
            nodes
            |> List.map (
                function
                | Node.Layer l -> Node.Layer { l with Scale = keep l.Name l.Scale }
                | Node.Residual r ->
                    Node.Residual {
                        r with
                            Scale = keep r.Name r.Scale
                            Branch = body r.Branch
                            Shortcut = body r.Shortcut
                    }
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

    /// The network that is left.
    let make keepFactors numbers graph states (sums: Sums) (channels: Channels) (network: Network) =
        let intakes = intakes numbers graph states sums channels (bnBehind network)

        let scaled =
            rebuild graph channels (narrow graph channels intakes sums.Shifts) network

        let ends = ends network

        let stays =
            if keepFactors then
                standing scaled
            else
                // A residual that ends in nothing that takes up a factor keeps it; checked networks
                // have none.
                Network.nodes scaled
                |> Seq.choose (
                    function
                    | Node.Residual({ Scale = Some _ } as r) when
                        (Backward.taker false r.Branch).IsNone
                        ->
                        Some r.Name
                    | _ -> None
                )
                |> Set.ofSeq

        let folded =
            Network.scales network
            |> Seq.map fst
            |> Seq.filter (fun o -> not (stays.Contains o))
            |> Set.ofSeq

        {
            Network = unscale folded scaled
            Intakes = intakes
            Folded = folded
            Ends = ends
        }
