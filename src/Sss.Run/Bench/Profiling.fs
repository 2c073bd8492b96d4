namespace Sss.Torch

open System
open System.Diagnostics
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl

/// How a profile is measured.
type ProfileOptions = {
    Engine: ServingEngine
    Threads: int
    /// Images of one call.
    Batch: int
}

/// Measures the times of a network's layers, and fits a model of whole networks to them.
[<RequireQualifiedAccess>]
module Profiling =

    /// Milliseconds that one width of a layer is measured for, at least.
    let private each = 8.0

    /// Calls of one width, at least.
    let private calls = 5

    /// Networks of random widths that the model is fitted to, besides the dense one.
    let private networks = 12

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
    let private emptyCall load =
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
    let private multiple load (network: Network) : Result<int, PipelineError> =
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
    let private layers
        load
        empty
        multiple
        (network: Network)
        : Result<WidthTimes list, PipelineError> =
        FusedLayer.ofNetwork network
        |> List.groupBy form
        |> List.traverseResultM (fun (_, alike) ->
            timesOf load empty multiple alike.Head
            |> Result.map (fun times ->
                alike |> List.map (fun fused -> { times with Layer = fused.First.Name })
            )
        )
        |> Result.map List.concat

    /// Weights of which a random part of every array of factors is 0.
    let private thinned seed (network: Network) : Weights<float32> =
        let zero (rng: Rng) (factors: Tensor<float32>) =
            let struct (kept, rng) = Rng.uniform 0.2 1.0 rng

            let struct (data, rng) =
                Rng.many
                    (fun rng ->
                        let struct (stays, rng) = Rng.chance kept rng
                        struct ((if stays then 1.0f else 0.0f), rng)
                    )
                    factors.Data.Length
                    rng

            { factors with Data = data }, rng

        let weights = Init.weights 1 network

        ((weights, Rng.create seed), Parameters.factors network)
        ||> Seq.fold (fun (weights, rng) factor ->
            let array, rng = zero rng weights[factor.Key]
            Map.add factor.Key array weights, rng
        )
        |> fst

    /// Networks that selection may make of this one, folded as for prediction. Random patterns that leave no network are passed over.
    let private examples multiple (network: Network) =
        let options = {
            Selection.defaults with
                Round = multiple
        }

        let selected =
            Seq.initInfinite (fun seed -> thinned (seed + 1) network)
            |> Seq.truncate (4 * networks)
            |> Seq.choose (fun weights ->
                match Selection.select options network weights with
                | Ok selected -> Some(ServingEngine.folded selected.Network selected.Weights)
                | Error _ -> None
            )
            |> Seq.truncate networks

        if Seq.isEmpty (Network.scales network) then
            []
        else
            List.ofSeq selected

    /// The times of whole networks beside what their layers take alone.
    let private samples load multiple layers (all: (Network * Weights<float32>) list) =
        result {
            let! served = all |> List.traverseResultM (fun (n, w) -> load n w)

            try
                let spreads = served |> List.map _.Call |> Race.run 2.0
                let sum = LatencyModel.layerSum multiple layers

                return
                    List.map2
                        (fun (network, _) (spread: Spread) -> {
                            Layers = sum network
                            Joined = float (FusedLayer.joined network)
                            Measured = spread.Median
                        })
                        all
                        spreads
            finally
                for network in served do
                    network.Close()
        }

    /// The text that a profile is for: the network without factors, which change no time.
    let text (network: Network) : string = Language.print (Uniform.plain network)

    /// The time of one network in the engine, and of another beside it.
    let measure
        (libTorch: LibTorch)
        (options: ProfileOptions)
        (pair: (Network * Weights<float32>) list)
        : Result<float list, PipelineError> =
        result {
            if options.Engine = ServingEngine.LibTorch then
                LibTorch.useThreads libTorch options.Threads

            let load (n, w) =
                let network, weights = ServingEngine.folded n w

                ServingEngine.load
                    libTorch
                    options.Engine
                    options.Threads
                    options.Batch
                    network
                    weights

            let! served = pair |> List.traverseResultM load

            try
                return
                    served
                    |> List.map _.Call
                    |> Race.run 2.0
                    |> List.map (fun spread -> spread.Median)
            finally
                for network in served do
                    network.Close()
        }

    /// Measures a network on this machine.
    let run
        (libTorch: LibTorch)
        (options: ProfileOptions)
        (network: Network)
        : Result<LatencyProfile, PipelineError> =
        result {
            if options.Engine = ServingEngine.LibTorch then
                LibTorch.useThreads libTorch options.Threads

            let load = ServingEngine.load libTorch options.Engine options.Threads options.Batch

            let dense = ServingEngine.folded network (Init.weights 1 network)
            let! empty = emptyCall load
            let! multiple = multiple load (fst dense)
            let! layers = layers load empty multiple (fst dense)
            let! samples = samples load multiple layers (dense :: examples multiple network)
            let model = LatencyFit.fit multiple layers samples
            let errors = LatencyFit.errors model samples |> List.sort

            return {
                Machine = Machine.name ()
                Engine = ServingEngine.name options.Engine
                Threads = options.Threads
                Batch = options.Batch
                Network = text network
                Model = model
                Dense = samples.Head.Measured
                MedianError = errors[errors.Length / 2]
                WorstError = List.last errors
            }
        }
