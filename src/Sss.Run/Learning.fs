namespace Sss.Torch

open FsToolkit.ErrorHandling

/// Training as a phase of a job.
[<RequireQualifiedAccess>]
module internal Learning =

    let private handOver (team: Team option) from =
        match team with
        | None -> Ok from
        | Some team -> Handover.state team from |> Result.mapError BadFile

    /// The threads to train with: given, those of the run that is continued, or as many as the load leaves.
    /// `began`: the load of the machine when the job began.
    let private threads (job: Job) (p: Prepared) (from: TrainState option) began emit =
        let choice =
            ThreadChoice.decide
                job.Computing.Threads
                (from |> Option.bind _.Threads)
                (LibTorch.usualThreads p.Engine)
                (fun () -> LibTorch.chooseThreads began p.Engine)

        emit (ThreadsChosen choice)
        choice.Threads

    let private settings (job: Job) (p: Prepared) from threads keeper : TrainSettings = {
        Engine = p.Engine
        Threads = Some threads
        Loaders = job.Computing.Loaders
        Method = job.Method
        From = from
        Validation = job.Validation
        Keeper = keeper
        Team = job.Computing.Team
        Teacher = p.Teacher
        Loss = job.Loss
        Measures = p.Measures
    }

    /// A failure, with the last checkpoint where there are any.
    let private failed (keep: Keep) (error: TrainError) =
        match keep with
        | Keep.Nothing -> NotTrained error
        | Keep.Checkpoints folder
        | Keep.Run { Folder = folder } -> Ended(error, List.tryHead (Checkpoint.files folder))

    /// Trains, from the first step or from where an earlier run was stopped.
    let train (job: Job) (p: Prepared) (listener: Listener<'Report>) began stop =
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

                        let! from = handOver job.Computing.Team (Option.orElse p.From kept)
                        let threads = threads job p from began emit

                        let! trained =
                            Train.run
                                (settings job p from threads keeper)
                                p.Ready.Network
                                p.Ready.Dataset
                                p.Ready.Recipe
                                emit
                                stop
                            |> Result.mapError (failed job.Keep)

                        do! ProfilePhase.keepFactor job p.Profile trained
                        return trained
                    }
                )
