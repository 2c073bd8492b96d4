namespace Sss.Internal;

/// <summary>Reading of a stream that may be longer than it should be.</summary>
internal static class PictureBytes
{
    /// <summary>Names a picture without a file in messages.</summary>
    internal const string Name = "the picture";

    private const int FirstRoom = 64 << 10;

    /// <summary>All of a stream; null where it is longer than <paramref name="most"/> bytes.</summary>
    internal static ReadOnlyMemory<byte>? Read(Stream stream, long most)
    {
        using var content = new MemoryStream(FirstRoom);
        var part = new byte[FirstRoom];
        for (var got = stream.Read(part); got > 0; got = stream.Read(part))
        {
            if (content.Length + got > most)
            {
                return null;
            }

            content.Write(part, 0, got);
        }

        return content.GetBuffer().AsMemory(0, (int)content.Length);
    }

    /// <summary>The same without blocking a thread.</summary>
    internal static async Task<ReadOnlyMemory<byte>?> ReadAsync(Stream stream, long most, CancellationToken stop)
    {
        using var content = new MemoryStream(FirstRoom);
        var part = new byte[FirstRoom];
        for (var got = await stream.ReadAsync(part, stop).ConfigureAwait(false);
            got > 0;
            got = await stream.ReadAsync(part, stop).ConfigureAwait(false))
        {
            if (content.Length + got > most)
            {
                return null;
            }

            content.Write(part, 0, got);
        }

        return content.GetBuffer().AsMemory(0, (int)content.Length);
    }
}
