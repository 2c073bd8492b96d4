namespace Sss.Core

open System

/// f(x) = γ Σ log(1 + |xᵢ|/ε), the penalty behind reweighted L1. Not convex.
/// prox: the larger root of u² + (ε − |x|)u + ηγ − ε|x| = 0 where it exists and beats 0.
/// Candès, Wakin, Boyd, "Enhancing sparsity by reweighted L1 minimization" (2008), §2.2;
/// Gong et al., "A general iterative shrinkage and thresholding algorithm" (2013), table 1.
[<RequireQualifiedAccess>]
module LogSum =

    let private value gamma epsilon x = gamma * Double.LogP1(abs x / epsilon)

    let private prox gamma epsilon step x =
        let r = abs x
        let discriminant = (r + epsilon) * (r + epsilon) - 4.0 * step * gamma

        if discriminant < 0.0 then
            0.0
        else
            let root = 0.5 * (r - epsilon + sqrt discriminant)

            let objective u =
                value gamma epsilon u + (u - r) * (u - r) / (2.0 * step)

            if root > 0.0 && objective root < objective 0.0 then
                Math.CopySign(root, x)
            else
                0.0

    /// γ ≥ 0, ε > 0.
    let create (gamma: float) (epsilon: float) : Result<Penalty, PenaltyError> =
        Require.atLeastZero "logSum" "gamma" gamma
        |> Result.bind (fun () -> Require.positive "logSum" "epsilon" epsilon)
        |> Result.map (fun () -> {
            Name = $"logSum({gamma}, {epsilon})"
            Traits = {
                Convex = false
                Separable = true
                Homogeneous = false
                Set = false
            }
            Length = None
            Evaluate = Kernel.sum (value gamma epsilon)
            Proximal = Kernel.separable (value gamma epsilon) (prox gamma epsilon)
            Conjugate = None
        })
