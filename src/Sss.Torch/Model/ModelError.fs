namespace Sss.Torch

/// Why no model can be made of a network and its numbers.
type ModelError =
    /// A network without these numbers.
    | MissingArray of key: string
    /// An array of another shape than the network's.
    | WrongArrayShape of key: string * expected: int list * found: int list
    /// Arrays together too large for one flat vector.
    | TooManyNumbers of count: int64 * limit: int64
    /// Two groups of parameters share memory: one of them would be updated twice.
    | SharedParameters of first: string * second: string

/// Wording.
[<RequireQualifiedAccess>]
module ModelError =

    let private dims (shape: int list) =
        shape |> List.map string |> String.concat "x"

    /// One line that says what is wrong.
    let message (error: ModelError) =
        match error with
        | MissingArray key ->
            $"The weights have no array `{key}`. Do the file and the network belong together?"
        | WrongArrayShape(key, expected, found) ->
            $"The array `{key}` is {dims found}; the network needs {dims expected}."
        | TooManyNumbers(count, limit) ->
            $"The network has {count} numbers of one sort; at most {limit} fit into one vector."
        | SharedParameters(first, second) ->
            $"`{first}` and `{second}` lie in the same memory; a step would update them twice. \
              This is a fault of this program, please report it."
