namespace Sss.Core

/// The part that an array plays in its layer: the last piece of its key, `LAYER.weight`.
[<RequireQualifiedAccess>]
type ArrayPart =
    | Weight
    | Bias
    | Mean
    | Variance
    /// Projections of attention; those of its values are `Weight` and `Bias`.
    | Query
    | QueryBias
    | Key
    | KeyBias
    /// What is added at each position.
    | Position
    /// A position that is put in front.
    | Token
    /// The scaling factors of a layer or a residual.
    | Factor

/// What an array is for, and so how it changes when its layer's output is scaled or shifted.
[<RequireQualifiedAccess>]
type ArrayRole =
    /// Multiplied with the input; scaling the output scales it.
    | Weight
    /// Added at the end; scaling the output scales it, shifting the output shifts it.
    | Bias
    /// Multiplied with the input, as `Weight`, for something that scaling the output does not scale.
    | InnerWeight
    /// Added to the product of an `InnerWeight`; scaling or shifting the output does not change it.
    | InnerBias
    /// Values of each channel that scaling or shifting the output does not change: a slope.
    | PerChannel
    /// The scale of a normalisation or of `layerscale`; scaling the output scales it.
    | NormScale
    /// The shift of a normalisation, as `Bias`.
    | NormShift
    /// A running mean: not trained, shifted with the input.
    | RunningMean
    /// A running variance: not trained.
    | RunningVariance

/// How an array's values belong to channels.
[<RequireQualifiedAccess>]
type ArrayAxes =
    /// A block of equally many values for every output channel.
    | ByOutput
    /// For every output channel a row, in which every input channel of its group has a block of
    /// `Reading.Taps` values.
    | ByOutputAndInput

/// The values of an array before training.
[<RequireQualifiedAccess>]
type ArrayStart =
    /// Normal with variance 2 / fan-in (He et al., "Delving Deep into Rectifiers", 2015, eq. 10).
    | He
    /// Normal around 0.
    | Normal of deviation: float
    | Value of float

/// Whether the recipe's decay (L2) acts on an array.
[<RequireQualifiedAccess>]
type ArrayDecay =
    | Always
    | Never
    /// Only where the layer carries a factor or ends a scaled branch: it would otherwise grow as the
    /// factor shrinks, and the penalised problem would have no minimum.
    | UnderFactor

/// One array of an operation, whose first axis runs over the output channels.
type ArraySpec = {
    Part: ArrayPart
    Shape: int list
    Role: ArrayRole
    Axes: ArrayAxes
    Initial: ArrayStart
    Decay: ArrayDecay
}
