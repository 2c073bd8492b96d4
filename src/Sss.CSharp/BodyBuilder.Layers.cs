using Sss.Internal;

namespace Sss;

/// <content>The layers. Shapes and numbers are checked when the network is complete.</content>
public sealed partial class BodyBuilder
{
    /// <summary>A convolution. Weights: channels × channels in / groups × kernel height × kernel width.</summary>
    /// <param name="channels">The number of output channels.</param>
    /// <param name="kernel">The window, in pixels.</param>
    /// <param name="stride">Pixels from window to window; 1 where null.</param>
    /// <param name="pad">Zeros around the input; on each side dilation·(kernel − 1)/2 rounded down where null.</param>
    /// <param name="groups">Divides the numbers of input and output channels.</param>
    /// <param name="dilation">Pixels between the window's taps; 1 where null.</param>
    /// <param name="bias">Null: unless a bn follows directly in the same body.</param>
    public BodyBuilder Conv(
        int channels,
        Size kernel,
        Size? stride = null,
        Padding? pad = null,
        int groups = 1,
        Size? dilation = null,
        bool? bias = null)
    {
        var window = new Window(kernel, stride, pad, dilation);
        return Layer("conv", free => Core.Op.NewConv(new(
            channels,
            kernel.ToCore(),
            window.Stride,
            window.Pad,
            window.Dilation,
            groups,
            bias ?? free)));
    }

    /// <summary>A depthwise convolution: one filter per channel. Weights: channels × 1 × kernel height × kernel width.</summary>
    /// <param name="kernel">The window, in pixels.</param>
    /// <param name="stride">Pixels from window to window; 1 where null.</param>
    /// <param name="pad">Zeros around the input; on each side dilation·(kernel − 1)/2 rounded down where null.</param>
    /// <param name="dilation">Pixels between the window's taps; 1 where null.</param>
    /// <param name="bias">Null: unless a bn follows directly in the same body.</param>
    public BodyBuilder DepthwiseConv(
        Size kernel,
        Size? stride = null,
        Padding? pad = null,
        Size? dilation = null,
        bool? bias = null)
    {
        var window = new Window(kernel, stride, pad, dilation);
        return Layer("dwconv", free => Core.Op.NewDepthwiseConv(new(
            kernel.ToCore(),
            window.Stride,
            window.Pad,
            window.Dilation,
            bias ?? free)));
    }

    /// <summary>A transposed convolution. Weights: channels × channels in / groups × kernel height × kernel width.</summary>
    /// <param name="channels">The number of output channels.</param>
    /// <param name="kernel">The window, in pixels of the output.</param>
    /// <param name="stride">Pixels of the output for one of the input; 1 where null.</param>
    /// <param name="pad">What is left out of the output on each side; 0 where null.</param>
    /// <param name="outPad">Rows below and columns on the right that the output has more, less than the stride; 0 where null.</param>
    /// <param name="groups">Divides the numbers of input and output channels.</param>
    /// <param name="bias">Null: unless a bn follows directly in the same body.</param>
    public BodyBuilder Deconv(
        int channels,
        Size kernel,
        Size? stride = null,
        Size? pad = null,
        Size? outPad = null,
        int groups = 1,
        bool? bias = null) =>
        Layer("deconv", free => Core.Op.NewDeconv(new(
            channels,
            kernel.ToCore(),
            (stride ?? 1).ToCore(),
            (pad ?? 0).ToCore(),
            (outPad ?? 0).ToCore(),
            groups,
            bias ?? free)));

    /// <summary>A fully connected layer over its flattened input. Weights: features × values in.</summary>
    /// <param name="features">The number of outputs; <see cref="Classes"/> in the last layer.</param>
    /// <param name="bias">Null: unless a bn follows directly in the same body.</param>
    public BodyBuilder Dense(int features, bool? bias = null) =>
        Layer("dense", free => Core.Op.NewDense(new(features, bias ?? free)));

    /// <summary>Batch normalisation over channels, or over features after a dense layer.</summary>
    /// <param name="eps">Added to the variance; above 0.</param>
    /// <param name="momentum">The weight of a new batch in the running statistics, from 0 to 1.</param>
    public BodyBuilder BatchNorm(double eps = 1e-5, double momentum = 0.1) =>
        Layer("bn", Core.Op.NewBatchNorm(new(eps, momentum)));

    /// <summary>Normalisation of each image over groups of channels and all positions.</summary>
    /// <param name="groups">Divides the number of channels.</param>
    /// <param name="eps">Added to the variance; above 0.</param>
    public BodyBuilder GroupNorm(int groups, double eps = 1e-5) =>
        Layer("groupnorm", Core.Op.NewGroupNorm(new(groups, eps)));

    /// <summary>Normalisation over all channels at each position of each image.</summary>
    /// <param name="eps">Added to the variance; above 0.</param>
    public BodyBuilder LayerNorm(double eps = 1e-6) => Layer("layernorm", Core.Op.NewLayerNorm(new(eps)));

    /// <summary>Local response normalisation: x / (k + alpha/size · Σ x²)^beta over neighbouring channels.</summary>
    /// <param name="size">The number of neighbouring channels, the channel itself among them.</param>
    /// <param name="alpha">Above 0.</param>
    /// <param name="beta">The exponent.</param>
    /// <param name="k">Above 0.</param>
    public BodyBuilder LocalResponseNorm(int size, double alpha = 1e-4, double beta = 0.75, double k = 1) =>
        Layer("lrn", Core.Op.NewLocalResponse(new(size, alpha, beta, k)));

    /// <summary>max(x, 0).</summary>
    public BodyBuilder Relu() => Activation(Core.Activation.Relu);

    /// <summary>min(max(x, 0), 6).</summary>
    public BodyBuilder Relu6() => Activation(Core.Activation.Relu6);

    /// <summary>x, or slope·x where x is negative.</summary>
    public BodyBuilder LeakyRelu(double slope = 0.01) => Activation(Core.Activation.NewLeakyRelu(slope));

    /// <summary>x·sigmoid(x).</summary>
    public BodyBuilder Silu() => Activation(Core.Activation.Silu);

    /// <summary>x·Φ(x), the exact form.</summary>
    public BodyBuilder Gelu() => Activation(Core.Activation.Gelu);

    /// <summary>x·min(max(x + 3, 0), 6)/6.</summary>
    public BodyBuilder HardSwish() => Activation(Core.Activation.HardSwish);

    /// <summary>min(max(x + 3, 0), 6)/6.</summary>
    public BodyBuilder HardSigmoid() => Activation(Core.Activation.HardSigmoid);

    /// <summary>x·tanh(ln(1 + exp(x))).</summary>
    public BodyBuilder Mish() => Activation(Core.Activation.Mish);

    /// <summary>x, or alpha·(exp(x) − 1) where x is negative.</summary>
    public BodyBuilder Elu(double alpha = 1) => Activation(Core.Activation.NewElu(alpha));

    /// <summary>x, or slope·x where x is negative, with a trained slope for each channel that starts at 0.25.</summary>
    public BodyBuilder PRelu() => Layer("prelu", Core.Op.PRelu);

    /// <summary>x times a trained number for each channel.</summary>
    /// <param name="init">The numbers before training.</param>
    public BodyBuilder LayerScale(double init = 1e-6) => Layer("layerscale", Core.Op.NewLayerScale(new(init)));

    /// <summary>The hyperbolic tangent.</summary>
    public BodyBuilder Tanh() => Activation(Core.Activation.Tanh);

    /// <summary>1/(1 + exp(−x)).</summary>
    public BodyBuilder Sigmoid() => Activation(Core.Activation.Sigmoid);

    /// <summary>The largest value of a window; sizes and padding as in PyTorch.</summary>
    /// <param name="window">In pixels.</param>
    /// <param name="stride">Pixels from window to window; the window where null.</param>
    /// <param name="pad">At most half the window on each side; none where null.</param>
    /// <param name="ceil">Round sizes up instead of down.</param>
    public BodyBuilder MaxPool(Size window, Size? stride = null, Padding? pad = null, bool ceil = false) =>
        Pool("maxpool", Core.PoolKind.Max, window, stride, pad, ceil, false);

    /// <summary>The mean of a window; sizes and padding as in PyTorch.</summary>
    /// <param name="window">In pixels.</param>
    /// <param name="stride">Pixels from window to window; the window where null.</param>
    /// <param name="pad">At most half the window on each side; none where null.</param>
    /// <param name="ceil">Round sizes up instead of down.</param>
    /// <param name="countPad">Count padding as zeros; otherwise only positions of the input count.</param>
    public BodyBuilder AveragePool(
        Size window,
        Size? stride = null,
        Padding? pad = null,
        bool ceil = false,
        bool countPad = true) =>
        Pool("avgpool", Core.PoolKind.Average, window, stride, pad, ceil, countPad);

    /// <summary>The largest value of each channel: C×1×1.</summary>
    public BodyBuilder GlobalMaxPool() => Layer("maxpool", Core.Op.NewGlobalPool(Core.PoolKind.Max));

    /// <summary>The mean of each channel: C×1×1.</summary>
    public BodyBuilder GlobalAveragePool() => Layer("avgpool", Core.Op.NewGlobalPool(Core.PoolKind.Average));

    /// <summary>An image a whole number of times as high and wide.</summary>
    /// <param name="factor">How many times.</param>
    /// <param name="mode">Where the new pixels come from.</param>
    /// <exception cref="ArgumentOutOfRangeException">The mode is not one of the enumeration.</exception>
    public BodyBuilder Upsample(int factor, UpsampleMode mode = UpsampleMode.Nearest)
    {
        Require(Enum.IsDefined(mode), nameof(mode), mode, "a mode of enlarging");
        return Layer("upsample", Core.Op.NewUpsample(new(
            factor,
            mode == UpsampleMode.Nearest ? Core.UpsampleMode.Nearest : Core.UpsampleMode.Bilinear)));
    }

    /// <summary>In training, zeroes values at random and scales the rest by 1/(1 − probability).</summary>
    /// <param name="probability">At least 0 and below 1.</param>
    public BodyBuilder Dropout(double probability) => Layer("dropout", Core.Op.NewDropout(probability));

    /// <summary>C×H×W to (C·H·W)×1×1. A dense layer flattens its input itself.</summary>
    public BodyBuilder Flatten() => Layer("flatten", Core.Op.Flatten);

    private BodyBuilder Activation(Core.Activation activation) =>
        Layer(Core.ActivationModule.word(activation), Core.Op.NewActivation(activation));

    private BodyBuilder Pool(
        string word,
        Core.PoolKind kind,
        Size window,
        Size? stride,
        Padding? pad,
        bool ceil,
        bool countPad) =>
        Layer(word, Core.Op.NewPool(new(
            kind,
            window.ToCore(),
            (stride ?? window).ToCore(),
            (pad ?? 0).ToCore(),
            ceil,
            countPad)));

    private BodyBuilder Layer(string word, Core.Op op) => Layer(word, _ => op);

    private BodyBuilder Layer(string word, Func<bool, Core.Op> op) => Add(new LayerStatement(word, op));

    /// <summary>The defaults of a convolution's window.</summary>
    private readonly struct Window(Size kernel, Size? stride, Padding? pad, Size? dilation)
    {
        private const int Most = 1_000_000;

        internal Core.Size Stride { get; } = (stride ?? 1).ToCore();

        internal Core.Size Dilation { get; } = (dilation ?? 1).ToCore();

        internal Core.Padding Pad { get; } = (pad ?? Same(kernel, dilation ?? 1)).ToCore();

        private static Size Same(Size kernel, Size dilation) =>
            new(Half(kernel.Height, dilation.Height), Half(kernel.Width, dilation.Width));

        // Kept in range regardless of the numbers: the checker names the wrong one.
        private static int Half(long kernel, long dilation) =>
            (int)Math.Clamp(dilation * (kernel - 1) / 2, 0, Most);
    }
}
