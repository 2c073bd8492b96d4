namespace Sss.Core.Select

open System.Numerics
open Sss.Core

/// The numbers of the selected network: what stays is copied, factors and constants are folded in.
[<RequireQualifiedAccess>]
module internal Shrink =

    type private Room<'T> = {
        Weights: Weights<'T>
        At: string -> int -> float
        Sums: Sums
        Outline: Outline
    }

    /// The folded factor of every output channel of a layer; None where all are 1.
    let private factors room (layer: Layer) : float[] voption =
        let channels = layer.Output.Channels

        let own =
            match layer.Scale with
            | Some scale when room.Outline.Folded.Contains layer.Name ->
                let at = room.At $"{layer.Name}.factor"
                let each = channels / scale.Count
                fun o -> at (o / each)
            | _ -> fun _ -> 1.0

        let block =
            match Map.tryFind layer.Name room.Outline.Ends with
            | Some residual when room.Outline.Folded.Contains residual ->
                room.At $"{residual}.factor" 0
            | _ -> 1.0

        let all = Array.init channels (fun o -> own o * block)

        if Array.forall ((=) 1.0) all then
            ValueNone
        else
            ValueSome all

    /// What removed constant inputs contributed to every output channel; None where nothing was.
    let private contribution room (layer: Layer) (rows: bool[]) : float[] voption =
        match Map.tryFind layer.Name room.Outline.Intakes with
        | None -> ValueNone
        | Some(_, constants) ->
            let struct (groups, each, taps, _) = Forward.reading layer
            let eachOut = layer.Output.Channels / groups
            let weight = room.At $"{layer.Name}.weight"

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
                                let start = (o * each + j % each) * taps
                                sum <- sum + constant * Numbers.sumOf weight start taps

                        sum
                )
            )

    let private orZero (values: float[] voption) i =
        match values with
        | ValueSome values -> values[i]
        | ValueNone -> 0.0

    let private orOne (values: float[] voption) i =
        match values with
        | ValueSome values -> values[i]
        | ValueNone -> 1.0

    let private vector data : Tensor<'T> = {
        Shape = [ Array.length data ]
        Data = data
    }

    /// Weights and bias of `conv`, `dwconv` and `dense`: w·f, and (b + contribution)·f + shift.
    let private linear<'T when 'T :> INumberBase<'T>>
        (room: Room<'T>)
        (layer: Layer)
        (small: Layer)
        rows
        columns
        =
        let struct (groups, _, taps, _) =
            match layer.Op with
            // One row a channel, over its own input only.
            | Op.DepthwiseConv c -> struct (rows |> Array.length, 1, c.Kernel.H * c.Kernel.W, false)
            | _ -> Forward.reading layer

        let factors = factors room layer

        let taken =
            match Map.tryFind layer.Name room.Outline.Intakes with
            | Some(Intake.Mean _, _)
            | None -> ValueNone
            | Some _ -> contribution room layer rows

        let shift =
            match Map.tryFind layer.Name room.Sums.Shifts with
            | Some shift -> ValueSome shift
            | None -> ValueNone

        let old = Map.tryFind $"{layer.Name}.bias" room.Weights

        let bias =
            match old with
            | Some bias when factors.IsNone && taken.IsNone && shift.IsNone ->
                Some(Slices.channels rows ValueNone bias.Data)
            | None when taken.IsNone && shift.IsNone -> None
            | _ ->
                let data =
                    match old with
                    | Some bias -> bias.Data
                    | None -> Array.zeroCreate rows.Length

                let change o b =
                    (b + orZero taken o) * orOne factors o + orZero shift o

                Some(Slices.channels rows (ValueSome change) data)

        let weight = room.Weights[$"{layer.Name}.weight"]
        let data = Slices.weights groups taps rows columns factors weight.Data

        let shape =
            Parameters.ofLayer false small
            |> List.pick (fun p -> if p.Role = Weight then Some p.Shape else None)

        [
            $"{layer.Name}.weight",
            (if obj.ReferenceEquals(data, weight.Data) then
                 weight
             else
                 { Shape = shape; Data = data })

            match bias with
            | Some bias -> $"{layer.Name}.bias", vector bias
            | None -> ()
        ]

    /// Scale·f and shift·f + the constant of a side that went; the mean less what the layer in front
    /// no longer adds.
    let private norm<'T when 'T :> INumberBase<'T>>
        (room: Room<'T>)
        (layer: Layer)
        rows
        (before: float[] voption)
        =
        let factors = factors room layer

        let shift =
            match Map.tryFind layer.Name room.Sums.Shifts with
            | Some shift -> ValueSome shift
            | None -> ValueNone

        let array name change =
            let key = $"{layer.Name}.{name}"
            key, vector (Slices.channels rows change room.Weights[key].Data)

        [
            array "weight" (factors |> ValueOption.map (fun f -> fun o weight -> weight * f[o]))
            array
                "bias"
                (if factors.IsNone && shift.IsNone then
                     ValueNone
                 else
                     ValueSome(fun o bias -> bias * orOne factors o + orZero shift o))
            array "mean" (before |> ValueOption.map (fun taken -> fun o mean -> mean - taken[o]))
            array "var" ValueNone
        ]

    /// The weights of the outlined network. Arrays that do not change are shared with the old ones.
    let weights<'T when 'T :> INumberBase<'T>>
        (weights: Weights<'T>)
        (numbers: Numbers)
        (graph: Graph)
        (sums: Sums)
        (channels: Channels)
        (outline: Outline)
        : Weights<'T> =
        let room = {
            Weights = weights
            At = numbers.At |> Option.defaultValue (fun _ _ -> 0.0)
            Sums = sums
            Outline = outline
        }

        let small =
            Network.layers outline.Network |> Seq.map (fun l -> l.Name, l) |> Map.ofSeq

        let reads =
            Map.ofSeq (
                seq {
                    for struct (_, step) in graph.Steps do
                        match step with
                        | Step.Read(layer, _, output) ->
                            match Map.tryFind layer.Name outline.Intakes with
                            | Some(Intake.Mean bn, _) -> bn, (layer, channels.Kept[output])
                            | _ -> ()
                        | _ -> ()
                }
            )

        let arrays (layer: Layer) input output =
            let rows = channels.Kept[output]

            let kept = [
                match layer.Op with
                | Op.Conv _
                | Op.Dense _ -> yield! linear room layer small[layer.Name] rows channels.Kept[input]
                | Op.DepthwiseConv _ ->
                    yield! linear room layer small[layer.Name] rows (Array.create rows.Length true)
                | Op.BatchNorm _ ->
                    let before =
                        match Map.tryFind layer.Name reads with
                        | Some(reader, rows) -> contribution room reader rows
                        | None -> ValueNone

                    yield! norm room layer rows before
                | _ -> ()
            ]

            match layer.Scale with
            | Some scale when not (outline.Folded.Contains layer.Name) ->
                let each = rows.Length / scale.Count

                let left = rows |> Array.chunkBySize each |> Array.map (Array.contains true)

                let key = $"{layer.Name}.factor"
                (key, vector (Slices.channels left ValueNone weights[key].Data)) :: kept
            | _ -> kept

        Map.ofSeq (
            seq {
                for struct (part, step) in graph.Steps do
                    if Graph.exists graph channels.Gone part then
                        match step with
                        | Step.Through(layer, input, output)
                        | Step.Read(layer, input, output) -> yield! arrays layer input output
                        | Step.Sum(residual, branch, shortcut, _) when
                            residual.Scale.IsSome
                            && not channels.Gone[branch.Part]
                            && not channels.Gone[shortcut.Part]
                            && not (outline.Folded.Contains residual.Name)
                            ->
                            let key = $"{residual.Name}.factor"
                            key, weights[key]
                        | _ -> ()
            }
        )
