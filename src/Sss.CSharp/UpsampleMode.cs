namespace Sss;

/// <summary>Where the new pixels of an enlarged image come from.</summary>
public enum UpsampleMode
{
    /// <summary>Each pixel is repeated.</summary>
    Nearest,

    /// <summary>Between the four pixels around it, as PyTorch's bilinear mode without aligned corners.</summary>
    Bilinear,
}
