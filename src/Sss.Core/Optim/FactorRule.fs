namespace Sss.Core

open System
open System.Numerics

/// The update rule of the factors.
[<RequireQualifiedAccess>]
type FactorMethod =
    /// Iterate and probe apart, the penalty of the recipe: the default.
    | Apg
    /// The recursion of the paper on one array, or that of its released code, which clamps at 0. L1 alone.
    | Published of Clamp

/// Names of update rules.
[<RequireQualifiedAccess>]
module FactorMethod =

    /// What the command line and `result.json` call it.
    let name method =
        match method with
        | FactorMethod.Apg -> "apg"
        | FactorMethod.Published Clamp.AfterMomentum -> "published"
        | FactorMethod.Published Clamp.Never -> "published-unclamped"

    /// All of them, the default first.
    let all = [
        FactorMethod.Apg
        FactorMethod.Published Clamp.AfterMomentum
        FactorMethod.Published Clamp.Never
    ]

    /// The rule of a name.
    let tryParse (text: string) =
        all |> List.tryFind (fun method -> name method = text)

/// How training moves the factors.
type FactorRule = {
    Method: FactorMethod
    Penalty: FactorPenalty
    /// μ
    Momentum: float
}

/// A rule for the factors of one network, with a γ and a floor of each. It holds until a controller asks
/// for others, or the network is cut.
[<NoEquality; NoComparison>]
type PressedRule<'T> = {
    Rule: FactorRule
    /// How many factors each declaration has, in the order of λ.
    Counts: int list
    /// γ of each factor.
    Gammas: 'T[]
    /// The least that each factor may be. The published recursions know none.
    Floors: 'T[]
    /// What γs and floors make of the rule's penalty: a step is `Apg.step` with it.
    Penalty: Penalty
}

/// Rules and their steps.
[<RequireQualifiedAccess>]
module FactorRule =

    /// The rule of a recipe.
    let ofRecipe (method: FactorMethod) (recipe: Recipe) : FactorRule = {
        Method = method
        Penalty = recipe.Penalty
        Momentum = recipe.Momentum
    }

    /// The rule with γs and floors, each array as long as there are factors.
    let press<'T when 'T :> INumberBase<'T>>
        (counts: int list)
        (gammas: 'T[])
        (floors: 'T[])
        (rule: FactorRule)
        : Result<PressedRule<'T>, PenaltyError> =
        let wide (values: 'T[]) =
            values |> Array.map (fun v -> Double.CreateTruncating<'T> v)

        FactorProx.create rule.Penalty counts (wide gammas) (wide floors)
        |> Result.map (fun penalty -> {
            Rule = rule
            Counts = counts
            Gammas = gammas
            Floors = floors
            Penalty = penalty
        })

    /// `Apg.step`, at double precision whatever the state's is.
    let private plain<'T when 'T :> INumberBase<'T>>
        (pressed: PressedRule<'T>)
        (stepSize: float)
        (gradient: 'T[])
        (state: FactorState<'T>)
        : FactorState<'T> =
        let wide (values: 'T[]) =
            values |> Array.map (fun v -> Double.CreateTruncating<'T> v)

        let narrow (values: float[]) =
            values |> Array.map (fun v -> 'T.CreateTruncating<float> v)

        let next =
            Apg.step
                // A proximal step of size 0 is none; the least step is as good as none.
                (max stepSize Double.Epsilon)
                pressed.Rule.Momentum
                pressed.Penalty
                (wide gradient)
                {
                    Iterate = wide state.Iterate
                    Probe = wide state.Probe
                }

        {
            state with
                Iterate = narrow next.Iterate
                Probe = narrow next.Probe
        }

    /// The same for the non-negative L1, in one pass at the state's own precision.
    let private fused<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (pressed: PressedRule<'T>)
        (stepSize: float)
        (gradient: 'T[])
        (state: FactorState<'T>)
        : FactorState<'T> =
        let iterate = Array.copy state.Iterate
        let probe = Array.copy state.Probe

        ApgKernel.step
            ('T.CreateTruncating<float> stepSize)
            ('T.CreateTruncating<float> pressed.Rule.Momentum)
            (ReadOnlySpan pressed.Gammas)
            (ReadOnlySpan pressed.Floors)
            (ReadOnlySpan gradient)
            (iterate.AsSpan())
            (probe.AsSpan())

        {
            state with
                Iterate = iterate
                Probe = probe
        }

    let private published<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (clamp: Clamp)
        (pressed: PressedRule<'T>)
        (stepSize: float)
        (gradient: 'T[])
        (state: FactorState<'T>)
        : FactorState<'T> =
        let momentum = 'T.CreateTruncating<float> pressed.Rule.Momentum
        let stored = Array.copy state.Probe
        let velocity = Array.copy state.Velocity

        Published.stepInPlace
            clamp
            ('T.CreateTruncating<float> stepSize)
            momentum
            momentum
            (ReadOnlySpan pressed.Gammas)
            (ReadOnlySpan gradient)
            (stored.AsSpan())
            (velocity.AsSpan())

        {
            state with
                Iterate = stored
                Probe = stored
                Velocity = velocity
        }

    /// One step of size η > 0 with the gradient at the probe. Writes to no argument. At double precision
    /// it is `Apg.step` with `pressed.Penalty`, bit for bit. Arrays of other lengths: ArgumentException. A new
    /// state costs copies: with 4,096 factors 0.07 ms a step by the fast form, up to 0.25 ms by the
    /// others, where the rest of a step takes tens of milliseconds.
    let step<'T
        when 'T: struct
        and 'T: (new: unit -> 'T)
        and 'T :> ValueType
        and 'T :> IFloatingPointIeee754<'T>>
        (pressed: PressedRule<'T>)
        (stepSize: float)
        (gradient: 'T[])
        (state: FactorState<'T>)
        : FactorState<'T> =
        let next =
            match pressed.Rule.Method, pressed.Rule.Penalty with
            | FactorMethod.Published clamp, _ -> published clamp pressed stepSize gradient state
            | FactorMethod.Apg, FactorPenalty.NonNegative -> fused pressed stepSize gradient state
            | FactorMethod.Apg,
              (FactorPenalty.L1 | FactorPenalty.Mcp _ | FactorPenalty.Scad _ | FactorPenalty.L0 | FactorPenalty.GroupL2) ->
                plain pressed stepSize gradient state

        let kept = 'T.CreateTruncating<float> Saliency.memory
        let fresh = 'T.One - kept

        {
            next with
                Squares =
                    Array.map2
                        (fun (s: 'T) (g: 'T) ->
                            let past: 'T = s * kept
                            let square: 'T = g * g
                            let now: 'T = square * fresh
                            past + now
                        )
                        state.Squares
                        gradient
                ZeroSteps =
                    Array.map2
                        (fun steps (value: 'T) -> if 'T.IsZero value then steps + 1 else 0)
                        state.ZeroSteps
                        next.Iterate
        }
