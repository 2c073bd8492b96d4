namespace Sss.Cli

open System
open System.Globalization
open System.Text.RegularExpressions
open Argu

/// Numbers on the command line, checked before they are parsed.
[<RequireQualifiedAccess>]
module NumberWords =

    let private wholeNumber = Regex(@"^[+-]?[0-9]+$", RegexOptions.CultureInvariant)

    let private number =
        Regex(
            @"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(Infinity|NaN)$",
            RegexOptions.CultureInvariant
        )

    /// What is wrong with the word after a numeric option. There is one notation, regardless of the
    /// language of the system: .NET alone would read `1,5` as 15.
    let private faultOf (field: Type) (name: string) (value: string) : string option =
        if field = typeof<int> then
            if not (wholeNumber.IsMatch value) then
                Some $"{name}: '{value}' is not a whole number; write it like 20."
            else
                match
                    Int32.TryParse(
                        value,
                        NumberStyles.AllowLeadingSign,
                        CultureInfo.InvariantCulture
                    )
                with
                | true, _ -> None
                | _ -> Some $"{name}: {value} is too large; the largest is {Int32.MaxValue}."
        elif field = typeof<float> && not (number.IsMatch value) then
            Some $"{name}: '{value}' is not a number; write it like 0.1 or 1e-3."
        else
            None

    /// The first option whose number is not valid.
    let fault (parser: ArgumentParser<'T>) (args: string[]) : string option =
        let fields =
            Map.ofList [
                for case in parser.GetArgumentCases() do
                    match List.ofArray (case.UnionCaseInfo.GetFields()) with
                    | [ field ] ->
                        for name in case.CommandLineNames.Value do
                            name, field.PropertyType
                    | _ -> ()
            ]

        args
        |> Seq.indexed
        |> Seq.tryPick (fun (i, word) ->
            Map.tryFind word fields
            |> Option.filter (fun _ -> i + 1 < args.Length)
            |> Option.bind (fun field -> faultOf field word args[i + 1])
        )
