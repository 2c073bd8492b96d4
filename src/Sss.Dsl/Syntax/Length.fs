namespace Sss.Dsl

open System
open Sss.Core

/// Checks the length of a text before it is parsed: a text of ten megabytes can hold more statements than a
/// network may have layers, and parsing them all takes seconds and hundreds of megabytes.
[<RequireQualifiedAccess>]
module internal Length =

    /// Statements that a text may hold: the layers of the largest network, and what is around them.
    let private limit = Check.maxLayers + 1_000

    let private isBlank c = c = ' ' || c = '\t' || c = '\r'

    let private isSeparator c =
        c = ';' || c = '\n' || c = '{' || c = '}'

    /// A second part of the statement before it, not one of its own.
    let private continues (text: string) i =
        String.CompareOrdinal(text, i, "shortcut", 0, 8) = 0

    /// Where the first statement too many begins.
    let tooMany (text: string) : Span option =
        // Mutable for speed: this runs over every text. Checked against the parser by the tests.
        let mutable i = 0
        let mutable statements = 0
        let mutable atStart = true
        let mutable depth = 0
        let mutable line = 1
        let mutable lineStart = 0

        while i < text.Length && statements <= limit do
            let c = text[i]

            if c = '/' && i + 1 < text.Length && text[i + 1] = '/' then
                while i + 1 < text.Length && text[i + 1] <> '\n' do
                    i <- i + 1
            elif isSeparator c then
                atStart <- true
            elif not (isBlank c) then
                if atStart && depth = 0 && (Char.IsAsciiLetter c || c = '_') then
                    if not (continues text i) then
                        statements <- statements + 1

                if c = '(' then
                    depth <- depth + 1
                elif c = ')' then
                    depth <- max 0 (depth - 1)

                atStart <- false

            if statements <= limit then
                if c = '\n' then
                    line <- line + 1
                    lineStart <- i + 1

                i <- i + 1

        if statements > limit then
            Some {
                Line = line
                Column = i - lineStart + 1
                Length = 1
            }
        else
            None
