namespace Sss.Torch

open FsToolkit.ErrorHandling

/// Training as a phase of a job.
[<RequireQualifiedAccess>]
module internal Learning =

    let private handOver (team: Team option) from =
        match team with
        | None -> Ok from
        | Some team -> Handover.state team from |> Result.mapError BadFile

    let private settings (job: Job) (p: Prepared) from keeper measures : TrainSettings = {
        Engine = p.Engine
        Threads = job.Computing.Threads
        Loaders = job.Computing.Loaders
        Method = job.Method
        From = from
        Validation = job.Validation
        Keeper = keeper
        Team = job.Computing.Team
        Teacher = p.Teacher
        Loss = job.Loss
        Measures = measures
    }

    /// A failure, with the last checkpoint where there are any.
    let private failed (keep: Keep) (error: TrainError) =
        match keep with
        | Keep.Nothing -> NotTrained error
        | Keep.Checkpoints folder
        | Keep.Run { Folder = folder } -> Ended(error, List.tryHead (Checkpoint.files folder))

    /// Trains, from the first step or from where an earlier run was stopped.
    let train (job: Job) (p: Prepared) (listener: Listener<'Report>) stop =
        match job.Begin with
        | Begin.Trained trained -> Ok trained
        | Begin.Random
        | Begin.Weights _ ->
            listener.Training
                p.Ready
                (fun emit ->
                    result {
                        let! kept, keeper =
                            RunWriter.start job.Keep (Preparing.identity job p) emit

                        let! measures = ProfilePhase.measures p.Ready p.Profile
                        let! from = handOver job.Computing.Team (Option.orElse p.From kept)

                        return!
                            Train.run
                                (settings job p from keeper measures)
                                p.Ready.Network
                                p.Ready.Dataset
                                p.Ready.Recipe
                                emit
                                stop
                            |> Result.mapError (failed job.Keep)
                    }
                )
