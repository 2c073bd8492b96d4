namespace Sss.Core

/// The sum of two sides: `residual`. A factor on its branch is no part of it.
[<RequireQualifiedAccess>]
module internal Sum =

    let facts: JoinFacts = {
        Word = "residual"
        Coupling = JoinCoupling.Together
        Output =
            fun sides ->
                match List.distinct sides with
                | [ shape ] -> Some shape
                | _ -> None
        Constants = Array.reduce (Array.map2 Known.plus)
        Carries = fun _ -> Array.reduce (Array.map2 (||))
        Needed = fun states needed -> Array.map (fun _ -> needed) states
    }
