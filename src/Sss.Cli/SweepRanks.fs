namespace Sss.Cli

open Sss.Files
open Sss.Torch

/// A sweep by several ranks: each does whole runs of the plan, in processes of their own. The first
/// rank has the folder's lock, does its share like the others, and writes the table of all. The
/// sweep's folder is one that all ranks see.
[<RequireQualifiedAccess>]
module SweepRanks =

    /// Runs that wait for each other stay together: the folder of the one that all of them wait for.
    let private root (jobs: StudyJob list) (job: StudyJob) =
        let rec go (job: StudyJob) =
            job.After
            |> Option.bind (fun folder ->
                List.tryFind (fun (j: StudyJob) -> j.Folder = folder) jobs
            )
            |> Option.map go
            |> Option.defaultValue job.Folder

        go job

    /// The runs of a plan that are one rank's: whole families, in turn.
    let share (size: int) (rank: int) (jobs: StudyJob list) : StudyJob list =
        jobs
        |> List.groupBy (root jobs)
        |> List.indexed
        |> List.filter (fun (i, _) -> i % size = rank)
        |> List.collect (fun (_, (_, family)) -> family)

    /// A rank's own runs.
    let own (team: MpiTeam) (jobs: StudyJob list) : StudyJob list =
        share (team :> Team).Size (team :> Team).Rank jobs

    /// Whether all ranks were started with the same sweep.
    let agree (ranks: MpiTeam option) (p: PreparedSweep) : Result<unit, PipelineError> =
        match ranks |> Option.map (fun team -> RankAgreement.call team (Ok p.Empty.Plan)) with
        | None
        | Some [] -> Ok()
        | Some misfits -> Error(Unlike misfits)

    /// The first rank has made the folder ready; the others wait for this before their runs.
    let begin' (team: MpiTeam) = (team :> Team).OfFirst [||] |> ignore

    /// What all ranks have done, once they have.
    let together (team: MpiTeam) (p: PreparedSweep) (own: StudyEnd) : StudyEnd =
        let stopped = (team :> Team).OfAll [| (if own.Stopped then 1uy else 0uy) |]
        let results = SweepFolder.there p

        {
            Results = results
            Failed =
                p.Jobs
                |> List.filter (fun job -> not (Map.containsKey job.Folder results))
                |> List.map (fun job -> job, "its rank has printed the reason")
            Stopped = stopped |> Array.exists (fun flag -> flag[0] = 1uy)
        }

    /// The part of every rank but the first.
    let help (team: MpiTeam) quiet (children: ChildOptions) (p: PreparedSweep) : int =
        begin' team
        let jobs = own team p.Jobs

        let ended =
            Engine.stoppable (fun stop ->
                StudyOutput.show
                    quiet
                    jobs.Length
                    (fun emit -> StudyChildren.run children p.Settings jobs Map.empty emit stop)
            )

        together team p ended |> ignore
        Exit.ok
