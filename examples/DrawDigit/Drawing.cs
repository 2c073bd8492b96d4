namespace DrawDigit;

/// <summary>Converts a drawing to the input image of a network.</summary>
public static class Drawing
{
    /// <summary>Pixels of a drawing's side.</summary>
    public const int Side = 128;

    /// <summary>Fainter pixels belong to the soft edge of a stroke.</summary>
    private const byte Faint = 64;

    /// <summary>
    /// What is drawn is cut out as a square, its longer side from edge to edge as in the training
    /// data, and scaled: each pixel of the result is the mean ink of the part that it covers.
    /// </summary>
    /// <param name="ink">Side × Side bytes, row by row, 255 for ink.</param>
    /// <param name="height">Of the result.</param>
    /// <param name="width">Of the result.</param>
    /// <returns>Height × width values from 0 to 1; null where nothing is drawn.</returns>
    public static float[]? Reduce(ReadOnlySpan<byte> ink, int height, int width)
    {
        int top = Side, bottom = -1, left = Side, right = -1;
        for (var i = 0; i < ink.Length; i++)
        {
            if (ink[i] >= Faint)
            {
                (top, bottom) = (Math.Min(top, i / Side), Math.Max(bottom, i / Side));
                (left, right) = (Math.Min(left, i % Side), Math.Max(right, i % Side));
            }
        }

        if (bottom < 0)
        {
            return null;
        }

        double size = Math.Max(bottom - top, right - left) + 1;
        var y0 = (top + bottom + 1 - size) / 2;
        var x0 = (left + right + 1 - size) / 2;
        var image = new float[height * width];
        for (var i = 0; i < image.Length; i++)
        {
            var (row, column) = (i / width, i % width);
            image[i] = (float)Mean(
                ink,
                (y0 + size * row / height, y0 + size * (row + 1) / height),
                (x0 + size * column / width, x0 + size * (column + 1) / width));
        }

        return image;
    }

    /// <summary>Mean ink of a rectangle, from 0 to 1; outside of the drawing there is none.</summary>
    private static double Mean(ReadOnlySpan<byte> ink, (double From, double To) y, (double From, double To) x)
    {
        double sum = 0;
        for (var row = Math.Max(0, (int)Math.Floor(y.From)); row < Math.Min(Side, y.To); row++)
        {
            for (var column = Math.Max(0, (int)Math.Floor(x.From)); column < Math.Min(Side, x.To); column++)
            {
                sum += ink[row * Side + column] * Overlap(row, y) * Overlap(column, x);
            }
        }

        return sum / (255 * (y.To - y.From) * (x.To - x.From));
    }

    /// <summary>How much of the pixel from n to n + 1 lies in a range.</summary>
    private static double Overlap(int n, (double From, double To) range) =>
        Math.Max(0, Math.Min(n + 1, range.To) - Math.Max(n, range.From));
}
