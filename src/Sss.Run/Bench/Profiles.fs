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

            let most =
                match limit, times with
                | LatencyLimit.Milliseconds most, _ -> most
                // Both were measured side by side: a machine is not equally fast at all times.
                | LatencyLimit.OfDense fraction, Some [ full; _ ] -> fraction * full
                | LatencyLimit.OfDense fraction, _ -> fraction * profile.Dense

            return {
                Machine = profile.Machine
                Engine = profile.Engine
                Threads = profile.Threads
                Batch = profile.Batch
                Most = most
                Dense = times |> Option.map List.head |> Option.defaultValue profile.Dense
                Predicted = LatencyModel.predict profile.Model (fst selected)
                Measured = times |> Option.map List.last
            }
        }
