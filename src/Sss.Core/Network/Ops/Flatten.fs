namespace Sss.Core

/// Facts about `flatten`: C×H×W to (C·H·W)×1×1.
[<RequireQualifiedAccess>]
module internal Flatten =

    let word: Word<unit> = Word.plain "flatten" ()

    let facts: OpFacts<unit> = {
        Word = word.Name
        Arguments = []
        Output =
            fun input ->
                let count = Shape.count input

                if count > int64 System.Int32.MaxValue then
                    Error [ ShapeProblem.TooManyFeatures input ]
                else
                    Ok(Shape.vector (int count))
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        Coupling =
            Coupling.Moves(fun input -> OpFacts.spread (int (Shape.area input)) input.Channels)
        Constants = fun input _ -> Array.collect (Array.replicate (int (Shape.area input)))
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun _ -> ()
        Family = Family.Other
        IsRandom = false
        KeepsInput = false
    }
