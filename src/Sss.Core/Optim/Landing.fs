namespace Sss

/// Which structures have to go for a network to land just under a budget.
[<RequireQualifiedAccess>]
type Landing = {
    /// Alive now, and to go.
    Marked: bool[]
    /// The marked one that takes the cost across the budget: without it, the rest costs more than the budget. None where
    /// the budget is met exactly, or nothing is marked.
    Crossing: int option
    /// Macs once they are gone.
    Macs: int64
    /// Whether that is within the budget; false where even all that may go is not enough.
    Reached: bool
}

/// Choosing what goes. `macsOf alive` is the real cost of the network with the given structures; it may be anything
/// that does not grow when structures go, so shared inputs, dead branches and projections are counted as they are.
[<RequireQualifiedAccess>]
module Landing =

    /// The largest prefix whose removal leaves at least the budget: bisection, since removal never adds.
    let private longestPrefix (cost: int -> int64) (budget: int64) length =
        let rec search low high =
            if low = high then
                low
            else
                let mid = (low + high + 1) / 2

                if cost mid >= budget then
                    search mid high
                else
                    search low (mid - 1)

        search 0 length

    /// How many from the front of `order` must go for the cost to be within the budget (all, where that is not
    /// enough): about log₂ n evaluations of `macsOf`.
    let prefix
        (macsOf: (int -> bool) -> int64)
        (budget: int64)
        (alive: bool[])
        (order: int[])
        : int =
        let rank = Array.create alive.Length System.Int32.MaxValue
        order |> Array.iteri (fun position i -> rank[i] <- position)

        let cost count =
            macsOf (fun i -> alive[i] && rank[i] >= count)

        if cost 0 <= budget then
            0
        else
            // The budget + 1 is the least cost above it.
            min (longestPrefix cost (budget + 1L) order.Length + 1) order.Length

    /// The cheapest loss by one more removal among the kept structures; None where no removal saves anything.
    let cheapest (macsOf: (int -> bool) -> int64) (kept: bool[]) : int64 option =
        let now = macsOf (fun i -> kept[i])

        let savings =
            seq { 0 .. kept.Length - 1 }
            |> Seq.filter (fun i -> kept[i])
            |> Seq.map (fun i -> now - macsOf (fun k -> kept[k] && k <> i))
            |> Seq.filter (fun saved -> saved > 0L)
            |> List.ofSeq

        if savings.IsEmpty then None else Some(List.min savings)

    /// Marks structures, the first of `order` first, such that the rest costs at most the budget, and less than it by at
    /// most what the cheapest remaining structure costs. The order is followed as far as it can be: one that would
    /// undershoot is skipped, and the one that crosses the budget is the first that keeps the bound.
    ///
    /// Where costs add up the bound holds always (as long as anything remains): before the crossing each remaining one
    /// costs more than is left to save, and the cheapest of them crosses by less than it costs. Where they do not, the
    /// bound is met by trying several crossings, and missed at most by what the crossing took off the others' costs.
    /// About 2n evaluations of `macsOf`, and n for each crossing tried.
    let choose
        (macsOf: (int -> bool) -> int64)
        (budget: int64)
        (alive: bool[])
        (order: int[])
        : Landing =
        let kept = Array.copy alive
        let cost () = macsOf (fun i -> kept[i])
        let without i = macsOf (fun k -> kept[k] && k <> i)
        let rank = Array.create alive.Length System.Int32.MaxValue
        order |> Array.iteri (fun position i -> rank[i] <- position)

        let finish crossing reached : Landing = {
            Marked = Array.map2 (fun a k -> a && not k) alive kept
            Crossing = crossing
            Macs = cost ()
            Reached = reached
        }

        if cost () <= budget then
            finish None true
        else
            let first =
                longestPrefix
                    (fun count -> macsOf (fun i -> alive[i] && rank[i] >= count))
                    budget
                    order.Length

            for position in 0 .. first - 1 do
                kept[order[position]] <- false

            // Whoever saves something and does not undershoot goes, in order, until nobody is left.
            let mutable now = cost ()
            let mutable moving = now > budget

            while moving do
                moving <- false

                for i in order do
                    if kept[i] && now > budget then
                        let next = without i

                        if next >= budget && next < now then
                            kept[i] <- false
                            now <- next
                            moving <- true

            if now <= budget then
                finish None true
            else
                let crossings =
                    order
                    |> Array.filter (fun i -> kept[i])
                    |> Array.map (fun i -> i, without i)
                    |> Array.filter (fun (_, after) -> after < budget)

                let keepsBound (i, after) =
                    kept[i] <- false
                    let least = cheapest macsOf kept
                    kept[i] <- true
                    least |> Option.forall (fun c -> budget - after <= c)

                let leastSaving =
                    if Array.isEmpty crossings then
                        0L
                    else
                        crossings |> Array.map (fun (_, after) -> now - after) |> Array.min

                if Array.isEmpty crossings then
                    finish None false
                else
                    let crossing =
                        crossings
                        |> Seq.filter (fun (_, after) -> budget - after <= leastSaving)
                        |> Seq.truncate 8
                        |> Seq.tryFind keepsBound
                        |> Option.defaultWith (fun () -> crossings |> Array.maxBy snd)

                    kept[fst crossing] <- false
                    finish (Some(fst crossing)) true
