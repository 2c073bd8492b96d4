namespace Sss.Core.Select

open Sss.Core

/// What the layers that read take up of constants that go.
[<RequireQualifiedAccess>]
module internal Intakes =

    /// By layer: the `bn` that follows it in the same body.
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

    /// By `conv` or `dense`: where it takes up constants, and the constants by input channel (0 where
    /// there is nothing to take up).
    let make
        numbers
        (graph: Graph)
        (states: float[][])
        (sums: Sums)
        (channels: Channels)
        (network: Network)
        : Map<string, Intake * float[]> =
        let bns = bnBehind network

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
                        | Some taken, _ when Op.hasBias layer.Op -> layer.Name, (Intake.Bias, taken)
                        | Some taken, Some bn when layer.Scale.IsNone ->
                            layer.Name, (Intake.Mean bn, taken)
                        | Some taken, _ -> layer.Name, (Intake.NewBias, taken)
                    | _ -> ()
            }
        )
