namespace Sss.Dsl

open System

/// What the formatter sees of a text: words and marks, not what they mean.
[<RequireQualifiedAccess>]
type internal Token =
    /// A name, a keyword, a number, a size, `@scale`.
    | Word of string
    /// `{ } ( ) ; , : =`
    | Mark of char
    /// `+ - * /`, and whether there were spaces before and after it.
    | Operator of char * before: bool * behind: bool
    /// `// …` without the blanks at its end.
    | Comment of string
    | Newline

/// A token with its place in the text.
type internal PlacedToken = {
    Token: Token
    /// The index of its first character.
    Start: int
    /// The index after its last one.
    Stop: int
}

/// Cuts a text into tokens, whatever its form.
module internal Tokens =

    let private isInner (c: char) =
        System.Char.IsAsciiLetterOrDigit c || c = '_' || c = '.'

    let private isBlank c = c = ' ' || c = '\t'

    /// The end of a run of name characters, an exponent's sign included (`1e-4`).
    let private wordEnd (text: string) (start: int) : int =
        let run from =
            let mutable i = from

            while i < text.Length && isInner text[i] do
                i <- i + 1

            i

        let stop = run start

        let isMantissa =
            stop > start
            && System.Char.IsAsciiDigit text[start]
            && (text[stop - 1] = 'e' || text[stop - 1] = 'E')
            && Seq.forall
                (fun i -> System.Char.IsAsciiDigit text[i] || text[i] = '.')
                (seq { start .. stop - 2 })

        let isExponent =
            isMantissa
            && stop + 1 < text.Length
            && (text[stop] = '-' || text[stop] = '+')
            && System.Char.IsAsciiDigit text[stop + 1]

        if isExponent then run (stop + 1) else stop

    /// The tokens of a text in order, with their places.
    let placed (text: string) : PlacedToken[] =
        let tokens = ResizeArray<PlacedToken>()
        let mutable i = 0

        let add start token stop =
            tokens.Add {
                Token = token
                Start = start
                Stop = stop
            }

            stop

        let blankAt j =
            j < 0 || j >= text.Length || isBlank text[j] || text[j] = '\n' || text[j] = '\r'

        while i < text.Length do
            let c = text[i]

            if isBlank c then
                i <- i + 1
            elif c = '\n' || c = '\r' then
                let isPair = c = '\r' && i + 1 < text.Length && text[i + 1] = '\n'
                i <- add i Token.Newline (i + (if isPair then 2 else 1))
            elif c = '/' && i + 1 < text.Length && text[i + 1] = '/' then
                let next = text.AsSpan(i).IndexOfAny('\n', '\r')
                let stop = if next < 0 then text.Length else i + next
                i <- add i (Token.Comment(text.Substring(i, stop - i).TrimEnd())) stop
            elif isInner c || c = '@' then
                let stop = wordEnd text (if c = '@' then i + 1 else i)
                i <- add i (Token.Word(text.Substring(i, stop - i))) stop
            elif c = '+' || c = '-' || c = '*' || c = '/' then
                i <- add i (Token.Operator(c, blankAt (i - 1), blankAt (i + 1))) (i + 1)
            else
                i <- add i (Token.Mark c) (i + 1)

        tokens.ToArray()

    /// The tokens of a text in order.
    let scan (text: string) : Token[] = placed text |> Array.map _.Token
