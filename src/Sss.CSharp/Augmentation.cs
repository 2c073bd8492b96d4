using Microsoft.FSharp.Core;

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
    /// Make so many changes of position and colour, each drawn from torchvision's set (E. D. Cubuk et al., NeurIPS 2020); 0:
    /// none. Not with masks, nor where black and white of the images are not known.
    /// </summary>
    public int RandAugment { get; init; }

    /// <summary>How strong the changes of <see cref="RandAugment"/> are, from 0 to 30.</summary>
    public int RandAugmentMagnitude { get; init; } = 9;

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

    /// <summary>
    /// The probability that a random rectangle becomes the mean of the training images (Z. Zhong et al., AAAI 2020); from 0
    /// to 1.
    /// </summary>
    public double Erase { get; init; }

    /// <summary>
    /// Mix each image and its targets with another one: α of the beta distribution of its own part (H. Zhang et al., ICLR
    /// 2018); 0 or more. Not with masks.
    /// </summary>
    public double Mixup { get; init; }

    /// <summary>
    /// Put a rectangle of another image into each, and mix the targets by area: α of the beta distribution of the part that
    /// stays (S. Yun et al., ICCV 2019); 0 or more. With <see cref="Mixup"/>, each has half of the images. Not with masks.
    /// </summary>
    public double Cutmix { get; init; }

    internal static Augmentation From(Core.Augment a) => new()
    {
        Resize = a.Resize,
        Background = Rgb.From(a.Background),
        Area = a.Area,
        Crop = a.Crop,
        Flip = a.Flip,
        Jitter = a.Jitter,
        Pca = a.Pca,
        RandAugment = a.Rand?.Value.Count ?? 0,
        RandAugmentMagnitude = a.Rand?.Value.Magnitude ?? 9,
        Erase = a.Erase,
        Mixup = a.Mixup,
        Cutmix = a.Cutmix,
    };

    internal Core.Augment ToCore() =>
        new(
            Resize,
            Background.ToCore(),
            Area,
            Crop,
            Flip,
            RandAugment == 0
                ? FSharpOption<Core.RandAugmentation>.None
                : FSharpOption<Core.RandAugmentation>.Some(new(RandAugment, RandAugmentMagnitude)),
            Jitter,
            Pca,
            Erase,
            Mixup,
            Cutmix);
}
