namespace Sss.Torch

/// How LibTorch's threads wait for each other. They spin for some milliseconds by default, which is fastest where
/// each has a processor of its own. On a processor that others use too, a thread that spins keeps them and its own
/// fellows from working.
[<RequireQualifiedAccess>]
module internal Waiting =

    /// The variable that OpenMP reads when its library is loaded.
    let variable = "OMP_WAIT_POLICY"

    /// Whether threads should sleep while they wait, where others keep so many processors busy.
    let isPassive (busy: float) : bool = busy >= 0.5

    /// Sets the variable where others keep processors busy since a moment and the user has not set it. Before the
    /// libraries are loaded.
    let apply (since: LoadSample) =
        let busy = MachineLoad.take () |> Option.bind (MachineLoad.others since)

        match busy with
        | Some busy when isPassive busy -> CpuLimit.setenv (variable, "passive", 0) |> ignore
        | Some _
        | None -> ()
