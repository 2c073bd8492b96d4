namespace Sss;

/// <summary>
/// Rows and columns of padding on each side of an image. A parameter of this type also accepts a number for all
/// sides, a pair (above and below, left and right), or four numbers in the order of the language:
/// <c>1</c>, <c>(1, 0)</c>, <c>(0, 1, 1, 0)</c>.
/// </summary>
/// <param name="Top">Rows above.</param>
/// <param name="Left">Columns on the left.</param>
/// <param name="Bottom">Rows below.</param>
/// <param name="Right">Columns on the right.</param>
public readonly record struct Padding(int Top, int Left, int Bottom, int Right)
{
    /// <summary>
    /// As much as makes the output as large as the input divided by the stride, rounded up; the odd row or column comes
    /// at the end.
    /// </summary>
    public static Padding Same { get; } = new() { IsSame = true };

    /// <summary>Whether this is <see cref="Same"/>, which depends on the input.</summary>
    public bool IsSame { get; private init; }

    /// <summary>The same on all sides.</summary>
    public static implicit operator Padding(int extent) => new(extent, extent, extent, extent);

    /// <summary>The height above and below, the width on the left and right.</summary>
    public static implicit operator Padding(Size size) => new(size.Height, size.Width, size.Height, size.Width);

    /// <summary>Rows above and below, columns on the left and right.</summary>
    public static implicit operator Padding((int Height, int Width) size) => (Size)size;

    /// <summary>Each side.</summary>
    public static implicit operator Padding((int Top, int Left, int Bottom, int Right) sides) =>
        new(sides.Top, sides.Left, sides.Bottom, sides.Right);

    /// <summary><c>HxW</c> where opposite sides are alike, else <c>TxLxBxR</c>, or <c>same</c>; as the language writes it.</summary>
    public override string ToString() => ToCore().ToString();

    internal Core.Padding ToCore() =>
        IsSame ? Core.Padding.Same : Core.Padding.NewSides(new(Top, Left, Bottom, Right));
}
