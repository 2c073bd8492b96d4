namespace Sss.Cli

open Sss.Torch

/// Commands as one of several ranks, started by `mpirun` or `srun`.
[<RequireQualifiedAccess>]
module Ranks =

    /// Whether this rank prints and writes: the first, or the only one.
    let isFirst (ranks: MpiTeam option) =
        ranks |> Option.forall (fun team -> (team :> Team).Rank = 0)

    /// Runs a command's work, which gives an exit code: with the other ranks and the number of
    /// threads for each, or alone. All ranks end with the code of the first. `advice`: what to do
    /// when a rank is lost.
    let within (advice: string) (work: (MpiTeam * int) option -> int) : int =
        let say (name: string) (why: string) =
            Terminal.error $"{name}: {why} The job ends.\n{advice}"

        match Launch.ofEnvironment () with
        | Launch.Alone -> work None
        | Launch.Ranks(count, by) ->
            match MpiTeam.start count by say with
            | Error error ->
                Terminal.error (MpiError.message error)
                Exit.fault
            | Ok(team, threads) -> team.Finish(work (Some(team, threads)))

    /// Reports an error, and gives the exit code. One that only this rank has ends the job
    /// at once, since the others wait for this rank; one that all ranks have is reported by the first.
    let report (ranks: MpiTeam option) (error: PipelineError) : int =
        match ranks with
        | None -> Engine.report error
        | Some _ when PipelineError.isCommon error ->
            if isFirst ranks then Engine.report error else Exit.fault
        | Some team ->
            if isFirst ranks then
                Engine.report error |> ignore
            else
                Terminal.error $"{team.Name}: {(PipelineError.message error).TrimEnd()}"

            team.Abandon()
            Exit.fault

    /// Tells the other ranks that this one cannot start; gives the exit code. The first reports what
    /// all have.
    let refuse (team: MpiTeam) (error: PipelineError) : int =
        let own = (PipelineError.message error).TrimEnd()
        report (Some team) (Unlike(RankAgreement.call team (Error own)))
