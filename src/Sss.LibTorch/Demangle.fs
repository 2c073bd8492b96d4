namespace Sss.Torch

open System

/// Names of C++ symbols (Itanium C++ ABI, section 5.1), as far as a person needs them to tell which
/// function is meant.
[<RequireQualifiedAccess>]
module internal Demangle =

    /// `12name…` at a place: the name and the place after it.
    let private part (symbol: string) (at: int) : struct (string * int) voption =
        let mutable stop = at

        while stop < symbol.Length && Char.IsAsciiDigit symbol[stop] do
            stop <- stop + 1

        match Int32.TryParse(symbol.AsSpan(at, stop - at)) with
        | true, length when length > 0 && length <= symbol.Length - stop ->
            ValueSome(struct (symbol.Substring(stop, length), stop + length))
        | _ -> ValueNone

    let private parts (symbol: string) (start: int) : string list =
        let rec go at found =
            match part symbol at with
            | ValueSome(struct (name, next)) -> go next (name :: found)
            | ValueNone -> List.rev found

        go start []

    /// The name with its namespaces, without arguments: `at::Tensor::add`. None: not such a name.
    let name (symbol: string) : string option =
        let start =
            if not (symbol.StartsWith("_Z", StringComparison.Ordinal)) then
                -1
            else
                // What precedes a nested name: `N`, `NK` (const), `TVN`, `TIN`, … (tables of a class).
                let mutable at = 2

                while at < symbol.Length && not (Char.IsAsciiDigit symbol[at]) && at < 6 do
                    at <- at + 1

                at

        let rest = if start < 0 then "" else symbol.Substring(2, start - 2)

        let isKnown =
            List.contains rest [ ""; "N"; "NK"; "TVN"; "TIN"; "TSN"; "TV"; "TI"; "TS"; "GVN" ]

        match (if start > 0 && isKnown then parts symbol start else []) with
        | [] -> None
        | found -> Some(String.Join("::", found))
