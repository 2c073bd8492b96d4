namespace Sss.Internal;

/// <summary>Counts the callers inside. After closing nobody can enter, and the caller waits until everybody has left.</summary>
internal sealed class Uses
{
    // Added to the count once it is closed.
    private const long Closed = 1L << 32;

    private readonly TaskCompletionSource empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long state;

    internal bool IsClosed => Interlocked.Read(ref state) >= Closed;

    /// <summary>Whether it is still open; then <see cref="Leave"/> has to follow.</summary>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref state) < Closed)
        {
            return true;
        }

        Leave();
        return false;
    }

    internal void Leave()
    {
        if (Interlocked.Decrement(ref state) == Closed)
        {
            empty.TrySetResult();
        }
    }

    /// <summary>Done when the last one has left; may be called more than once.</summary>
    internal Task CloseAsync()
    {
        if (Interlocked.Or(ref state, Closed) % Closed == 0)
        {
            empty.TrySetResult();
        }

        return empty.Task;
    }
}
