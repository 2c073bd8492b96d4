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

/// A finite number as digits write it.
let private tryReal (text: string) : float option =
    match System.Double.TryParse(text, style, CultureInfo.InvariantCulture) with
    | true, value when System.Double.IsFinite value && isDigit text[text.Length - 1] -> Some value
    | _ -> None

/// A number, or a size such as `3x3`.
type Numeral =
    | Real of float
    | Dims of int64 list

/// Units of the recipe, written right after their number.
let private units = "ms" :: List.map fst Target.sizeUnits

/// A number and its unit, where these come next.
let quantity: P<(Located<float> * string) option> =
    tryRead (
        syntax {
            let! isNumber = startsNumber

            if not isNumber then
                return None
            else
                let! { Value = text; Span = span } = located numeral

                return
                    units
                    |> List.tryFind text.EndsWith
                    |> Option.bind (fun unit ->
                        tryReal text[.. text.Length - unit.Length - 1]
                        |> Option.map (fun value -> { Value = value; Span = span }, unit)
                    )
        }
    )

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
                match tryReal text with
                | Some value -> return { Value = Real value; Span = span }
                | None -> return! failWith (SyntaxProblem.BadNumber text) span
    }
