namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// Profiles and the networks that they are for.
[<RequireQualifiedAccess>]
module Profiles =

    /// Reads a profile. It must be of this network, whatever factors that has.
    let read (path: string) (network: Network) : Result<LatencyProfile, PipelineError> =
        result {
            let! profile = ProfileFile.read path |> Result.mapError BadFile

            do!
                if profile.Network <> Profiling.text network then
                    Error(ProfileOfOther(path, network.Name))
                elif (ServingEngine.tryParse profile.Engine).IsNone then
                    Error(ProfileEngine(path, profile.Engine))
                else
                    Ok()

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

    /// The selected network's time beside the target: predicted, and measured where the profile is of
    /// this machine.
    let outcome
        (libTorch: LibTorch)
        (profile: LatencyProfile)
        (limit: LatencyLimit)
        (dense: Network)
        (selected: Network * Weights<float32>)
        : Result<RunLatency, PipelineError> =
        result {
            let! times =
                if profile.Machine = Machine.name () then
                    Profiling.measure (LibTorch.onCpu libTorch) (options profile) [
                        dense, Init.weights 1 dense
                        selected
                    ]
                    |> Result.map Some
                else
                    Ok None

            // Where the limit is a part of the dense network's time, both are measured side by side, since a machine is
            // not equally fast at all times; what was predicted then counts for the machine as it is now.
            let most, speed =
                match limit, times with
                | LatencyLimit.Milliseconds most, _ -> most, 1.0
                | LatencyLimit.OfDense fraction, Some [ full; _ ] ->
                    fraction * full, full / profile.Dense
                | LatencyLimit.OfDense fraction, _ -> fraction * profile.Dense, 1.0

            return {
                Machine = profile.Machine
                Engine = profile.Engine
                Threads = profile.Threads
                Batch = profile.Batch
                Most = most
                Dense = times |> Option.map List.head |> Option.defaultValue profile.Dense
                Predicted = speed * LatencyModel.predict profile.Model (fst selected)
                Measured = times |> Option.map List.last
            }
        }
