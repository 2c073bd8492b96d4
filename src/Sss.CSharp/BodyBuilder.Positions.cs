using Sss.Internal;

namespace Sss;

/// <content>Layers over positions, and orders of channels.</content>
public sealed partial class BodyBuilder
{
    /// <summary>
    /// Positions in a row, C×H×W to C×HW×1, with a trained number added at each.
    /// </summary>
    /// <param name="withClass">Puts a trained position in front: C×(HW+1)×1.</param>
    public BodyBuilder Tokens(bool withClass = false) =>
        Layer("tokens", Core.Op.NewTokens(new(withClass)));

    /// <summary>
    /// Multi-head self-attention over positions, with its output projection. Group factors after it are one per head;
    /// neuron factors are on the output projection.
    /// </summary>
    /// <param name="heads">The number of heads.</param>
    /// <param name="width">The channels of a head; null: the heads share the input's channels.</param>
    /// <param name="channels">The output channels; null: as many as come in.</param>
    public BodyBuilder Attention(int heads, int? width = null, int? channels = null) =>
        Layer("attention", Core.Op.NewAttention(new(heads, width.ToOption(), channels.ToOption())));

    /// <summary>The first position: C×1×1.</summary>
    public BodyBuilder PickFirst() => Layer("pick", Core.Op.Pick);

    /// <summary>Channel shuffle: the channels of the groups in turn.</summary>
    /// <param name="groups">Divides the channels.</param>
    public BodyBuilder Shuffle(int groups) =>
        Layer("shuffle", Core.Op.NewReorder(Core.Reorder.NewShuffle(groups)));

    /// <summary>The channels in another order: output channel o is input channel <c>order[o]</c>.</summary>
    /// <param name="order">Every channel from 0 on, once.</param>
    public BodyBuilder Shuffle(IReadOnlyList<int> order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return Layer("shuffle", Core.Op.NewReorder(Core.Reorder.NewListed(order.ToFSharpList())));
    }
}
