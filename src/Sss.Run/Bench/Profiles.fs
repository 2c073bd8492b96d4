namespace Sss.Torch

open System.Collections.Generic
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Dsl
open Sss.Files

/// Profiles and the networks that they are for.
[<RequireQualifiedAccess>]
module Profiles =

    /// A text without the network's name, which changes no time.
    let private unnamed (text: string) =
        text.Substring(max 0 (text.IndexOf '{'))

    /// The first layer of a network that a profile has no times of, as prediction runs it.
    let private missing (profile: LatencyProfile) (network: Network) : string option =
        let timed = profile.Model.Layers |> List.map _.Layer |> Set.ofList

        ServingEngine.folded network (Init.weights 1 network)
        |> fst
        |> FusedLayer.ofNetwork
        |> List.map _.First.Name
        |> List.tryFind (timed.Contains >> not)

    /// Reads a profile. It must be of this network, whatever name and factors that has.
    let read (path: string) (network: Network) : Result<LatencyProfile, PipelineError> =
        result {
            let! profile = ProfileFile.read path |> Result.mapError BadFile

            do!
                if unnamed profile.Network <> unnamed (Profiling.text network) then
                    Error(ProfileOfOther(path, network.Name))
                elif (ServingEngine.tryParse profile.Engine).IsNone then
                    Error(ProfileEngine(path, profile.Engine))
                else
                    match missing profile network with
                    | Some layer -> Error(ProfileLacks(path, layer))
                    | None -> Ok()

            return profile
        }

    /// How a profile was measured.
    let options (profile: LatencyProfile) : ProfileOptions = {
        Engine =
            ServingEngine.tryParse profile.Engine
            |> Option.defaultValue ServingEngine.OnnxRuntime
        Threads = profile.Threads
        Batch = profile.Batch
    }

    /// Where the time counts, channels are rounded up to what the engine is fast with, unless the options say otherwise.
    let rounded (profile: LatencyProfile) (options: SelectOptions) : SelectOptions =
        if options.Round = 1 then
            {
                options with
                    Round = profile.Model.Multiple
            }
        else
            options

    /// How much faster or slower the machine is than at the time of the profile, as far as a limit is concerned. Where
    /// that is a part of the dense network's time, both networks are measured side by side, since a machine is not
    /// equally fast at all times; what was predicted then counts for the machine as it is now.
    let private speed (profile: LatencyProfile) (limit: LatencyLimit) (dense: float) : float =
        match limit with
        | LatencyLimit.Milliseconds _ -> 1.0
        | LatencyLimit.OfDense _ -> dense / profile.Dense

    /// Seconds that a network is measured for while another trains, besides the start.
    let private briefly = 0.3

    /// Times that a network is measured at first, and in all.
    let private atFirst, often = 3, 6

    /// What `LatencyMeasure.Measure` does. A network is measured whenever it is asked for, up to a number of times, and the
    /// median counts: a single measurement may be far off, where something else runs for a moment. `select`: how the trained
    /// network will be selected.
    let whileTraining
        (libTorch: LibTorch)
        (profile: LatencyProfile)
        (limit: LatencyLimit)
        (select: SelectOptions)
        (dense: Network)
        : Network -> Weights<float32> -> float option =
        let known = Dictionary<string, float list>()
        let whole = dense, Init.weights 1 dense

        let measured (selected: Selected<float32>) =
            match
                Profiling.measure (LibTorch.onCpu libTorch) (options profile) briefly [
                    whole
                    selected.Network, selected.Weights
                ]
            with
            | Ok [ full; time ] -> Some(time / max 1e-9 (speed profile limit full))
            | Ok _
            | Error _ -> None

        fun network weights ->
            match Selection.select select network weights with
            | Error _ -> None
            | Ok selected ->
                let text = Language.print selected.Network

                let before =
                    match known.TryGetValue text with
                    | true, times -> times
                    | false, _ -> []

                let more =
                    if before.IsEmpty then atFirst
                    elif before.Length < often then 1
                    else 0

                let times =
                    List.init more (fun _ -> measured selected)
                    |> List.choose id
                    |> List.append before

                known[text] <- times

                if times.IsEmpty then
                    None
                else
                    Some((Spread.ofTimes (Array.ofList times)).Median)

    /// The selected network's time beside the target: predicted, and measured where the profile is of
    /// this machine. What was measured while it trained counts as the prediction.
    let outcome
        (libTorch: LibTorch)
        (profile: LatencyProfile)
        (limit: LatencyLimit)
        (known: LatencyTry option)
        (dense: Network)
        (selected: Network * Weights<float32>)
        : Result<RunLatency, PipelineError> =
        result {
            let! times =
                if profile.Machine = Machine.name () then
                    Profiling.measure (LibTorch.onCpu libTorch) (options profile) 2.0 [
                        dense, Init.weights 1 dense
                        selected
                    ]
                    |> Result.map Some
                else
                    Ok None

            let full = times |> Option.map List.head |> Option.defaultValue profile.Dense
            let most = CostLimit.milliseconds full limit

            let predicted =
                match known with
                | Some found -> found.Share * most
                | None ->
                    speed profile limit full * LatencyModel.predict profile.Model (fst selected)

            return {
                Machine = profile.Machine
                Engine = profile.Engine
                Threads = profile.Threads
                Batch = profile.Batch
                Most = most
                Dense = full
                Predicted = predicted
                Measured = times |> Option.map List.last
            }
        }
