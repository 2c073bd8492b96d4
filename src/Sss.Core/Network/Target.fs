namespace Sss.Core

/// A limit on the time of a prediction.
[<RequireQualifiedAccess>]
type LatencyLimit =
    | Milliseconds of float
    /// A fraction of the dense network's time in the same engine.
    | OfDense of float

/// What the selected network may cost at most. Every limit that is given must hold.
type Target = {
    /// A fraction of the dense network's macs.
    Macs: float option
    /// A fraction of the dense network's parameters.
    Params: float option
    /// Bytes of the selected network's ONNX file.
    Size: int64 option
    /// The time of one prediction.
    Latency: LatencyLimit option
}

/// Targets of a recipe.
[<RequireQualifiedAccess>]
module Target =

    /// No limit: γ decides how much is removed.
    let none: Target = {
        Macs = None
        Params = None
        Size = None
        Latency = None
    }

    /// Units of a size, each with its bytes.
    let sizeUnits = [ "kB", 1e3; "MB", 1e6 ]

    /// Bytes of a size: `value` times the bytes of its unit, 1 where none is written. With a unit, parts of a byte are left out.
    /// None: no file has that size.
    let bytes (unit: float) (value: float) : int64 option =
        let size = value * unit
        let isWhole = unit > 1.0 || size = floor size

        // float64 has all whole numbers up to 2^53.
        if size >= 1.0 && size <= 9007199254740992.0 && isWhole then
            Some(int64 size)
        else
            None

    /// Whether a number can be a fraction of what the dense network has.
    let isFraction (value: float) : bool = value > 0.0 && value <= 1.0

    /// Whether there is any limit.
    let isGiven (target: Target) : bool = target <> none

    /// The limits of `first`, and those of `second` that it does not give.
    let orElse (second: Target) (first: Target) : Target = {
        Macs = Option.orElse second.Macs first.Macs
        Params = Option.orElse second.Params first.Params
        Size = Option.orElse second.Size first.Size
        Latency = Option.orElse second.Latency first.Latency
    }
