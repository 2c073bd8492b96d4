namespace Sss.Core

/// What each structure is worth to the loss for what it costs, and weights of the penalty made
/// from it. The second-order estimate of what the loss would rise by without structure i,
///
///     sᵢ = λᵢ²·E[gᵢ²]                    g: the gradient of the loss in λ
///
/// is optimal brain damage's ½hλ² (LeCun, Denker, Solla 1990) with the Fisher information in place of the
/// curvature h, as in Theis, Korshunova, Tejani, Huszár, "Faster gaze prediction with dense networks and
/// Fisher pruning" (2018), which also weighs it against cost. Unlike λ alone it does not change when λ
/// shrinks and the weights before or after it grow in turn; and in networks of any width it is of one
/// order in all layers.
[<RequireQualifiedAccess>]
module Saliency =

    /// How much of the running mean of g² a step keeps: the mean is over some fifty steps.
    let memory = 0.98

    /// The worth that the least valuable counts for, in medians: it is removed first, but with a finite γ.
    let private least = 1e-3

    /// What the worth is raised to: a structure worth three times as much as the last that must be removed gets a
    /// ninth of its γ, and stays near where it is.
    let sharpness = 2.0

    /// Weights with which λ over weight, the reach that a structure takes to come to 0 when all are pressed,
    /// is each one's saliency per unit of cost, in medians, squared. An adaptive lasso: Zou, "The adaptive lasso
    /// and its oracle properties" (2006), has |estimate|^−q for weights, with any q above 0.
    ///
    /// `relative`: strengths by declaration; 0: never pressed. `magnitudes`: |λ|. `squares`: the running mean
    /// of g², in any unit. `savings`: the cost that goes when this one does. All of one length. Before the
    /// first step, while all squares are 0, the weights are the relative ones.
    let weights
        (relative: float[])
        (magnitudes: float[])
        (squares: float[])
        (savings: float[])
        : float[] =
        let perCost i =
            magnitudes[i] * magnitudes[i] * squares[i] / max 1.0 savings[i]

        let known =
            [| 0 .. relative.Length - 1 |]
            |> Array.filter (fun i -> relative[i] > 0.0 && magnitudes[i] > 0.0)
            |> Array.map perCost
            |> Array.filter (fun worth -> worth > 0.0)
            |> Array.sort

        if Array.isEmpty known then
            relative
        else
            let median = known[known.Length / 2]

            relative
            |> Array.mapi (fun i strength ->
                if magnitudes[i] > 0.0 then
                    strength * magnitudes[i] / max least (perCost i / median) ** sharpness
                else
                    strength
            )
