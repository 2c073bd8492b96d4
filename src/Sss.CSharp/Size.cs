namespace Sss;

/// <summary>
/// Two extents of a window in pixels, height first: a kernel, a stride, a padding or a dilation. Where one
/// is requested, a number stands for a square and a pair for height and width: <c>3</c>, <c>(3, 1)</c>.
/// </summary>
/// <param name="Height">Along the rows of an image.</param>
/// <param name="Width">Along its columns.</param>
public readonly record struct Size(int Height, int Width)
{
    /// <summary>The same extent on both axes.</summary>
    public static implicit operator Size(int extent) => new(extent, extent);

    /// <summary>Height and width.</summary>
    public static implicit operator Size((int Height, int Width) extents) => new(extents.Height, extents.Width);

    /// <summary><c>HxW</c>, as the language writes it.</summary>
    public override string ToString() => $"{Height}x{Width}";

    internal Core.Size ToCore() => new(Height, Width);
}
