namespace Sss;

/// <summary>
/// How pictures are cropped to the input size, and the random changes of training images, in the order in which they are
/// applied. A value of 0 or false switches a change off.
/// </summary>
public sealed record Augmentation
{
    /// <summary>The pixels of a picture's shorter side after it is scaled, before the central crop.</summary>
    public int Resize { get; init; }

    /// <summary>The colour that shows through the transparent parts of pictures; white where none is given.</summary>
    public Rgb Background { get; init; } = Rgb.White;

    /// <summary>
    /// Train on a random rectangle of at least this fraction of the image's area, scaled to the input
    /// (C. Szegedy et al., CVPR 2015, section 6); above 0 and at most 1.
    /// </summary>
    public double Area { get; init; }

    /// <summary>Zero padding in pixels on each side before a random crop of the original size.</summary>
    public int Crop { get; init; }

    /// <summary>Mirror half of the images left to right.</summary>
    public bool Flip { get; init; }

    /// <summary>
    /// Multiply brightness, contrast and saturation by random numbers from 1 − J to 1 + J (A. G. Howard, 2013);
    /// from 0 to 1.
    /// </summary>
    public double Jitter { get; init; }

    /// <summary>
    /// Standard deviation of noise along the principal axes of colour (A. Krizhevsky et al., NIPS 2012, section
    /// 4.1); from 0 to 1.
    /// </summary>
    public double Pca { get; init; }

    internal static Augmentation From(Core.Augment a) => new()
    {
        Resize = a.Resize,
        Background = Rgb.From(a.Background),
        Area = a.Area,
        Crop = a.Crop,
        Flip = a.Flip,
        Jitter = a.Jitter,
        Pca = a.Pca,
    };

    internal Core.Augment ToCore() => new(Resize, Background.ToCore(), Area, Crop, Flip, Jitter, Pca);
}
