namespace Sss.Torch

open System
open System.IO
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// Measured times for a target of latency, as a phase of a job.
[<RequireQualifiedAccess>]
module internal ProfilePhase =

    /// The profile in a run folder.
    let private inFolder (job: Job) : string option =
        match job.Keep with
        | Keep.Run place -> Some(RunFolder.file place.Folder "profile.json")
        | Keep.Nothing
        | Keep.Checkpoints _ -> None

    let private save job (profile: LatencyProfile) : Result<unit, PipelineError> =
        match inFolder job with
        | Some path ->
            AtomicFile.writeText path (ProfileFile.toText profile)
            |> Result.mapError BadFile
        | None -> Ok()

    /// What an earlier run of the folder measured, where it was measured in the same way.
    let private earlier job (options: ProfileOptions) network : LatencyProfile option =
        inFolder job
        |> Option.filter File.Exists
        |> Option.bind (fun path -> Profiles.read path network |> Result.toOption)
        |> Option.filter (fun profile ->
            profile.Machine = Machine.name () && Profiles.options profile = options
        )
        |> Option.map (fun profile -> { profile with Factor = None })

    let private measured job (listener: Listener<'Report>) engine (network: Network) =
        let options = {
            Engine = ServingEngine.OnnxRuntime
            Threads = job.Computing.Threads |> Option.defaultValue Environment.ProcessorCount
            Batch = 1
        }

        match earlier job options network with
        | Some profile -> Ok profile
        | None ->
            listener.Hear(Profiling options)
            Profiling.run (LibTorch.onCpu engine) options network

    /// The profile that the job names, that of its folder, or a new one; None: the target has no limit on
    /// latency.
    let find
        (job: Job)
        (listener: Listener<'Report>)
        (engine: LibTorch)
        (ready: Ready)
        : Result<LatencyProfile option, PipelineError> =
        let steerBy (found: Result<LatencyProfile, PipelineError>) =
            result {
                let! profile = found
                do! save job profile
                listener.Hear(Profiled profile)
                return Some profile
            }

        match ready.Recipe.Target.Latency, job.Profile, job.Computing.Team with
        | None, _, _ -> Ok None
        | Some _, ProfileSource.Given profile, _ -> Ok(Some profile)
        | Some _, ProfileSource.File path, _ -> steerBy (Profiles.read path ready.Network)
        | Some _, ProfileSource.Measured, Some _ -> Error ProfileForRanks
        | Some _, ProfileSource.Measured, None ->
            steerBy (measured job listener engine ready.Network)

    /// Whether networks are measured while one trains: on the profile's machine, and not by ranks, which would
    /// decide differently. With a factor of an earlier run there is nothing left to measure: the same profile, the same bits.
    let private isMeasured job (profile: LatencyProfile) =
        profile.Factor.IsNone
        && profile.Machine = Machine.name ()
        && job.Computing.Team.IsNone

    /// How the job selects.
    let private selectOptions job : SelectOptions =
        match job.Goal with
        | Goal.Selection options -> options
        | Goal.Training -> Selection.defaults

    /// Keeps what was found by measuring in the folder's profile, if the limit was reached: where it cannot be, the factor only
    /// says that, and would mislead another run.
    let keepFactor
        (job: Job)
        (profile: LatencyProfile option)
        (trained: Trained)
        : Result<unit, PipelineError> =
        match profile, trained.State.Pressure |> Option.bind _.Latency with
        | Some profile, Some found when found.Share <= 1.0 ->
            save job {
                profile with
                    Factor = Some found.Factor
            }
        | Some _, Some _
        | Some _, None
        | None, _ -> Ok()

    /// Up to so many bytes of numbers, the size of a file is that of a file that is made, with zeros for weights.
    let private small = 4L * 1024L * 1024L

    /// The bytes of the file of what is left of the job's network. In a large file names, shapes and text hardly count: they are
    /// taken to be those of the dense network's.
    let private fileSize (ready: Ready) : Result<Network -> int64, PipelineError> =
        let made (network: Network) =
            let zeros =
                NetworkFile.keys network
                |> List.map (fun (key, shape) ->
                    key,
                    {
                        Shape = shape
                        Data = Array.zeroCreate (List.fold (*) 1 shape)
                    }
                )
                |> Map.ofList

            OnnxExport.model false (RunFolder.inMemory network zeros ready.Dataset)
            |> Result.map (fun bytes -> bytes.LongLength + OnnxExport.verdictBytes)

        let numbers = CostLimit.numbersSize ready.Network

        made ready.Network
        |> Result.map (fun dense ->
            let withDenseRest network =
                CostLimit.numbersSize network + dense - numbers

            if numbers > small then
                withDenseRest
            else
                fun network -> made network |> Result.defaultWith (fun _ -> withDenseRest network)
        )

    /// What the target counts besides macs and parameters.
    let measures
        (job: Job)
        (engine: LibTorch)
        (ready: Ready)
        (profile: LatencyProfile option)
        : Result<CostMeasures, PipelineError> =
        let select = Option.foldBack Profiles.rounded profile (selectOptions job)

        let latency =
            (profile, ready.Recipe.Target.Latency)
            ||> Option.map2 (fun profile limit ->
                let measure = LatencyProfile.measure profile

                if isMeasured job profile then
                    {
                        measure with
                            Measure =
                                Some(
                                    Profiles.whileTraining
                                        engine
                                        profile
                                        limit
                                        select
                                        ready.Network
                                )
                    }
                else
                    measure
            )

        match ready.Recipe.Target.Size with
        | None -> Ok CostLimit.noMeasures.FileSize
        | Some _ -> fileSize ready
        |> Result.map (fun fileSize -> {
            FileSize = fileSize
            Latency = latency
            Select = select
        })
