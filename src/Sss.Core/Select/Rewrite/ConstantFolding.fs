namespace Sss.Core.Select

open Sss.Core

/// What the layers that read take up of constants that go.
[<RequireQualifiedAccess>]
module internal ConstantFolding =

    /// By layer: the `bn` that follows it in the same body, whose running mean can take up a constant.
    let private normAfter (network: Network) =
        let rec pairs body = [
            for node, following in List.pairwise body do
                match node, following with
                | Node.Layer layer, Node.Layer norm when Op.usesBatch norm.Op norm.Input ->
                    layer.Name, norm.Name
                | Node.Layer _, _
                | Node.Residual _, _
                | Node.Gate _, _
                | Node.Concat _, _
                | Node.Output _, _ -> ()

            for node in body do
                yield! List.collect pairs (Node.bodies node)
        ]

        Map.ofList (pairs network.Body)

    /// Constants that one layer has to take up, by input channel.
    let private constants
        numbers
        (states: Known[])
        (keptIn: bool[])
        keptOut
        needed
        (layer: Layer)
        (reading: Reading)
        =
        let groups = reading.Groups
        let each = layer.Input.Channels / groups
        let eachOut = layer.Output.Channels / groups
        let zero = WeightReader.zeroChannels numbers layer
        let taken = Array.zeroCreate<float> states.Length

        if not reading.IsPadded then
            for g in 0 .. groups - 1 do
                let matters =
                    Seq.exists
                        (fun o -> Array.get keptOut o && Array.get needed o && not zero[o])
                        (seq { g * eachOut .. (g + 1) * eachOut - 1 })

                if matters then
                    for j in g * each .. (g + 1) * each - 1 do
                        if not keptIn[j] && Known.isOther states[j] then
                            taken[j] <- Known.value states[j]

        if Array.exists (fun c -> c <> 0.0) taken then
            Some taken
        else
            None

    /// By `conv` or `dense`: where it takes up constants, and the constants by input channel (0 where
    /// there is nothing to take up).
    let make
        numbers
        (graph: DataFlow)
        (states: Known[][])
        (sums: Sums)
        (channels: Channels)
        (network: Network)
        : Map<string, FoldedInto * float[]> =
        let bns = normAfter network

        Map.ofSeq (
            seq {
                for struct (part, step) in graph.Steps do
                    match step with
                    | Step.Read(layer, reading, input, output) when
                        DataFlow.exists graph channels.Gone part
                        ->
                        let taken =
                            constants
                                numbers
                                states[input]
                                channels.Kept[input]
                                channels.Kept[output]
                                sums.Needed[output]
                                layer
                                reading

                        match taken, Map.tryFind layer.Name bns with
                        | None, _ -> ()
                        | Some taken, _ when Op.hasBias layer.Op ->
                            layer.Name, (FoldedInto.Bias, taken)
                        | Some taken, Some bn when layer.Scale.IsNone ->
                            layer.Name, (FoldedInto.Mean bn, taken)
                        | Some taken, _ -> layer.Name, (FoldedInto.NewBias, taken)
                    | Step.Read _
                    | Step.Through _
                    | Step.Move _
                    | Step.Mix _
                    | Step.Part _
                    | Step.Join _ -> ()
            }
        )
