namespace Sss.Core

/// How the epochs of a recipe with a target are shared out.
[<RequireQualifiedAccess>]
module TargetCourse =

    /// The share of the epochs after which the target holds where the recipe does not say it. The rest of the
    /// recipe trains the network that is left, with γ = 0.
    let private share = 0.3

    /// The most epochs of that share: a long recipe would spend much of its compute on the dense network.
    let private most = 10.0

    /// Epochs after which the target holds: those of `by`, or the share, in whole epochs.
    let deadline (recipe: Recipe) : float =
        match recipe.TargetBy with
        | Some by -> min by (float recipe.Epochs)
        | None -> ceil (share * float recipe.Epochs) |> min most |> max 1.0

    /// The same in steps, the last one whole: 1 or more.
    let steps (recipe: Recipe) (stepsPerEpoch: int) : int64 =
        max 1L (int64 (ceil (deadline recipe * float stepsPerEpoch)))

    /// What `by` must be where it is none: above 0, and at most the epochs.
    let problem (recipe: Recipe) : string option =
        match recipe.TargetBy with
        | Some _ when not (Target.isGiven recipe.Target) -> Some "beside a limit, such as `macs`"
        | Some by when not (by > 0.0 && by <= float recipe.Epochs) ->
            Some $"above 0 and at most {recipe.Epochs}, the epochs"
        | Some _
        | None -> None

    /// The recipe's `by`, at most so many epochs: an option has made them fewer.
    let within (recipe: Recipe) (epochs: int) : float option =
        recipe.TargetBy |> Option.map (min (float epochs))

    /// Fewer epochs than these are few for the network that is left: it has just lost most of its structures.
    let fewEpochs = 5

    /// Where a recipe has a target and leaves few epochs to the network that meets it: those until the target holds,
    /// and those that are left. None: it leaves enough, or has no target.
    let isShort (recipe: Recipe) : (float * float) option =
        let first = deadline recipe
        let left = float recipe.Epochs - first

        if Target.isGiven recipe.Target && left < float fewEpochs then
            Some(first, left)
        else
            None

    /// The least number of epochs that leaves enough of them, with the recipe's `by`.
    let enough (recipe: Recipe) : int =
        Seq.initInfinite (fun i -> i + 1)
        |> Seq.find (fun epochs ->
            float epochs - deadline { recipe with Epochs = epochs } >= float fewEpochs
        )
