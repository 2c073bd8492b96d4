namespace Sss.Core

/// Reaches a budget by changing γ, with a lower bound on the factors that are kept. A pure function from observations and state to
/// the γs of the next stretch of training. It needs the non-negative L1 with a γ for each
/// factor.
///
/// **Ramp.** All structures are penalised in proportion to their weights, so that the data decide which
/// are weak. They are removed in the order of magnitude over weight, since a factor under γ·w needs about
/// λ/(γ·w) of reach. The last one that must go to reach the target sets the common γ: its λ/w over
/// the reach that the ramp has left. Measured anew at each call this is feedback: resistance by the
/// loss shrinks the reach left, not λ, and γ rises.
/// **Lanes.** Neurons go in whole lanes (`ChannelMultiple.together`): the strong ones of a weak lane are pressed
/// harder and the weak ones of a strong lane less, at all times, since an odd channel more or less
/// makes a layer no faster. Where the cost is a time they are chosen in whole lanes, too.
/// **Landing** begins when 60 % of the reach is spent, or earlier when by the next call the target
/// could be crossed. The structures that must go are chosen (`BudgetChoice.choose`) and pressed so that
/// they are at 0 in time; all others get γ = 0 and a floor, and those at 0 are held there. Marked structures stay
/// first in the order, so the choice does not swing. What takes the cost across the target is kept
/// short of 0 until the end, so that the target is never crossed while others are still under way.
/// On the stretch before the deadline all marked ones get a γ that no gradient withstands: the
/// landing is exact.
/// **Holding.** γ = 0 and the floor for what is kept, and zeros are held.
///
/// **Floors.** A factor at 0 gets no gradient where a relu follows, so what noise takes to 0 would stay
/// there, and be missing. The floor keeps it in reach of the loss. In a ramp only what is never pressed has one. Where more than the cheapest
/// remaining structure is missing all the same (the ramp went too far), zeros that fit in get a floor too,
/// which brings them back.
///
/// Hence: from the step after the last call before the deadline the network is never above the
/// target; it is below it by at most the cheapest remaining structure (as `BudgetChoice.choose` has it),
/// or nothing that is gone fits in; regardless of the loss, as long as nothing was cut out on the way that
/// would have to come back.
[<RequireQualifiedAccess>]
module Budget =

    /// The least that a kept factor may be. Small beside the 1 at which factors start; a power of two, so
    /// that it is the same in float32.
    let floor = 1.0 / 128.0

    /// The least that each of this many factors may be, as the last call had it.
    let floors (count: int) (state: BudgetState) : float[] =
        Array.init
            count
            (fun i ->
                if state.Kept.Length > i && state.Kept[i] then
                    floor
                else
                    0.0
            )

    /// The share of the reach that is kept for the landing.
    let private landingShare = 0.4

    /// How far a constant γ of 1 moves a factor over steps of the given sizes: Ση/(1 − μ), the
    /// distance at the limiting speed ηγ/(1 − μ) of a factor without gradient.
    let reach (momentum: float) (stepSizes: seq<float>) : float =
        Seq.sum stepSizes / (1.0 - momentum)

    /// Before the first call.
    let start: BudgetState = {
        Phase = BudgetPhase.Ramp
        TotalReach = 0.0
        Multiplier = 0.0
        Marked = [||]
        Kept = [||]
        Previous = [||]
    }

    /// The state after structures were removed permanently: `kept` holds the old indices of those that
    /// stay, in order.
    let reindex (kept: int[]) (state: BudgetState) : BudgetState =
        let pick (values: 'a[]) =
            if Array.isEmpty values then
                values
            else
                Array.map (fun i -> values[i]) kept

        {
            state with
                Marked = pick state.Marked
                Kept = pick state.Kept
                Previous = pick state.Previous
        }

    /// The structures that γ may act on.
    let private pressable (input: BudgetInput) =
        [| 0 .. input.Weights.Length - 1 |]
        |> Array.filter (fun i -> input.Weights[i] > 0.0)

    /// Whether a structure could be at 0 by the next call: under the given γ, twice over, or by
    /// moving on half as far again as it moved since the last call (momentum, and what the loss
    /// does).
    let private atRisk (input: BudgetInput) (state: BudgetState) gamma i =
        let magnitude = input.Magnitudes[i]

        let moved =
            if state.Previous.Length > i then
                1.5 * (state.Previous[i] - magnitude)
            else
                0.0

        magnitude <= max (2.0 * gamma * input.ReachToNext) moved

    /// Alive structures that may be pressed, by magnitude over weight. While landing, those that
    /// are on their way to 0 anyway and then the marked ones stand before the rest.
    let private inOrder (input: BudgetInput) (state: BudgetState) =
        let landing = state.Phase <> BudgetPhase.Ramp

        let marked i =
            state.Marked.Length > i && state.Marked[i]

        let isOnFloor i = input.Magnitudes[i] <= floor

        pressable input
        |> Array.filter (fun i -> input.Magnitudes[i] <> 0.0)
        |> Array.sortBy (fun i ->
            not (landing && (isOnFloor i || atRisk input state 0.0 i)),
            not (landing && marked i),
            input.Magnitudes[i] / input.Weights[i],
            input.Magnitudes[i]
        )

    /// Alive structures without some.
    let private without (gone: int[]) (alive: bool[]) =
        let plan = Array.copy alive
        Array.iter (fun i -> plan[i] <- false) gone
        plan

    /// Structures in order, with those of a lane in the place of its first one where lanes are chosen whole.
    let private inUnits (input: BudgetInput) (lanes: int[][]) (order: int[]) : int[][] =
        if input.WholeLanes then
            let laneOf =
                dict [
                    for at, lane in Array.indexed lanes do
                        for i in lane -> i, at
                ]

            order
            |> Array.groupBy (fun i ->
                match laneOf.TryGetValue i with
                | true, at -> at
                | false, _ -> -1 - i
            )
            |> Array.map snd
        else
            Array.map Array.singleton order

    /// Zeros that come back without crossing the target, where too much is missing.
    let private reprieved (input: BudgetInput) lanes (alive: bool[]) cost =
        let enough =
            cost >= input.Target
            || BudgetChoice.cheapest input.CostOf (inUnits input lanes (pressable input)) alive
               |> Option.forall (fun least -> input.Target - cost <= least)

        let free = Array.create alive.Length false

        if not enough then
            for i in 0 .. alive.Length - 1 do
                if not alive[i] then
                    free[i] <- true

                    if input.CostOf(fun k -> alive[k] || free[k]) > input.Target then
                        free[i] <- false

        free

    let private press
        (input: BudgetInput)
        (state: BudgetState)
        (lanes: int[][])
        (alive: bool[])
        cost
        : BudgetDecision =
        let order = inOrder input state |> inUnits input lanes
        let plan = BudgetChoice.choose input.CostOf input.Target alive order
        let lastStretch = input.ReachToDeadline <= input.ReachToNext * (1.0 + 1e-9)
        let free = reprieved input lanes alive cost
        let landed = not (Array.contains true plan.Marked)

        // Twice what is needed on average: fast at first, gentle at the end, and time left over.
        let pressure i =
            max
                (2.0 * input.Magnitudes[i] / input.ReachToDeadline)
                (state.Multiplier * input.Weights[i])

        let kept =
            Array.mapi (fun i isAlive -> isAlive && not plan.Marked[i] || free[i]) alive

        let pressOn i =
            if plan.Marked[i] then
                if lastStretch then
                    Press.Held
                elif not plan.Crossing[i] then
                    Press.Gamma(pressure i)
                elif atRisk input state 0.0 i then
                    Press.Gamma 0.0
                else
                    // At most a third of the way to 0, so that it waits there until the end.
                    min (pressure i) (input.Magnitudes[i] / (3.0 * input.ReachToNext))
                    |> Press.Gamma
            elif kept[i] then
                Press.Gamma 0.0
            else
                Press.Held

        {
            Presses = Array.init alive.Length pressOn
            Cost = cost
            Planned =
                if Array.contains true free then
                    input.CostOf(fun i -> kept[i])
                else
                    plan.Cost
            Plan = kept
            Reachable = plan.Reached
            State = {
                state with
                    Phase = if landed then BudgetPhase.Holding else BudgetPhase.Landing
                    Marked = plan.Marked
                    Kept = kept
                    Previous = Array.copy input.Magnitudes
            }
        }

    /// The γs until the next call. All arrays are as long as there are structures; call it at least
    /// once per epoch, and once where the last stretch before the deadline begins.
    let decide (input: BudgetInput) (state: BudgetState) : BudgetDecision =
        let lanes =
            ChannelMultiple.lanes input.Lane input.LayerOf input.Magnitudes input.Weights

        let input = {
            input with
                Weights = ChannelMultiple.together lanes input.Magnitudes input.Weights
        }

        let alive = Array.map (fun magnitude -> magnitude <> 0.0) input.Magnitudes
        let cost = input.CostOf(fun i -> alive[i])
        let total = max state.TotalReach input.ReachToDeadline
        let order = inOrder input { state with Phase = BudgetPhase.Ramp }
        let count = BudgetChoice.prefix input.CostOf input.Target alive order
        let left = max (input.ReachToDeadline - landingShare * total) (0.1 * total)

        let multiplier =
            if count = 0 || left <= 0.0 then
                state.Multiplier
            else
                let last = order[count - 1]
                input.Magnitudes[last] / input.Weights[last] / left

        let ramping =
            state.Phase = BudgetPhase.Ramp
            && count > 0
            && input.ReachToDeadline > landingShare * total
            && not (
                order
                |> Seq.skip (count - 1)
                |> Seq.exists (fun i -> atRisk input state (multiplier * input.Weights[i]) i)
            )

        let state = {
            state with
                TotalReach = total
                Multiplier =
                    if state.Phase = BudgetPhase.Ramp then
                        multiplier
                    else
                        state.Multiplier
        }

        if ramping then
            {
                Presses =
                    input.Weights |> Array.map (fun weight -> Press.Gamma(multiplier * weight))
                Cost = cost
                Planned = cost
                Plan = without order[.. count - 1] alive
                Reachable = count < order.Length || cost <= input.Target
                State = {
                    state with
                        Previous = Array.copy input.Magnitudes
                        // The last of a layer that no shortcut leads around is never pressed; the loss must not take
                        // it to 0 either.
                        Kept =
                            Array.map2
                                (fun weight alive -> weight = 0.0 && alive)
                                input.Weights
                                alive
                }
            }
        else
            press input state lanes alive cost
