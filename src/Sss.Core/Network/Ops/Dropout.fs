namespace Sss.Core

/// Facts about `dropout`, which is known by its probability.
[<RequireQualifiedAccess>]
module internal Dropout =

    let word: Word<float> = {
        Name = "dropout"
        Example = "0.5"
        Arguments = [
            ArgumentSpec.positional "probability" (ArgumentKind.Real RealRange.ZeroToBelowOne)
        ]
        Make = Arguments.real "probability"
    }

    let facts (probability: float) : OpFacts<float> = {
        Word = word.Name
        Arguments = [ "probability", ArgumentValue.Real probability ]
        Output = Ok
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        // Random zeros and a scale: in training a constant other than 0 is none afterwards.
        Constants =
            fun _ reader states ->
                if reader.InTraining && probability > 0.0 then
                    Array.map Known.unlessDead states
                else
                    states
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun _ -> probability
        Family = Family.Other
        IsRandom = true
        KeepsInput = false
    }
