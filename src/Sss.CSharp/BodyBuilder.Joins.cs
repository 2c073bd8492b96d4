using Sss.Internal;

namespace Sss;

/// <content>Statements that join bodies.</content>
public sealed partial class BodyBuilder
{
    /// <summary>branch(x) + shortcut(x). A <see cref="Factor"/> after it multiplies the branch.</summary>
    /// <param name="branch">The part that selection may remove if it has a factor.</param>
    /// <param name="shortcut">The other side of the sum.</param>
    public BodyBuilder Residual(Action<BodyBuilder> branch, Shortcut shortcut = Shortcut.Identity)
    {
        Require(Enum.IsDefined(shortcut), nameof(shortcut), shortcut, "a kind of shortcut");
        return Add(new ResidualStatement(Inner(branch), shortcut, null));
    }

    /// <summary>branch(x) + shortcut(x) with the shortcut written out.</summary>
    /// <param name="branch">The part that selection may remove if it has a factor.</param>
    /// <param name="shortcut">The other side of the sum, which is kept.</param>
    public BodyBuilder Residual(Action<BodyBuilder> branch, Action<BodyBuilder> shortcut) =>
        Add(new ResidualStatement(Inner(branch), Shortcut.Identity, Inner(shortcut)));

    /// <summary>The channels of all branches, in order. <c>_ => { }</c> passes the input through.</summary>
    /// <param name="branches">At least two, of the same height and width.</param>
    public BodyBuilder Concat(params Action<BodyBuilder>[] branches)
    {
        ArgumentNullException.ThrowIfNull(branches);
        return Add(new ConcatStatement(Core.DraftReads.All, [.. branches.Select(Inner)]));
    }

    /// <summary>
    /// The channels in equal parts, one for each branch; the results are joined in order.
    /// <c>_ => { }</c> passes its part through.
    /// </summary>
    /// <param name="branches">At least two. Their number divides the channels.</param>
    public BodyBuilder Split(params Action<BodyBuilder>[] branches)
    {
        ArgumentNullException.ThrowIfNull(branches);
        return Add(new ConcatStatement(Core.DraftReads.EqualParts, [.. branches.Select(Inner)]));
    }

    /// <summary>The channels in parts of the given sizes, one for each branch; the results are joined in order.</summary>
    /// <param name="parts">The number of channels of each part; together those of the input.</param>
    /// <param name="branches">One for each part.</param>
    public BodyBuilder Split(IReadOnlyList<int> parts, params Action<BodyBuilder>[] branches)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(branches);
        foreach (var part in parts)
        {
            Require(part > 0, nameof(parts), part, "a number of channels of 1 or more");
        }

        return Add(new ConcatStatement(
            Core.DraftReads.NewParts(parts.ToFSharpList()),
            [.. branches.Select(Inner)]));
    }

    /// <summary>
    /// The input times what the body gives for it: one value per channel, or as many values as the input has. A
    /// body of a global pool and two 1×1 convolutions makes squeeze-and-excitation.
    /// </summary>
    /// <param name="body">What the input is multiplied with.</param>
    public BodyBuilder Gate(Action<BodyBuilder> body) => Add(new GateStatement(Inner(body)));

    /// <summary>
    /// A further output of the network: what the body gives for the value here, which itself goes on unchanged. Only in the
    /// network's own body, and not directly in <see cref="Repeat"/>.
    /// </summary>
    /// <param name="name">Its name, also in exported files.</param>
    /// <param name="body">At least one layer.</param>
    public BodyBuilder Output(string name, Action<BodyBuilder> body)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Add(new OutputStatement(Inner(body)) { Name = name });
    }

    /// <summary>
    /// Stochastic depth for the residual before it: in training its branch is left out for an image with this
    /// probability p, and is multiplied by 1/(1 − p) otherwise.
    /// </summary>
    /// <param name="probability">At least 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The statement before it is no residual.</exception>
    public BodyBuilder StochasticDepth(double probability)
    {
        Require(probability >= 0 && probability < 1, nameof(probability), probability, "a number of at least 0 and below 1");
        if (Last("stochastic depth") is not ResidualStatement residual)
        {
            throw new InvalidOperationException("Stochastic depth belongs to a residual.");
        }

        statements[^1] = residual with { Drop = probability };
        return this;
    }
}
