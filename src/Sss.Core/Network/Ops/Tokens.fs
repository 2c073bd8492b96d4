namespace Sss.Core

/// Positions in a row, C×H×W to C×HW×1, with a trained number added at each (A. Dosovitskiy et al.,
/// "An Image Is Worth 16x16 Words", ICLR 2021).
type Tokens = {
    /// A trained position is put in front: C×(HW+1)×1.
    WithClass: bool
}

/// Facts about `tokens` and `pick`.
[<RequireQualifiedAccess>]
module internal Tokens =

    let word: Word<Tokens> = {
        Name = "tokens"
        Example = ""
        Arguments = [ ArgumentSpec.optional "class token" (ArgumentKind.Choice [ "class" ]) false ]
        Make =
            fun a -> {
                WithClass = Arguments.isWritten "class token" a
            }
    }

    let private count (t: Tokens) (input: Shape) : int64 =
        Shape.area input + (if t.WithClass then 1L else 0L)

    let private output (t: Tokens) (input: Shape) =
        let positions = count t input

        if positions > int64 ArgumentSpec.most then
            Error [ ShapeProblem.TooManyFeatures input ]
        else
            Ok(Shape.create input.Channels (int positions) 1)

    let private array part deviation shape : ArraySpec = {
        Part = part
        Shape = shape
        Role = ArrayRole.PerChannel
        Axes = ArrayAxes.ByOutput
        Initial = deviation
        Decay = ArrayDecay.Never
    }

    let facts (t: Tokens) : OpFacts<Tokens> = {
        Word = word.Name
        Arguments = [
            if t.WithClass then
                "class token", ArgumentValue.Word "class"
        ]
        Output = output t
        FixedOutput = None
        Arrays =
            fun input -> [
                array ArrayPart.Position (ArrayStart.Normal 0.02) [
                    input.Channels
                    int (count t input)
                ]
                if t.WithClass then
                    array ArrayPart.Token (ArrayStart.Value 0.0) [ input.Channels ]
            ]
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        // What is added differs from position to position.
        Constants = fun _ _ -> Array.map (fun _ -> Known.Live)
        Affine = None
        KeepsZero = false
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun _ -> t
        Family = Family.Other
        IsRandom = false
        KeepsInput = false
    }

    let pickWord: Word<unit> = {
        Name = "pick"
        Example = "first"
        Arguments = [ ArgumentSpec.positional "position" (ArgumentKind.Choice [ "first" ]) ]
        Make = ignore
    }

    let pickFacts: OpFacts<unit> = {
        Word = pickWord.Name
        Arguments = [ "position", ArgumentValue.Word "first" ]
        Output = fun input -> Ok(Shape.vector input.Channels)
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        Constants = fun _ _ -> id
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = ignore
        Family = Family.Other
        IsRandom = false
        KeepsInput = false
    }
