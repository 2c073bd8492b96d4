namespace Sss.Torch

open Sss.Core

/// Memory that is needed at least, and what there is of it, in bytes.
type Need = {
    Bytes: int64
    Available: int64
    /// What it is needed for.
    Parts: (string * int64) list
    /// Layers, with the number of values that take the memory.
    Largest: (string * int64) list
    Remedy: string
}

/// Why a network and its numbers do not make a model.
type ModelError =
    /// A network without these numbers.
    | MissingArray of key: ArrayKey
    /// An array of another shape than the network's.
    | WrongArrayShape of key: ArrayKey * expected: int list * found: int list
    /// More weights, or values of an image, than one vector of LibTorch can hold. `what`: which of them;
    /// `largest`: the layers with the most weights.
    | TooManyNumbers of what: string * count: int64 * limit: int64 * largest: (string * int64) list
    /// More memory is needed than there is. `use`: what for; `parts`: of what and how many bytes.
    | TooMuchMemory of purpose: string * needs: Need
    /// A network whose scores overflow, for some of its inputs: how many, and of how many.
    | ScoresNotFinite of count: int * inputs: int
    /// Two groups of parameters share memory: one of them would be updated twice.
    | SharedParameters of first: string * second: string
    /// No penalty on the factors has this parameter, or this γ.
    | BadPenalty of PenaltyError

/// Wording.
[<RequireQualifiedAccess>]
module ModelError =

    let private grouped (n: int64) =
        n.ToString("N0", System.Globalization.CultureInfo.InvariantCulture)

    let private bytes (n: int64) =
        let gigabytes = float n / 1e9

        gigabytes.ToString("0.0", System.Globalization.CultureInfo.InvariantCulture)
        + " GB"

    let private layers what (largest: (string * int64) list) =
        let named =
            largest |> List.map (fun (name, count) -> $"`{name}` ({grouped count} {what})")

        match named with
        | [] -> ""
        | _ -> " The largest layers are " + String.concat ", " named + "."

    let private dims (shape: int list) =
        shape |> List.map string |> String.concat "x"

    /// One line that says what is wrong, in a caller's words.
    let messageIn (w: Wording) (error: ModelError) : string =
        match error with
        | MissingArray key ->
            $"The weights have no array `{ArrayKey.text key}`. Does the file belong to this network?"
        | WrongArrayShape(key, expected, found) ->
            $"The array `{ArrayKey.text key}` is {dims found}; the network needs {dims expected}."
        | TooManyNumbers(what, count, limit, largest) ->
            $"The network has {grouped count} {what}; at most {grouped limit} fit into one vector of LibTorch."
            + layers "weights" largest
            + " Make them smaller."
        | TooMuchMemory(purpose, needs) ->
            $"There is not enough memory for {purpose}: it needs at least {bytes needs.Bytes}, and there are \
              {bytes needs.Available}."
            + (needs.Parts
               |> List.map (fun (what, size) -> $" {what}: {bytes size}.")
               |> String.concat "")
            + layers "values" needs.Largest
            + $" {needs.Remedy}"
        | ScoresNotFinite(count, inputs) ->
            $"The scores of the network are not finite for {count} of {inputs} inputs: its weights are so \
              large that single precision overflows. Diverged training gives such weights; train \
              again with a smaller {w.Rate}, or start from other weights."
        | SharedParameters(first, second) ->
            $"`{first}` and `{second}` share the same memory; a step would update them twice. \
              This is a bug in this program; please report it."
        | BadPenalty error -> PenaltyError.message error

    /// The same in the words of the command line.
    let message (error: ModelError) : string = messageIn Wording.commandLine error
