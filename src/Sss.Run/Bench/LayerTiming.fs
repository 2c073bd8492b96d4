namespace Sss.Torch

open System
open System.Diagnostics
open FsToolkit.ErrorHandling
open Sss.Core

/// Measures the layers of a network one by one.
[<RequireQualifiedAccess>]
module internal LayerTiming =

    /// Milliseconds that one width of a layer is measured for, at least.
    let private each = 8.0

    /// Calls of one width, at least.
    let private calls = 5

    /// The least time of several calls: whatever else the machine does only adds to it.
    let private least (served: ServedNetwork) : float =
        served.Call()
        served.Call()
        let clock = Stopwatch.StartNew()
        let mutable best = Race.time served.Call
        let mutable count = 1

        while count < calls || clock.Elapsed.TotalMilliseconds < each do
            best <- min best (Race.time served.Call)
            count <- count + 1

        best

    let private timeOf load (network: Network) : Result<float, PipelineError> =
        load network (Init.weights 1 network)
        |> Result.map (fun (served: ServedNetwork) ->
            try
                least served
            finally
                served.Close()
        )

    /// What a call costs that computes next to nothing.
    let emptyCall load =
        let shape = { Channels = 1; Height = 1; Width = 1 }

        timeOf load {
            Name = "empty"
            Input = shape
            Classes = 1
            OutputKind = OutputKind.Classes
            Body = [
                Node.Layer {
                    Name = "relu"
                    Op = Op.Activation Relu
                    Input = shape
                    Output = shape
                    Scale = None
                }
            ]
        }

    /// The times of one fused layer, at every width that it can have.
    let private timesOf
        load
        empty
        multiple
        (fused: FusedLayer)
        : Result<WidthTimes, PipelineError> =
        let inputs, outputs = FusedLayer.widths multiple fused

        inputs
        |> List.ofArray
        |> List.traverseResultM (fun ins ->
            outputs
            |> List.ofArray
            |> List.traverseResultM (fun outs ->
                match FusedLayer.atWidths fused ins outs with
                | Some network -> timeOf load network |> Result.map (fun t -> max 0.0 (t - empty))
                // A width that the layer cannot have costs what the next one does.
                | None -> Ok 0.0
            )
            |> Result.map Array.ofList
        )
        |> Result.map (fun rows ->
            LatencyModel.monotone {
                Layer = fused.First.Name
                Inputs = inputs
                Outputs = outputs
                Milliseconds = Array.ofList rows
            }
        )

    /// What two fused layers have in common that take the same time.
    let private form (fused: FusedLayer) =
        fused.First.Op, fused.First.Input, [ for layer in fused.Rest -> layer.Op ]

    /// Multiples of channels that engines compute in one go: 8 and 16 values are a vector of AVX2 and
    /// AVX-512.
    let private multiples = [ 1; 4; 8; 16 ]

    /// The largest layers by macs that have widths to choose between.
    let private widest (network: Network) =
        FusedLayer.ofNetwork network
        |> List.filter (fun fused ->
            let layer = fused.First

            (Op.facts layer.Op).Family = Family.Weights
            && min layer.Input.Channels layer.Output.Channels >= 32
        )
        |> List.sortByDescending (fun fused -> Cost.macs fused.First)
        |> List.distinctBy form
        |> List.truncate 3

    /// The multiple with which random widths, rounded up to it, take the least time. A smaller one is
    /// preferred where it is as fast within the noise.
    let multiple load (network: Network) : Result<int, PipelineError> =
        let widths all =
            [ 3; 7; 11; 13 ] |> List.map (fun sixteenth -> max 1 (sixteenth * all / 16 - 1))

        let timesWith multiple =
            widest network
            |> List.collect (fun fused ->
                let ins, outs = fused.First.Input.Channels, fused.First.Output.Channels

                List.zip (widths ins) (List.rev (widths outs))
                |> List.choose (fun (i, o) ->
                    FusedLayer.atWidths
                        fused
                        (FusedLayer.roundUp multiple ins i)
                        (FusedLayer.roundUp multiple outs o)
                )
            )
            |> List.traverseResultM (timeOf load)
            |> Result.map List.sum

        multiples
        |> List.traverseResultM (fun m -> timesWith m |> Result.map (fun time -> m, time))
        |> Result.map (fun found ->
            let best = found |> List.map snd |> List.min
            found |> List.find (fun (_, time) -> time <= 1.03 * best) |> fst
        )

    /// Every fused layer of a network as prediction runs it; those of one form are measured once.
    let layers load empty multiple (network: Network) : Result<WidthTimes list, PipelineError> =
        FusedLayer.ofNetwork network
        |> List.groupBy form
        |> List.traverseResultM (fun (_, alike) ->
            timesOf load empty multiple alike.Head
            |> Result.map (fun times ->
                alike |> List.map (fun fused -> { times with Layer = fused.First.Name })
            )
        )
        |> Result.map List.concat
