using Sss.Internal;

namespace Sss;

/// <summary>The page of a run or a sweep.</summary>
public static class RunReport
{
    /// <summary>
    /// Writes <c>report.html</c> into the folder of a run (<see cref="TrainingOptions.RunFolder"/>, <c>sss train</c>) or of
    /// a sweep (<see cref="SweepOptions.Folder"/>, <c>sss sweep</c>): one page that opens offline. It is written completely
    /// or not at all. Runs and sweeps write theirs at their end; this writes it again, or one that was deleted.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The path of the page.</returns>
    /// <exception cref="SssException">The folder holds neither, a file is damaged, or the page cannot be written.</exception>
    public static string Write(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return Pages.Write(folder).OrThrow(Pages.Failure);
    }
}
