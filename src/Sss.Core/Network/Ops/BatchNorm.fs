namespace Sss.Core

/// Batch normalisation over channels. Scale, shift, running mean and variance: one value per channel each.
type BatchNorm = {
    /// Added to the variance.
    Eps: float
    /// The weight of the new batch in the running statistics.
    Momentum: float
}

/// Facts about `bn`.
[<RequireQualifiedAccess>]
module internal BatchNorm =

    /// What holds where a text says nothing; PyTorch's values.
    let defaults: BatchNorm = { Eps = 1e-5; Momentum = 0.1 }

    let word: Word<BatchNorm> = {
        Name = "bn"
        Example = ""
        Arguments = [
            ArgumentSpec.namedOr
                "eps"
                (ArgumentKind.Real RealRange.Positive)
                (ArgumentValue.Real defaults.Eps)
            ArgumentSpec.namedOr
                "momentum"
                (ArgumentKind.Real RealRange.ZeroToOne)
                (ArgumentValue.Real defaults.Momentum)
        ]
        Make =
            fun a -> {
                Eps = Arguments.real "eps" a
                Momentum = Arguments.real "momentum" a
            }
    }

    /// In evaluation the running statistics apply. In training a constant is its own mean over a
    /// batch, so that only the shift is left of it.
    let private constants (b: BatchNorm) (reader: ArrayReader) : Known[] -> Known[] =
        let normalise: int -> Known -> Known =
            match reader.Array with
            | None -> fun _ _ -> Known.Unknown
            | Some array when reader.InTraining ->
                fun channel _ -> Known.ofValue (array ArrayPart.Bias channel)
            | Some array ->
                let weight = array ArrayPart.Weight
                let bias = array ArrayPart.Bias
                let mean = array ArrayPart.Mean
                let var = array ArrayPart.Variance

                fun channel state ->
                    let x = Known.value state

                    weight channel * (x - mean channel) / sqrt (var channel + b.Eps) + bias channel
                    |> Known.ofValue

        OpFacts.apart (fun channel state ->
            if Known.isLive state then
                Known.Live
            else
                normalise channel state
        )

    /// (x − mean)/√(var + ε)·scale + shift, with the running statistics.
    let private affine
        (b: BatchNorm)
        (array: ArrayPart -> int -> float)
        : int -> struct (float * float) =
        let scale = array ArrayPart.Weight
        let shift = array ArrayPart.Bias
        let mean = array ArrayPart.Mean
        let var = array ArrayPart.Variance

        fun channel ->
            let gain = scale channel / sqrt (var channel + b.Eps)
            struct (gain, shift channel - mean channel * gain)

    let private array part role start decay channels : ArraySpec = {
        Part = part
        Shape = [ channels ]
        Role = role
        Axes = ArrayAxes.ByOutput
        Initial = ArrayStart.Value start
        Decay = decay
    }

    let facts (b: BatchNorm) : OpFacts<BatchNorm> = {
        Word = word.Name
        Arguments = [ "eps", ArgumentValue.Real b.Eps; "momentum", ArgumentValue.Real b.Momentum ]
        Output = Ok
        FixedOutput = None
        Arrays =
            fun input -> [
                array ArrayPart.Weight ArrayRole.NormScale 1.0 ArrayDecay.UnderFactor input.Channels
                array ArrayPart.Bias ArrayRole.NormShift 0.0 ArrayDecay.UnderFactor input.Channels
                array ArrayPart.Mean ArrayRole.RunningMean 0.0 ArrayDecay.Never input.Channels
                array
                    ArrayPart.Variance
                    ArrayRole.RunningVariance
                    1.0
                    ArrayDecay.Never
                    input.Channels
            ]
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Apart
        Constants = fun _ -> constants b
        Affine = Some(affine b)
        KeepsZero = false
        Carries = Carries.FactorsOfLayerBefore
        CancelsGain = true
        Takes = Takes.GainAndShift
        EndsScaledBranch = true
        Bias = None
        Narrow = fun _ -> b
        Family = Family.Norm
        IsRandom = false
        KeepsInput = true
    }
