/// Numbers and sizes. One of the three files that know FParsec.
module internal Sss.Dsl.Numerals

open System.Globalization
open FParsec
open Sss.Core
open Sss.Dsl.Lexeme

/// A run of digits, letters and dots, and the signed exponent of a number.
let private numeral: P<string> =
    fun stream ->
        let head = stream.ReadCharsOrNewlinesWhile((fun c -> isInner c || c = '.'), false)
        let next = stream.Peek()

        let isExponent =
            (head.EndsWith 'e' || head.EndsWith 'E')
            && (next = '-' || next = '+')
            && isDigit (stream.Peek 1)
            && head.TrimEnd('e', 'E') |> Seq.forall (fun c -> isDigit c || c = '.')

        Reply(
            if isExponent then
                head + stream.Read 1 + stream.ReadCharsOrNewlinesWhile(isInner, false)
            elif stream.Skip '%' then
                // Not a number, and the message says how a fraction is written.
                head + "%"
            else
                head
        )

let private style = NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent

/// A number, or a size such as `3x3`.
type Numeral =
    | Real of float
    | Dims of int64 list

/// A number or a size.
let number: P<Located<Numeral>> =
    syntax {
        let! isNumber = startsNumber

        if not isNumber then
            return! unexpected [ "a number" ]
        else
            let! { Value = text; Span = span } = located numeral

            if text.Contains 'x' then
                // More numbers than channels are no order either.
                let parts = text.Split('x', ArgumentSpec.most + 2)

                let isSize (part: string) =
                    part <> "" && part.Length <= 18 && Seq.forall isDigit part

                if Array.forall isSize parts then
                    return {
                        Value = Dims(parts |> Array.map int64 |> List.ofArray)
                        Span = span
                    }
                else
                    return! failWith (SyntaxProblem.BadDims text) span
            else
                match System.Double.TryParse(text, style, CultureInfo.InvariantCulture) with
                | true, value when System.Double.IsFinite value && isDigit text[text.Length - 1] ->
                    return { Value = Real value; Span = span }
                | _ -> return! failWith (SyntaxProblem.BadNumber text) span
    }
