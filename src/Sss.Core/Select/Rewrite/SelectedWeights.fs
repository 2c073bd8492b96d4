namespace Sss.Core.Select

open System.Numerics
open Sss.Core

/// The numbers of the selected network: what stays is copied, factors and constants are folded in.
[<RequireQualifiedAccess>]
module internal SelectedWeights =

    type private Context<'T> = {
        Weights: Weights<'T>
        At: ArrayKey -> int -> float
        Sums: Sums
        Rewrite: NetworkRewrite
    }

    /// The folded factor of every output channel of a layer; None where all are 1.
    let private factors context (layer: Layer) : float[] voption =
        let channels = layer.Output.Channels

        let own =
            match layer.Scale with
            | Some scale when context.Rewrite.Folded.Contains(Scale.ownerOf layer.Name scale) ->
                let at = context.At(Parameters.factorKey layer scale)
                let each = channels / scale.Count
                fun o -> at (o / each)
            | Some _
            | None -> fun _ -> 1.0

        let block =
            match Map.tryFind layer.Name context.Rewrite.Ends with
            | Some residual when context.Rewrite.Folded.Contains residual ->
                context.At (ArrayKey.make ArrayPart.Factor residual) 0
            | Some _
            | None -> 1.0

        let all = Array.init channels (fun o -> own o * block)

        if Array.forall ((=) 1.0) all then
            ValueNone
        else
            ValueSome all

    /// What removed constant inputs contributed, by the weights `part`, to every output channel; None
    /// where nothing was.
    let private contribution
        context
        (layer: Layer)
        (reading: Reading)
        (rows: bool[])
        part
        : float[] voption =
        match Map.tryFind layer.Name context.Rewrite.FoldedConstants with
        | None -> ValueNone
        | Some(_, constants) ->
            let each = layer.Input.Channels / reading.Groups
            let eachOut = layer.Output.Channels / reading.Groups
            let weight = context.At(ArrayKey.make part layer.Name)

            let others =
                constants
                |> Array.indexed
                |> Array.filter (fun (_, constant) -> constant <> 0.0)

            ValueSome(
                rows
                |> Array.mapi (fun o isKept ->
                    if not isKept then
                        0.0
                    else
                        let mutable sum = 0.0

                        for j, constant in others do
                            if j / each = o / eachOut then
                                let start = (o * each + j % each) * reading.Taps
                                sum <- sum + constant * OpFacts.sumOf weight start reading.Taps

                        sum
                )
            )

    let private vector data : Tensor<'T> = {
        Shape = [ Array.length data ]
        Data = data
    }

    /// The arrays of a layer; a bias that it is given starts from 0.
    let private ofLayer<'T when 'T :> INumberBase<'T>>
        (context: Context<'T>)
        (layer: Layer)
        (small: Layer)
        change
        = [
        for spec in Op.arrays small.Op small.Input do
            let key = ArrayKey.make spec.Part layer.Name

            match Map.tryFind key context.Weights with
            | Some old ->
                let data = ArrayChange.sliced change spec old.Data

                key,
                (if obj.ReferenceEquals(data, old.Data) then
                     old
                 else
                     { Shape = spec.Shape; Data = data })
            | None ->
                let none = Array.create change.Rows.Length 'T.Zero
                key, vector (ArrayChange.sliced change spec none)
    ]

    /// By `bn`: what the layer in front no longer adds to its input.
    let private meansBefore context (graph: DataFlow) (channels: Channels) =
        Map.ofSeq (
            seq {
                for struct (_, step) in graph.Steps do
                    match step with
                    | Step.Read(layer, reading, _, output) ->
                        match Map.tryFind layer.Name context.Rewrite.FoldedConstants with
                        | Some(FoldedInto.Mean bn, _) ->
                            let rows = channels.Kept[output]
                            bn, contribution context layer reading rows ArrayPart.Weight
                        | Some(FoldedInto.Bias, _)
                        | Some(FoldedInto.NewBias, _)
                        | None -> ()
                    | Step.Through _
                    | Step.Move _
                    | Step.Mix _
                    | Step.Part _
                    | Step.Join _ -> ()
            }
        )

    let private changeOf context (channels: Channels) before (layer: Layer) reading input output =
        let rows = channels.Kept[output]

        {
            Rows = rows
            Columns = channels.Kept[input]
            Reading = reading
            Factors = factors context layer
            Taken =
                match reading, Map.tryFind layer.Name context.Rewrite.FoldedConstants with
                | ValueSome reading, Some((FoldedInto.Bias | FoldedInto.NewBias), _) ->
                    contribution context layer reading rows
                | ValueSome _, Some(FoldedInto.Mean _, _)
                | ValueSome _, None
                | ValueNone, _ -> fun _ -> ValueNone
            Shift =
                match Map.tryFind layer.Name context.Sums.Shifts with
                | Some shift -> ValueSome shift
                | None -> ValueNone
            Before = Map.tryFind layer.Name before |> Option.defaultValue ValueNone
        }

    /// The factors that a layer keeps and declares.
    let private keptFactors context (layer: Layer) (rows: bool[]) =
        match layer.Scale with
        | None -> []
        | Some scale ->
            let owner = Scale.ownerOf layer.Name scale

            let declaredBy =
                match Map.tryFind owner context.Rewrite.Shared with
                | Some(declares, _) -> declares
                | None -> owner

            if context.Rewrite.Folded.Contains owner || declaredBy <> layer.Name then
                []
            else
                let each = rows.Length / scale.Count
                let left = rows |> Array.chunkBySize each |> Array.map (Array.contains true)
                let before = context.Weights[Parameters.factorKey layer scale].Data

                [
                    ArrayKey.make ArrayPart.Factor layer.Name,
                    vector (Slices.channels left ValueNone before)
                ]

    /// The weights of the smaller network. Arrays that do not change are shared with the old ones.
    let weights<'T when 'T :> INumberBase<'T>>
        (weights: Weights<'T>)
        (numbers: WeightReader)
        (graph: DataFlow)
        (sums: Sums)
        (channels: Channels)
        (rewrite: NetworkRewrite)
        : Weights<'T> =
        let context = {
            Weights = weights
            At = numbers.At |> Option.defaultValue (fun _ _ -> 0.0)
            Sums = sums
            Rewrite = rewrite
        }

        let small =
            Network.layers rewrite.Network |> Seq.map (fun l -> l.Name, l) |> Map.ofSeq

        let before = meansBefore context graph channels

        let arrays (layer: Layer) reading input output =
            let change = changeOf context channels before layer reading input output

            keptFactors context layer change.Rows
            @ ofLayer context layer small[layer.Name] change

        Map.ofSeq (
            seq {
                for struct (part, step) in graph.Steps do
                    if DataFlow.exists graph channels.Gone part then
                        match step with
                        | Step.Through(layer, input, output)
                        | Step.Move(layer, _, input, output)
                        | Step.Mix(layer, _, input, output) ->
                            yield! arrays layer ValueNone input output
                        | Step.Read(layer, reading, input, output) ->
                            yield! arrays layer (ValueSome reading) input output
                        | Step.Join(Node.Residual residual, _, sides, _) when
                            residual.Scale.IsSome
                            && sides |> Array.forall (fun side -> not channels.Gone[side.Part])
                            && not (rewrite.Folded.Contains residual.Name)
                            ->
                            let key = ArrayKey.make ArrayPart.Factor residual.Name
                            key, weights[key]
                        | Step.Part _
                        | Step.Join _ -> ()
            }
        )
