namespace Sss.Core

/// When accelerated steps forget their momentum.
[<RequireQualifiedAccess>]
type RestartScheme =
    /// When F = G + f rose; `smooth` is G.
    | Objective of smooth: (float[] -> float)
    /// When the step went against the momentum: ⟨probe − next, next − iterate⟩ > 0. Costs no
    /// evaluation of G.
    | Gradient

/// The state of a restarting method.
[<RequireQualifiedAccess>]
type RestartState = {
    Apg: ApgState
    /// Steps since the last restart.
    Age: int
    /// F at the iterate under the objective scheme, else NaN.
    Objective: float
    /// Restarts so far.
    Restarts: int
}

/// Accelerated proximal gradient with adaptive restart: on a strongly convex G it converges
/// linearly without knowing the constant. O'Donoghue and Candès, "Adaptive restart for accelerated
/// gradient schemes" (2015), §3.2, with the generalised gradient (probe − next)/η in place of the
/// gradient.
[<RequireQualifiedAccess>]
module Restart =

    let private objective scheme (penalty: Penalty) x =
        match scheme with
        | RestartScheme.Objective smooth -> smooth x + Penalty.value penalty x
        | RestartScheme.Gradient -> nan

    let private overshot scheme before after (old: ApgState) (next: ApgState) =
        match scheme with
        | RestartScheme.Objective _ -> after > before
        | RestartScheme.Gradient ->
            let against =
                Array.map3
                    (fun probe x before -> (probe - x) * (x - before))
                    old.Probe
                    next.Iterate
                    old.Iterate

            Array.sum against > 0.0

    /// Constant step size η, the textbook's momenta counted from the last restart.
    let method (scheme: RestartScheme) (stepSize: float) (penalty: Penalty) : Method<RestartState> = {
        Name = $"apg with restart, step {stepSize}, {penalty.Name}"
        Init =
            fun x -> {
                Apg = Apg.start x
                Age = 0
                Objective = objective scheme penalty x
                Restarts = 0
            }
        Probe = _.Apg.Probe
        Iterate = _.Apg.Iterate
        Step =
            fun gradient state ->
                let momentum = Momentum.textbook (state.Age + 1)
                let next = Apg.step stepSize momentum penalty gradient state.Apg
                let value = objective scheme penalty next.Iterate

                if overshot scheme state.Objective value state.Apg next then
                    {
                        Apg = Apg.start next.Iterate
                        Age = 0
                        Objective = value
                        Restarts = state.Restarts + 1
                    }
                else
                    {
                        state with
                            Apg = next
                            Age = state.Age + 1
                            Objective = value
                    }
    }
