namespace Sss.Core

/// An iterative method that asks for one gradient per step: a pure pair `Init`/`Step` over an
/// explicit state.
[<RequireQualifiedAccess>]
type Method<'state> = {
    Name: string
    /// The state before the first step.
    Init: float[] -> 'state
    /// Where the next step wants its gradient.
    Probe: 'state -> float[]
    /// The point reached so far.
    Iterate: 'state -> float[]
    /// One step, given the gradient at the probe. Writes to no argument.
    Step: float[] -> 'state -> 'state
}

/// A method as an infinite, lazy sequence of states; stopping, thinning and watching are functions
/// put on from outside.
[<RequireQualifiedAccess>]
module Iteration =

    /// The start state and the states after each step, for ever. `gradient`: ∇G at a point.
    let states (method: Method<'state>) (gradient: float[] -> float[]) (x: float[]) : seq<'state> =
        seq {
            let mutable state = method.Init x

            while true do
                yield state
                state <- method.Step (gradient (method.Probe state)) state
        }

    /// All states up to and including the first that satisfies the condition.
    let halt (condition: 'state -> bool) (states: seq<'state>) : seq<'state> =
        seq {
            use source = states.GetEnumerator()
            let mutable running = true

            while running && source.MoveNext() do
                yield source.Current
                running <- not (condition source.Current)
        }

    /// The first state and every n-th after it. n below 1: ArgumentException.
    let sample (n: int) (states: seq<'state>) : seq<'state> =
        if n < 1 then
            invalidArg "n" $"Every n-th state needs n of 1 or more, not {n}."

        states |> Seq.indexed |> Seq.filter (fun (i, _) -> i % n = 0) |> Seq.map snd

    /// Runs an action on each state as it passes by; the states are untouched.
    let tee (action: 'state -> unit) (states: seq<'state>) : seq<'state> =
        states
        |> Seq.map (fun state ->
            action state
            state
        )
