namespace Sss;

/// <summary>
/// Height and width of a window in pixels: a kernel, a stride, a padding or a dilation. A parameter of this
/// type also accepts a number for a square, or a pair of height and width: <c>3</c>, <c>(3, 1)</c>.
/// </summary>
/// <param name="Height">Along the rows of an image.</param>
/// <param name="Width">Along its columns.</param>
public readonly record struct Size(int Height, int Width)
{
    /// <summary>The same value for height and width.</summary>
    public static implicit operator Size(int extent) => new(extent, extent);

    /// <summary>Height and width.</summary>
    public static implicit operator Size((int Height, int Width) extents) => new(extents.Height, extents.Width);

    /// <summary><c>HxW</c>, as the language writes it.</summary>
    public override string ToString() => $"{Height}x{Width}";

    internal Core.Size ToCore() => new(Height, Width);
}
