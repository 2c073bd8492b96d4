namespace Sss.Core

/// What a scaling factor switches.
type FactorKind =
    /// One factor per output channel (or feature) of a `conv`, `dwconv`, `dense` or the `bn` behind one.
    | Neuron
    /// One factor per group of a grouped convolution or of the `bn` behind one.
    | Group
    /// One factor for the whole branch of a residual block.
    | Block

/// The scaling factors λ of one declaration: `@scale(kind, gamma=…, init=…)`.
type Scale = {
    Kind: FactorKind
    /// How many factors: one a channel, a group, or the block.
    Count: int
    /// Multiplies the recipe's γ of this kind.
    Gamma: float
    /// The value that every λ starts at.
    Init: float
}

/// A convolution. Weights: out × in/groups × kernel height × kernel width.
type Conv = {
    Out: int
    Kernel: Size
    Stride: Size
    Pad: Size
    Dilation: Size
    /// At least 1; divides the channels in and out. Never a depthwise convolution in disguise: that
    /// is a kind of its own, whatever the numbers (a convolution with one channel in has one group).
    Groups: int
    Bias: bool
}

/// A depthwise convolution: one filter a channel. Weights: channels × 1 × kernel height × kernel width.
type DepthwiseConv = {
    Kernel: Size
    Stride: Size
    Pad: Size
    Dilation: Size
    Bias: bool
}

/// A fully connected layer over its flattened input. Weights: out × in.
type Dense = { Out: int; Bias: bool }

/// Batch normalisation over channels. Scale, shift, running mean and variance: one value a channel each.
type BatchNorm = {
    /// Added to the variance.
    Eps: float
    /// The weight of the new batch in the running statistics.
    Momentum: float
}

/// An element-wise function.
type Activation =
    | Relu
    | Relu6
    /// Slope of the negative side.
    | LeakyRelu of slope: float
    | Silu
    /// The exact form, x·Φ(x).
    | Gelu
    | Tanh
    | Sigmoid

/// The largest or the mean of a window.
type PoolKind =
    | Max
    /// Counts padded positions as zeros (PyTorch's default).
    | Average

/// A pooling layer; sizes, padding and counting as in PyTorch.
type Pool = {
    Kind: PoolKind
    Kernel: Size
    Stride: Size
    Pad: Size
    /// Output sizes are rounded up instead of down.
    Ceil: bool
}

/// What a layer does.
[<RequireQualifiedAccess>]
type Op =
    | Conv of Conv
    | DepthwiseConv of DepthwiseConv
    | Dense of Dense
    | BatchNorm of BatchNorm
    | Activation of Activation
    | Pool of Pool
    | GlobalPool of PoolKind
    | Dropout of probability: float
    | Flatten

/// Facts about operations that hold wherever they stand.
[<RequireQualifiedAccess>]
module Op =

    /// Every word that the language has for an operation.
    let words = [|
        "conv"
        "dwconv"
        "dense"
        "bn"
        "relu"
        "relu6"
        "leakyrelu"
        "silu"
        "gelu"
        "tanh"
        "sigmoid"
        "maxpool"
        "avgpool"
        "dropout"
        "flatten"
    |]

    /// The word that the language has for an activation.
    let activationWord =
        function
        | Relu -> "relu"
        | Relu6 -> "relu6"
        | LeakyRelu _ -> "leakyrelu"
        | Silu -> "silu"
        | Gelu -> "gelu"
        | Tanh -> "tanh"
        | Sigmoid -> "sigmoid"

    /// The word that the language has for an operation; also the stem of automatic names.
    let word =
        function
        | Op.Conv _ -> "conv"
        | Op.DepthwiseConv _ -> "dwconv"
        | Op.Dense _ -> "dense"
        | Op.BatchNorm _ -> "bn"
        | Op.Activation a -> activationWord a
        | Op.Pool { Kind = Max }
        | Op.GlobalPool Max -> "maxpool"
        | Op.Pool { Kind = Average }
        | Op.GlobalPool Average -> "avgpool"
        | Op.Dropout _ -> "dropout"
        | Op.Flatten -> "flatten"

    /// Whether it adds a bias of its own.
    let hasBias op =
        match op with
        | Op.Conv { Bias = bias }
        | Op.DepthwiseConv { Bias = bias }
        | Op.Dense { Bias = bias } -> bias
        | _ -> false

    /// The same with a bias, where it can have one.
    let withBias op =
        match op with
        | Op.Conv c -> Op.Conv { c with Bias = true }
        | Op.DepthwiseConv c -> Op.DepthwiseConv { c with Bias = true }
        | Op.Dense d -> Op.Dense { d with Bias = true }
        | op -> op

    /// Positions of a sliding window along one axis; 0 or less when the window does not fit.
    let private slide size kernel stride pad dilation =
        let reach = int64 dilation * (int64 kernel - 1L) + 1L
        let room = int64 size + 2L * int64 pad - reach

        if room < 0L then 0 else int (room / int64 stride) + 1

    /// PyTorch's rule for pools: with `ceil` a last window may hang over, but must start inside
    /// the input or its left padding.
    let private poolSlide size kernel stride pad ceil =
        let room = int64 size + 2L * int64 pad - int64 kernel

        if room < 0L then
            0
        elif not ceil then
            int (room / int64 stride) + 1
        else
            let count = (room + int64 stride - 1L) / int64 stride + 1L

            if (count - 1L) * int64 stride >= int64 size + int64 pad then
                int count - 1
            else
                int count

    let private convolved channels (kernel: Size) (stride: Size) (pad: Size) (dilation: Size) s = {
        Channels = channels
        Height = slide s.Height kernel.H stride.H pad.H dilation.H
        Width = slide s.Width kernel.W stride.W pad.W dilation.W
    }

    /// The output shape for an input shape. Extents below 1 mean that the window does not fit: the
    /// checker turns them into an error, and a checked network never holds one.
    let outputShape (op: Op) (s: Shape) : Shape =
        match op with
        | Op.Conv c -> convolved c.Out c.Kernel c.Stride c.Pad c.Dilation s
        | Op.DepthwiseConv c -> convolved s.Channels c.Kernel c.Stride c.Pad c.Dilation s
        | Op.Dense d -> Shape.vector d.Out
        | Op.BatchNorm _
        | Op.Activation _
        | Op.Dropout _ -> s
        | Op.Pool p -> {
            s with
                Height = poolSlide s.Height p.Kernel.H p.Stride.H p.Pad.H p.Ceil
                Width = poolSlide s.Width p.Kernel.W p.Stride.W p.Pad.W p.Ceil
          }
        | Op.GlobalPool _ -> Shape.vector s.Channels
        // A count beyond 31 bits cannot be a shape; 0 makes the checker refuse it.
        | Op.Flatten ->
            let n = Shape.count s

            if n > int64 System.Int32.MaxValue then
                Shape.vector 0
            else
                Shape.vector (int n)
