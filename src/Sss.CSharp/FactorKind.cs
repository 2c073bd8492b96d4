namespace Sss;

/// <summary>What a scaling factor can remove: a factor of exactly zero removes it.</summary>
public enum FactorKind
{
    /// <summary>One factor per output channel (or feature), on a convolution, a dense layer or the bn after one.</summary>
    Neuron,

    /// <summary>One factor per group, on a grouped convolution or the bn after one.</summary>
    Group,

    /// <summary>One factor for the whole branch of a residual.</summary>
    Block,

    /// <summary>
    /// One factor per channel for all layers whose channels are joined with those of this one, by sums, gates or
    /// depthwise convolutions: <c>@scale(neuron, shared)</c> of the language.
    /// </summary>
    Shared,
}

/// <summary>The shortcut of a residual, if it is not written out.</summary>
public enum Shortcut
{
    /// <summary>The identity; the branch must keep the shape.</summary>
    Identity,

    /// <summary>The identity where shapes agree, else a strided 1×1 convolution without bias and a bn.</summary>
    Auto,
}
