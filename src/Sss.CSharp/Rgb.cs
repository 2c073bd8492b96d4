namespace Sss;

/// <summary>An opaque colour.</summary>
/// <param name="Red">From 0 to 255.</param>
/// <param name="Green">From 0 to 255.</param>
/// <param name="Blue">From 0 to 255.</param>
public readonly record struct Rgb(byte Red, byte Green, byte Blue)
{
    /// <summary>Paper.</summary>
    public static Rgb White { get; } = new(255, 255, 255);

    /// <summary>No light.</summary>
    public static Rgb Black { get; } = new(0, 0, 0);

    internal static Rgb From(Core.Rgb colour) => new(colour.Red, colour.Green, colour.Blue);

    internal Core.Rgb ToCore() => new(Red, Green, Blue);
}
