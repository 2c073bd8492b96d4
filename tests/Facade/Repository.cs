namespace Sss.Facade.Tests;

/// <summary>Files of the repository, from wherever the tests run.</summary>
internal static class Repository
{
    internal static string File(params string[] parts)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(folder.FullName, "Sss.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("the tests run outside the repository");
        }

        return Path.Combine([folder.FullName, .. parts]);
    }
}
