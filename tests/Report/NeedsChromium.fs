namespace Sss.Tests.Report

open Xunit

/// A fact that needs Chromium.
type NeedsChromium() as fact =
    inherit FactAttribute()

    do
        if Browser.program.IsNone then
            fact.Skip <- "Chromium is not there: Debian's package chromium has it"

/// A theory that needs Chromium.
type TheoryNeedsChromium() as theory =
    inherit TheoryAttribute()

    do
        if Browser.program.IsNone then
            theory.Skip <- "Chromium is not there: Debian's package chromium has it"
