namespace Sss.Core

/// Normalisation of each image over groups of channels and all positions (Y. Wu, K. He, "Group
/// Normalization", ECCV 2018). Scale and shift: one value per channel each.
type GroupNorm = {
    /// Divides the channels.
    Groups: int
    /// Added to the variance.
    Eps: float
}

/// Normalisation over all channels at each position of each image (J. Ba et al., "Layer
/// Normalization", 2016). Scale and shift: one value per channel each.
type LayerNorm = {
    /// Added to the variance.
    Eps: float
}

/// Facts about `groupnorm` and `layernorm`.
[<RequireQualifiedAccess>]
module internal GroupNorm =

    let private eps fallback =
        ArgumentSpec.namedOr
            "eps"
            (ArgumentKind.Real RealRange.Positive)
            (ArgumentValue.Real fallback)

    let word: Word<GroupNorm> = {
        Name = "groupnorm"
        Example = "4"
        Arguments = [ ArgumentSpec.positional "number of groups" ArgumentKind.Count; eps 1e-5 ]
        Make =
            fun a -> {
                Groups = Arguments.count "number of groups" a
                Eps = Arguments.real "eps" a
            }
    }

    let layerWord: Word<LayerNorm> = {
        Name = "layernorm"
        Example = ""
        Arguments = [ eps 1e-6 ]
        Make = fun a -> { Eps = Arguments.real "eps" a }
    }

    let private array part role start channels : ArraySpec = {
        Part = part
        Shape = [ channels ]
        Role = role
        Axes = ArrayAxes.ByOutput
        Initial = ArrayStart.Value start
        Decay = ArrayDecay.UnderFactor
    }

    /// A group that is 0 everywhere has mean and variance 0: its shift is left of it. Of a group with
    /// anything else in it every channel depends on the others.
    let private constants groups (reader: ArrayReader) (input: Known[]) : Known[] =
        let each = input.Length / groups

        let shift =
            match reader.Array with
            | Some array -> array ArrayPart.Bias >> Known.ofValue
            | None -> fun _ -> Known.Unknown

        let isDead =
            Array.init
                groups
                (fun g ->
                    System.ReadOnlySpan(input, g * each, each).ToArray()
                    |> Array.forall Known.isDead
                )

        Array.init input.Length (fun c -> if isDead[c / each] then shift c else Known.Live)

    /// Both: layer normalisation is that of one group, position by position.
    let private common word arguments groups output (narrow: Narrowing -> 'op) : OpFacts<'op> = {
        Word = word
        Arguments = arguments
        Output = output
        FixedOutput = None
        Arrays =
            fun input -> [
                array ArrayPart.Weight ArrayRole.NormScale 1.0 input.Channels
                array ArrayPart.Bias ArrayRole.NormShift 0.0 input.Channels
            ]
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Mixes groups
        Constants = fun _ -> constants groups
        Affine = None
        KeepsZero = false
        Carries =
            if groups > 1 then
                Carries.Factors(Grouping.Groups groups)
            else
                Carries.Nothing
        CancelsGain = false
        Takes = Takes.GainAndShift
        EndsScaledBranch = true
        Bias = None
        Narrow = narrow
        Family = Family.Norm
        IsRandom = false
        KeepsInput = true
    }

    let facts (g: GroupNorm) : OpFacts<GroupNorm> =
        let output (input: Shape) =
            if input.Channels % g.Groups <> 0 then
                Error [ ShapeProblem.GroupsDoNotDivide(g.Groups, input.Channels, true) ]
            else
                Ok input

        common
            word.Name
            [
                "number of groups", ArgumentValue.Count g.Groups
                "eps", ArgumentValue.Real g.Eps
            ]
            g.Groups
            output
            (fun left -> { g with Groups = left.Groups })

    let layerFacts (l: LayerNorm) : OpFacts<LayerNorm> =
        common layerWord.Name [ "eps", ArgumentValue.Real l.Eps ] 1 Ok (fun _ -> l)
