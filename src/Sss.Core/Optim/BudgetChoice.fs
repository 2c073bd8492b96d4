namespace Sss.Core

/// Which structures have to go for a network to land just under a budget.
[<RequireQualifiedAccess>]
type BudgetChoice = {
    /// Alive now, and to go.
    Marked: bool[]
    /// The marked ones that take the cost across the budget: while they stay, the rest costs more
    /// than the budget. Mostly one; none where the budget is met exactly or nothing is marked.
    Crossing: bool[]
    /// The cost once the marked ones are gone.
    Cost: int64
    /// Whether that is within the budget; false where even all that may go is not enough.
    Reached: bool
}

/// Chooses what to remove. `costOf alive` is the real cost of the network with the given structures; it
/// may be anything that does not grow when structures go, so shared inputs, dead branches and
/// projections are counted as they are.
[<RequireQualifiedAccess>]
module BudgetChoice =

    /// What the choice is made from.
    type private Problem = {
        CostOf: (int -> bool) -> int64
        Budget: int64
        Alive: bool[]
        /// Those that may go, the first to go first: one structure, or several that go together.
        Order: int[][]
    }

    let private cost p (kept: bool[]) = p.CostOf(fun i -> kept[i])

    /// With those of a unit switched.
    let private switch (unit: int[]) (kept: bool[]) =
        let switched = Array.copy kept
        Array.iter (fun i -> switched[i] <- not kept[i]) unit
        switched

    /// The cost of that.
    let private switched p (kept: bool[]) unit = cost p (switch unit kept)

    let private isKept (kept: bool[]) (unit: int[]) = Array.forall (fun i -> kept[i]) unit

    let private isGone (kept: bool[]) (unit: int[]) =
        Array.forall (fun i -> not kept[i]) unit

    /// The largest prefix whose removal leaves at least the limit: bisection, since removal never
    /// adds.
    let private longestPrefix p (limit: int64) =
        let rank = Array.create p.Alive.Length System.Int32.MaxValue

        p.Order
        |> Array.iteri (fun position unit -> unit |> Array.iter (fun i -> rank[i] <- position))

        let leaves count =
            p.CostOf(fun i -> p.Alive[i] && rank[i] >= count) >= limit

        Bisection.last leaves 0 p.Order.Length

    /// How many from the front of `order` must go for the cost to be within the budget (all, where
    /// that is not enough): about log₂ n evaluations of `costOf`.
    let prefix
        (costOf: (int -> bool) -> int64)
        (budget: int64)
        (alive: bool[])
        (order: int[])
        : int =
        let p = {
            CostOf = costOf
            Budget = budget
            Alive = alive
            Order = Array.map Array.singleton order
        }

        if cost p alive <= budget then
            0
        else
            // The budget + 1 is the least cost above it.
            min (longestPrefix p (budget + 1L) + 1) order.Length

    /// The least that one more removal saves, among the kept ones of the given units (structures that go together); None
    /// where none saves anything.
    let cheapest (costOf: (int -> bool) -> int64) (units: int[][]) (kept: bool[]) : int64 option =
        let now = costOf (fun i -> kept[i])

        units
        |> Array.filter (isKept kept)
        |> Array.choose (fun unit ->
            let without = switch unit kept
            let saved = now - costOf (fun i -> without[i])
            if saved > 0L then Some saved else None
        )
        |> fun savings -> if savings.Length = 0 then None else Some(Array.min savings)

    /// At most the cheapest remaining structure is missing.
    let private keepsBound p (kept: bool[]) =
        cheapest p.CostOf p.Order kept
        |> Option.forall (fun least -> p.Budget - cost p kept <= least)

    /// In order, every unit that saves something and does not undershoot is removed, until there is none that
    /// could.
    let rec private fill p (kept: bool[]) =
        let next, _ =
            ((kept, cost p kept), p.Order)
            ||> Array.fold (fun ((kept: bool[]), now) unit ->
                let after =
                    if isKept kept unit && now > p.Budget then
                        switched p kept unit
                    else
                        now

                if after >= p.Budget && after < now then
                    switch unit kept, after
                else
                    kept, now
            )

        if next = kept then kept else fill p next

    /// One more, which crosses the budget: the first in order that keeps the bound, else the one
    /// that misses least.
    let private cross p (kept: bool[]) =
        let crossings =
            p.Order
            |> Array.filter (isKept kept)
            |> Array.map (fun unit -> unit, switched p kept unit)
            |> Array.filter (fun (_, after) -> after < p.Budget)

        if Array.isEmpty crossings then
            None
        else
            let now = cost p kept
            let least = crossings |> Array.map (fun (_, after) -> now - after) |> Array.min

            crossings
            |> Seq.filter (fun (_, after) -> p.Budget - after <= least)
            |> Seq.truncate 8
            |> Seq.map fst
            |> Seq.tryFind (fun unit -> keepsBound p (switch unit kept))
            |> Option.defaultWith (fun () -> fst (Array.maxBy snd crossings))
            |> Some

    /// Where costs do not add up the crossing may have made others cheaper than what is missing.
    /// Then a structure that fits is restored, or exchanged with a cheap one, as long as that
    /// brings the cost nearer to the budget.
    let rec private repair p rounds (kept: bool[]) =
        if rounds = 0 || keepsBound p kept then
            kept
        else
            let now = cost p kept
            let gone = p.Order |> Array.filter (isGone kept)

            let cheap =
                p.Order
                |> Array.filter (isKept kept)
                |> Array.sortByDescending (switched p kept)
                |> Array.truncate 3

            let nearer =
                [|
                    for unit in gone do
                        switch unit kept

                        for other in cheap do
                            switch unit (switch other kept)
                |]
                |> Array.map (fun other -> other, cost p other)
                |> Array.filter (fun (_, c) -> c <= p.Budget && c > now)

            let bounded =
                nearer
                |> Seq.sortByDescending snd
                |> Seq.truncate 8
                |> Seq.map fst
                |> Seq.tryFind (keepsBound p)

            match bounded with
            | Some other -> other
            | None when Array.isEmpty nearer -> kept
            | None -> repair p (rounds - 1) (fst (Array.maxBy snd nearer))

    /// The marked ones without which the rest would be within the budget: `first`, then from the
    /// end of the order.
    let private crossing p (first: int[] option) (kept: bool[]) =
        let candidates =
            Array.append (Option.toArray first) (Array.rev p.Order)
            |> Array.distinct
            |> Array.filter (isGone kept)

        let _, chosen =
            ((cost p kept, kept), candidates)
            ||> Array.fold (fun (now, with') unit ->
                if now > p.Budget then
                    now, with'
                else
                    let next = switch unit with'
                    cost p next, next
            )

        Array.map2 (<>) chosen kept

    /// Marks structures, the first of `order` first and those of a unit together, such that the rest costs at most the budget,
    /// and less than it by at most what the cheapest remaining unit of the order costs. The
    /// order is followed as far as it can be: one that would undershoot is skipped, and the one
    /// that crosses the budget is the first that keeps the bound.
    ///
    /// Where costs add up the bound holds always (as long as anything remains): before the crossing
    /// each remaining one costs more than is left to save, and the cheapest of them crosses by less
    /// than it costs. Where they do not, a short local search looks for a choice that keeps it;
    /// mostly there is one. About two evaluations of `costOf` for each unit, and some more for each crossing or
    /// repair that is tried.
    let choose
        (costOf: (int -> bool) -> int64)
        (budget: int64)
        (alive: bool[])
        (order: int[][])
        : BudgetChoice =
        let p = {
            CostOf = costOf
            Budget = budget
            Alive = alive
            Order = order
        }

        let finish first kept : BudgetChoice = {
            Marked = Array.map2 (fun a k -> a && not k) alive kept
            Crossing = crossing p first kept
            Cost = cost p kept
            Reached = cost p kept <= budget
        }

        if cost p alive <= budget then
            {
                Marked = Array.create alive.Length false
                Crossing = Array.create alive.Length false
                Cost = cost p alive
                Reached = true
            }
        else
            let kept = Array.copy alive

            for unit in Seq.truncate (longestPrefix p budget) order do
                for i in unit do
                    kept[i] <- false

            let kept = fill p kept

            if cost p kept <= budget then
                finish None kept
            else
                match cross p kept with
                | None -> finish None kept
                | Some unit -> finish (Some unit) (repair p 8 (switch unit kept))
