namespace Sss.Files

open System
open System.Globalization

/// How two names differ that look the same.
[<RequireQualifiedAccess>]
type Likeness =
    | Capitals
    | Spaces
    /// Accented letters as one character in one name, and as a letter with marks in the other: what
    /// Linux and macOS store for the same keys.
    | UnicodeForm
    /// More than one of these.
    | Several

/// Comparison of names that are not the same.
[<RequireQualifiedAccess>]
module Likeness =

    let private isMark (c: char) =
        match CharUnicodeInfo.GetUnicodeCategory c with
        | UnicodeCategory.NonSpacingMark
        | UnicodeCategory.SpacingCombiningMark
        | UnicodeCategory.EnclosingMark -> true
        | _ -> false

    /// Korean syllables as the letters that they are made of (The Unicode Standard, section 3.12).
    let private letters (text: string) =
        let letter (c: char) =
            let index = int c - 0xAC00

            if index < 0 || index >= 11172 then
                string c
            else
                let last = index % 28

                String [|
                    char (0x1100 + index / 588)
                    char (0x1161 + index % 588 / 28)
                    if last > 0 then
                        char (0x11A7 + last)
                |]

        String.collect letter text

    /// Each letter with the marks that follow it.
    let private units (text: string) : string list =
        let add c units =
            match units with
            | next :: rest when next <> "" && isMark next[0] -> string c + next :: rest
            | _ -> string c :: units

        Seq.foldBack add (letters text) []

    /// The program runs without the Unicode tables of the system, so this compares unit by unit: a
    /// letter beyond ASCII may represent a letter with marks.
    let private isSameForm (a: string) (b: string) =
        let isOne (p: string) (q: string) =
            p.Length = 1 && p[0] > '\127' && q.Length > 1 && isMark q[1]

        let x, y = units a, units b

        x.Length = y.Length
        && List.forall2 (fun p q -> p = q || isOne p q || isOne q p) x y

    let private spaced (text: string) =
        String.Join(' ', text.Split([||]: char[]) |> Array.filter (fun part -> part <> ""))

    let private small (text: string) = text.ToLowerInvariant()

    /// How two different names are alike; None where they are not.
    let ofNames (a: string) (b: string) : Likeness option =
        if a = b then
            None
        elif small a = small b then
            Some Likeness.Capitals
        elif spaced a = spaced b then
            Some Likeness.Spaces
        elif isSameForm a b then
            Some Likeness.UnicodeForm
        elif isSameForm (small (spaced a)) (small (spaced b)) then
            Some Likeness.Several
        else
            None

    /// Names with different keys are not alike, which spares a comparison of all with all.
    let key (name: string) : string =
        let stays i (c: char) =
            c < '\128'
            && not (Char.IsWhiteSpace c)
            && not (i + 1 < name.Length && isMark name[i + 1])

        String(
            small name
            |> Seq.indexed
            |> Seq.filter (fun (i, c) -> stays i c)
            |> Seq.map snd
            |> Array.ofSeq
        )

    /// As the end of "the names differ only in …".
    let describe likeness =
        match likeness with
        | Likeness.Capitals -> "capital letters"
        | Likeness.Spaces -> "spaces"
        | Likeness.UnicodeForm -> "the Unicode form of accented letters (NFC and NFD)"
        | Likeness.Several -> "capital letters, spaces or the Unicode form of accented letters"
