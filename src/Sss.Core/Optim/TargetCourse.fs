namespace Sss.Core

/// How the epochs of a recipe with a target are shared out.
[<RequireQualifiedAccess>]
module TargetCourse =

    /// The share of the epochs after which the target holds. The rest of the recipe trains the
    /// network that is left, with γ = 0.
    let private share = 0.3

    /// Epochs after which the target holds.
    let deadline (recipe: Recipe) : int =
        int (ceil (share * float recipe.Epochs)) |> min recipe.Epochs |> max 1

    /// Fewer epochs than these are few for the network that is left: it has just lost most of its structures.
    let fewEpochs = 5

    /// Where a recipe has a target and leaves few epochs to the network that meets it: those until the target holds,
    /// and those that are left. None: it leaves enough, or has no target.
    let isShort (recipe: Recipe) : (int * int) option =
        let first = deadline recipe
        let left = recipe.Epochs - first

        if Target.isGiven recipe.Target && left < fewEpochs then
            Some(first, left)
        else
            None

    /// The least number of epochs that leaves enough of them.
    let enough: int =
        Seq.initInfinite (fun i -> i + 1)
        |> Seq.find (fun epochs ->
            epochs - deadline { Recipe.defaults with Epochs = epochs } >= fewEpochs
        )
