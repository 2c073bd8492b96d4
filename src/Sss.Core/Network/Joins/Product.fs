namespace Sss.Core

/// The product of two sides: `gate`. The first side is what is gated. The second has its shape, or
/// one value per channel, which then counts for every position.
[<RequireQualifiedAccess>]
module internal Product =

    /// Whether a gate of this shape fits an input of that one.
    let fits (input: Shape) (gate: Shape) : bool =
        gate = input || gate = Shape.vector input.Channels

    let facts: JoinFacts = {
        Word = "gate"
        Coupling = JoinCoupling.Together
        Output =
            function
            | [ input; gate ] when fits input gate -> Some input
            | _ -> None
        Constants = Array.reduce (Array.map2 Known.product)
        // What is multiplied with 0 carries nothing.
        Carries =
            fun states carries ->
                let isDead =
                    states |> Array.map (Array.map Known.isDead) |> Array.reduce (Array.map2 (||))

                Array.reduce (Array.map2 (||)) carries
                |> Array.map2 (fun dead carries -> carries && not dead) isDead
        // What the other side multiplies with 0 may be anything, but one of the two has to be 0.
        Needed =
            fun states needed ->
                let isDead side = Array.map Known.isDead states[side]

                [|
                    Array.map3
                        (fun needed input gate -> needed && (input || not gate))
                        needed
                        (isDead 0)
                        (isDead 1)
                    Array.map2 (fun needed input -> needed && not input) needed (isDead 0)
                |]
    }
