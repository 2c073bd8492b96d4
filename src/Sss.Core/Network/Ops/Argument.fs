namespace Sss.Core

/// The real numbers that an argument may be.
[<RequireQualifiedAccess>]
type RealRange =
    | Any
    | Positive
    | ZeroToOne
    | ZeroToBelowOne

/// Ranges of arguments.
[<RequireQualifiedAccess>]
module RealRange =

    /// Whether a number is finite and in the range.
    let contains (value: float) (range: RealRange) : bool =
        System.Double.IsFinite value
        && (
            match range with
            | RealRange.Any -> true
            | RealRange.Positive -> value > 0.0
            | RealRange.ZeroToOne -> value >= 0.0 && value <= 1.0
            | RealRange.ZeroToBelowOne -> value >= 0.0 && value < 1.0
        )

    /// The range in words, for messages.
    let words (range: RealRange) : string =
        match range with
        | RealRange.Any -> "a number"
        | RealRange.Positive -> "a number above 0"
        | RealRange.ZeroToOne -> "a number from 0 to 1"
        | RealRange.ZeroToBelowOne -> "a number of at least 0 and below 1"

/// What an argument of a layer holds.
[<RequireQualifiedAccess>]
type ArgumentKind =
    /// A number of channels, features or groups: 1 to `ArgumentSpec.most`.
    | Count
    /// An extent on both axes, `S` or `SxS`, from `least` to `ArgumentSpec.most`.
    | Extent of least: int
    /// Padding: `S`, `SxS`, a number for each side (`TxLxBxR`), or `same`.
    | Padding
    | Real of RealRange
    /// `yes` or `no`.
    | Flag
    /// One of these words.
    | Choice of words: string list
    /// `KxK`.
    | Kernel
    /// `KxK` or `global`.
    | KernelOrGlobal
    /// A number, or channels in an order: `2x0x1`.
    | CountOrOrder

/// The value of an argument.
[<RequireQualifiedAccess>]
type ArgumentValue =
    | Count of int
    | Extent of Size
    | Padding of Padding
    | Real of float
    | Flag of bool
    | Global
    | Order of int list
    | Word of string
    /// It is not written, and may be left out.
    | Nothing

/// One argument of a layer.
[<NoEquality; NoComparison>]
type ArgumentSpec = {
    /// As messages call it; what the text writes before `=` where the argument is named.
    Name: string
    Kind: ArgumentKind
    /// Written `name=value`; otherwise it is known by its position.
    IsNamed: bool
    /// The value where none is written; it may depend on the other arguments. None: it must be written.
    Default: (Arguments -> ArgumentValue) option
}

/// The arguments of one layer.
and [<NoEquality; NoComparison>] Arguments = {
    /// What is written, by name.
    Written: Map<string, ArgumentValue>
    /// What the layer takes.
    Taken: ArgumentSpec list
    /// Whether a `bn` follows at once. Its shift makes a bias useless.
    BeforeNorm: bool
}

/// Arguments of layers.
[<RequireQualifiedAccess>]
module ArgumentSpec =

    /// The largest count and the largest extent.
    let most = 1_000_000

    /// An argument that is known by its position and must be written.
    let positional name kind : ArgumentSpec = {
        Name = name
        Kind = kind
        IsNamed = false
        Default = None
    }

    /// `name=value`, with what holds where it is not written.
    let named name kind (fallback: Arguments -> ArgumentValue) : ArgumentSpec = {
        Name = name
        Kind = kind
        IsNamed = true
        Default = Some fallback
    }

    /// An argument that may be left out and then has no value.
    let optional name kind isNamed : ArgumentSpec = {
        Name = name
        Kind = kind
        IsNamed = isNamed
        Default = Some(fun _ -> ArgumentValue.Nothing)
    }

    /// `name=value` that must be written.
    let required name kind : ArgumentSpec = {
        Name = name
        Kind = kind
        IsNamed = true
        Default = None
    }

    /// `name=value` with a fixed default.
    let namedOr name kind (fallback: ArgumentValue) : ArgumentSpec =
        named name kind (fun _ -> fallback)

/// Reading of arguments by an operation. The name must be one that the operation declares, and the
/// kind the declared one; anything else is a mistake in the operation's own file.
[<RequireQualifiedAccess>]
module Arguments =

    /// The written value, or the default.
    let value (name: string) (arguments: Arguments) : ArgumentValue =
        match Map.tryFind name arguments.Written with
        | Some value -> value
        | None ->
            match arguments.Taken |> List.tryFind (fun a -> a.Name = name) with
            | Some { Default = Some fallback } -> fallback arguments
            | Some { Default = None }
            | None -> invalidArg name "This argument has no value."

    let private mismatch name =
        invalidArg name "This argument is of another kind."

    let count name arguments : int =
        match value name arguments with
        | ArgumentValue.Count n -> n
        | _ -> mismatch name

    let extent name arguments : Size =
        match value name arguments with
        | ArgumentValue.Extent size -> size
        | _ -> mismatch name

    let padding name arguments : Padding =
        match value name arguments with
        | ArgumentValue.Padding padding -> padding
        | _ -> mismatch name

    let real name arguments : float =
        match value name arguments with
        | ArgumentValue.Real x -> x
        | _ -> mismatch name

    let flag name arguments : bool =
        match value name arguments with
        | ArgumentValue.Flag isSet -> isSet
        | _ -> mismatch name

    /// The number of an optional argument, where it is written.
    let tryCount name arguments : int option =
        match value name arguments with
        | ArgumentValue.Nothing -> None
        | _ -> Some(count name arguments)

    /// Whether the word of an optional argument is written.
    let isWritten (name: string) (arguments: Arguments) : bool = arguments.Written.ContainsKey name

    let word name arguments : string =
        match value name arguments with
        | ArgumentValue.Word word -> word
        | _ -> mismatch name

/// A word of the language that makes an operation.
[<NoEquality; NoComparison>]
type Word<'op> = {
    Name: string
    /// The arguments that must be written, as an example for messages; empty where there are none.
    Example: string
    /// Those known by position first; the others in the order in which they are printed.
    Arguments: ArgumentSpec list
    Make: Arguments -> 'op
}

/// Words of operations.
[<RequireQualifiedAccess>]
module Word =

    /// The word for what is made of its operation.
    let map (f: 'a -> 'b) (word: Word<'a>) : Word<'b> = {
        Name = word.Name
        Example = word.Example
        Arguments = word.Arguments
        Make = word.Make >> f
    }

    /// A word without arguments.
    let plain name (op: 'op) : Word<'op> = {
        Name = name
        Example = ""
        Arguments = []
        Make = fun _ -> op
    }
