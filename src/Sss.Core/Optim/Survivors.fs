namespace Sss.Core

/// Which structures have to stay, whatever a target asks for.
[<RequireQualifiedAccess>]
module Survivors =

    /// Those of `order` that stay when as many of it go as can, the first to go first. `lives kept` says whether the output of the
    /// network with these structures depends on its input; with more of them it does, too. Where several branches lead
    /// around each other, each alone may go, and the last one stays. None of them where the network is dead already.
    /// About log₂ n evaluations of `lives` for each that stays.
    let ofOrder (lives: (int -> bool) -> bool) (alive: bool[]) (order: int[]) : int list =
        let rank = Array.create alive.Length System.Int32.MaxValue
        Array.iteri (fun position i -> rank[i] <- position) order

        /// Whether it lives without the first so many, except for those that stay.
        let livesWithout stay count =
            lives (fun i -> alive[i] && (rank[i] >= count || Set.contains i stay))

        let rec go stay from =
            if livesWithout stay order.Length then
                stay
            else
                let most = Bisection.last (livesWithout stay) from order.Length
                go (Set.add order[most] stay) most

        if livesWithout Set.empty 0 then
            Set.toList (go Set.empty 0)
        else
            []
