namespace Sss.Core

/// A stretch of one line of a source text. Lines and columns count from 1, columns in characters
/// (Unicode code points), a tab as one.
[<Struct>]
type Span = {
    Line: int
    Column: int
    /// In characters; at least 1 when drawn.
    Length: int
}

/// Whether a finding stops the work.
type Severity =
    | Failure
    | Warning

/// One finding, worded for a person. Where it is drawn (with the source line and a caret) is the
/// business of `Sss.Dsl`; what it says is fixed here.
type Diagnostic = {
    /// `SSSnnn`; stable, each with a page under `docs/errors`.
    Code: string
    Severity: Severity
    /// None: the finding is about a whole file or about something that has no text.
    Span: Span option
    /// One line: what is wrong.
    Message: string
    /// What was found, what was expected, and why; a line each.
    Notes: string list
    /// One concrete way out.
    Suggestion: string option
    /// For findings inside a `def` body: the definition's name and where it was called, innermost first.
    CalledFrom: (string * Span) list
}
