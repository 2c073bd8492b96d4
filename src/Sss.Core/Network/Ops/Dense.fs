namespace Sss.Core

/// A fully connected layer over its flattened input. Weights: out × in.
type Dense = { Out: int; Bias: bool }

/// Facts about `dense`.
[<RequireQualifiedAccess>]
module internal Dense =

    let word: Word<Dense> = {
        Name = "dense"
        Example = "classes"
        Arguments = [
            ArgumentSpec.positional "number of features" ArgumentKind.Count
            OpFacts.biasArgument
        ]
        Make =
            fun a -> {
                Out = Arguments.count "number of features" a
                Bias = Arguments.flag "bias" a
            }
    }

    let private reading (input: Shape) : Reading = {
        Groups = 1
        Taps = int (Shape.area input)
        IsPadded = false
        Block = 1
    }

    let facts (d: Dense) : OpFacts<Dense> = {
        Word = word.Name
        Arguments = [
            "number of features", ArgumentValue.Count d.Out
            "bias", ArgumentValue.Flag d.Bias
        ]
        Output =
            fun input ->
                if Shape.count input > int64 System.Int32.MaxValue then
                    Error [ ShapeProblem.TooManyFeatures input ]
                else
                    Ok(Shape.vector d.Out)
        FixedOutput = Some(Shape.vector d.Out)
        Arrays =
            fun input -> [
                OpFacts.weightArray ArrayAxes.ByOutputAndInput [ d.Out; int (Shape.count input) ]
                if d.Bias then
                    OpFacts.biasArray d.Out
            ]
        Macs = fun input _ -> Count.times (Shape.count input) (int64 d.Out)
        Coupling = Coupling.Reads reading
        Constants = fun input -> Linear.constants (reading input) d.Bias d.Out
        Affine = None
        KeepsZero = not d.Bias
        Carries = Carries.Factors Grouping.One
        CancelsGain = false
        Takes = Takes.GainAndShift
        EndsScaledBranch = true
        Bias = Some d.Bias
        Narrow = fun left -> { Out = left.Out; Bias = left.Bias }
        Family = Family.Weights
        IsRandom = false
        KeepsInput = true
    }
