namespace Sss.Torch

open System
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

    /// Networks of random widths that the model is fitted to, besides the dense one.
    let private networks = 12

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

    /// The times of networks, which run in turn: the lower quartiles, since the timer of a virtual machine, which interrupts
    /// some of the calls, would make medians jump.
    let private race load seconds (networks: (Network * Weights<float32>) list) =
        result {
            let! served = networks |> List.traverseResultM (fun (n, w) -> load n w)

            try
                return
                    served
                    |> List.map (fun (network: ServedNetwork) -> network.Call)
                    |> Race.run seconds
                    |> List.map _.Low
            finally
                for network in served do
                    network.Close()
        }

    /// The times of whole networks beside what their layers take alone.
    let private samples load multiple layers (all: (Network * Weights<float32>) list) =
        let sum = LatencyModel.layerSum multiple layers
        let weights = LatencyModel.weights multiple layers

        race load 2.0 all
        |> Result.map (
            List.map2
                (fun (network, _) measured -> {
                    Layers = sum network
                    Joined = float (FusedLayer.joined network)
                    Weights = weights network
                    Measured = measured
                })
                all
        )

    /// How networks are loaded for the options' calls.
    let private loader (libTorch: LibTorch) (options: ProfileOptions) =
        if options.Engine = ServingEngine.LibTorch then
            LibTorch.useThreads libTorch options.Threads

        ServingEngine.load libTorch options.Engine options.Threads options.Batch

    /// The text that a profile is for: the network without factors, which change no time.
    let text (network: Network) : string = Language.print (Uniform.plain network)

    /// The times of networks in the engine, side by side, measured for so many seconds.
    let measure
        (libTorch: LibTorch)
        (options: ProfileOptions)
        (seconds: float)
        (networks: (Network * Weights<float32>) list)
        : Result<float list, PipelineError> =
        networks
        |> List.map (fun (n, w) -> ServingEngine.folded n w)
        |> race (loader libTorch options) seconds

    let private once (libTorch: LibTorch) (options: ProfileOptions) (network: Network) =
        result {
            let load = loader libTorch options
            let dense = ServingEngine.folded network (Init.weights 1 network)
            let! empty = LayerTiming.emptyCall load
            let! multiple = LayerTiming.multiple load (fst dense)
            let! layers = LayerTiming.layers load empty multiple (fst dense)
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
                Factor = None
            }
        }

    /// The error of whole networks beyond which the machine was disturbed while it was measured.
    let private tooFar = 0.15

    /// Measurements of a machine that is disturbed again and again; the best of them counts.
    let private attempts = 3

    /// Measures a network on this machine.
    let run
        (libTorch: LibTorch)
        (options: ProfileOptions)
        (network: Network)
        : Result<LatencyProfile, PipelineError> =
        let rec attempt left (before: LatencyProfile list) =
            once libTorch options network
            |> Result.bind (fun profile ->
                let all = profile :: before

                if profile.WorstError <= tooFar || left <= 1 then
                    Ok(all |> List.minBy _.WorstError)
                else
                    attempt (left - 1) all
            )

        attempt attempts []
