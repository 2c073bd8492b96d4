using Microsoft.FSharp.Core;

namespace Sss.Internal;

/// <summary>Reports of folders.</summary>
internal static class Pages
{
    /// <summary>Writes the page of a run or a sweep, whichever the folder holds.</summary>
    internal static FSharpResult<string, Sss.Report.ReportError> Write(string folder) =>
        Sss.Report.ReadSweep.isThere(folder) ? Sss.Report.Report.writeSweep(folder) : Sss.Report.Report.write(folder);

    /// <summary>The reason that there is no page, as an exception.</summary>
    internal static SssException Failure(Sss.Report.ReportError error)
    {
        if (error is Sss.Report.ReportError.BadText text)
        {
            return new SssException([.. text.Item3.Select(d => Diagnostic.From(text.path, text.text, d))]);
        }

        return new SssException(Sss.Report.ReportErrorModule.messageIn(Engine.Wording, error));
    }

    /// <summary>The same for a page that comes after everything else is saved.</summary>
    internal static string Unwritten(string folder, Sss.Report.ReportError error) =>
        $"The report was not written: {Failure(error).Message}\nEverything else is saved in {Core.Escape.line(folder)}; RunReport.Write writes the report later.";
}
