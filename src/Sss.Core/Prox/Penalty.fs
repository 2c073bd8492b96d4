namespace Sss.Core

open System

/// Writes prox_{step·f}(point) = argmin_u f(u) + ‖u − point‖²/(2·step) into `destination` and
/// returns f there. `destination` has the length of `point` and may be the same memory; it may not
/// overlap it in part.
type ProxKernel =
    delegate of step: float * point: ReadOnlySpan<float> * destination: Span<float> -> float

/// A function of a vector.
type ValueKernel = delegate of point: ReadOnlySpan<float> -> float

/// What is known of a penalty f besides its values. `true` is a promise that the tests hold it to;
/// `false` promises nothing.
[<RequireQualifiedAccess>]
type Traits = {
    /// f((1−t)x + ty) ≤ (1−t)f(x) + tf(y). All convex penalties here are closed and proper too.
    Convex: bool
    /// A sum over single coordinates: one coordinate of the prox depends on that coordinate alone.
    Separable: bool
    /// Positively homogeneous: f(tx) = t·f(x) for t > 0.
    Homogeneous: bool
    /// The indicator of a set: 0 on it, +∞ elsewhere. The prox is the projection, whatever the
    /// step.
    Set: bool
}

/// A penalty (regulariser) as a value. Build one with the modules of this folder.
[<RequireQualifiedAccess>]
type Penalty = {
    /// Name with parameters, for reports.
    Name: string
    Traits: Traits
    /// The length of the vectors it takes; None: any.
    Length: int option
    /// f; +∞ outside its domain. Membership of sets allows for rounding, see `Rounding`.
    Evaluate: ValueKernel
    /// The proximal operator, with f at the point it gives.
    Proximal: ProxKernel
    /// The convex conjugate f*(y) = sup_x ⟨x, y⟩ − f(x) in closed form; None where f is not convex.
    Conjugate: ValueKernel option
}

/// Why a penalty cannot be built.
[<RequireQualifiedAccess>]
type PenaltyError =
    /// A parameter is NaN or infinite.
    | NotFinite of penalty: string * parameter: string * value: float
    /// A parameter that must be 0 or more is less.
    | Negative of penalty: string * parameter: string * value: float
    /// A parameter that must be more than 0 is not.
    | NotPositive of penalty: string * parameter: string * value: float
    /// A parameter must exceed a bound other than 0.
    | TooSmall of penalty: string * parameter: string * value: float * bound: float
    /// A parameter that must not be 0 is.
    | IsZero of penalty: string * parameter: string
    /// A list that must hold something is empty.
    | IsEmpty of penalty: string * parameter: string
    /// Two parameters must have the same length.
    | LengthsDiffer of penalty: string * parameter: string * expected: int * found: int
    /// A lower bound exceeds its upper bound.
    | BoundsCross of penalty: string * index: int * lower: float * upper: float
    /// A group names a coordinate that does not exist.
    | NoSuchCoordinate of penalty: string * group: int * coordinate: int * length: int
    /// A coordinate is in two groups.
    | GroupsOverlap of penalty: string * coordinate: int
    /// The rule holds for convex penalties only.
    | NotConvex of rule: string * penalty: string
    /// The rule holds for separable penalties only.
    | NotSeparable of rule: string * penalty: string
    /// The rule holds for penalties that take vectors of any length.
    | FixedLength of rule: string * penalty: string * length: int
    /// Only the non-negative L1 takes lower bounds.
    | NoFloors of penalty: string

/// Penalties: evaluation and proximal operators.
[<RequireQualifiedAccess>]
module Penalty =

    let private requireLength (penalty: Penalty) length =
        match penalty.Length with
        | Some expected when expected <> length ->
            invalidArg "x" $"{penalty.Name} takes vectors of length {expected}, not {length}."
        | _ -> ()

    let private requireStep (step: float) =
        if not (Double.IsFinite step && step > 0.0) then
            invalidArg "step" $"The step size must be finite and more than 0, not {step}."

    /// f(x). A vector of a length that the penalty does not take is a mistake of the caller:
    /// ArgumentException.
    let value (penalty: Penalty) (x: float[]) : float =
        requireLength penalty x.Length
        penalty.Evaluate.Invoke(ReadOnlySpan x)

    /// Writes prox_{step·f}(x) into `destination` (which may be x itself) and returns f there;
    /// allocates nothing for separable penalties. Wrong lengths, or a step that is not finite and
    /// positive: ArgumentException.
    let proxInto (penalty: Penalty) (step: float) (x: float[]) (destination: float[]) : float =
        requireLength penalty x.Length
        requireStep step

        if destination.Length <> x.Length then
            invalidArg
                "destination"
                $"The destination has length {destination.Length}, the point {x.Length}."

        penalty.Proximal.Invoke(step, ReadOnlySpan x, Span destination)

    /// prox_{step·f}(x) as a new vector, and f there. Errors as in `proxInto`.
    let prox (penalty: Penalty) (step: float) (x: float[]) : float[] * float =
        let destination = Array.zeroCreate x.Length
        let value = proxInto penalty step x destination
        destination, value

/// The wording of penalty errors.
[<RequireQualifiedAccess>]
module PenaltyError =

    /// One sentence that names the penalty, the parameter and the bound.
    let message error =
        match error with
        | PenaltyError.NotFinite(penalty, parameter, value) ->
            $"{penalty}: {parameter} must be a finite number, not {value}."
        | PenaltyError.Negative(penalty, parameter, value) ->
            $"{penalty}: {parameter} must be 0 or more, not {value}."
        | PenaltyError.NotPositive(penalty, parameter, value) ->
            $"{penalty}: {parameter} must be more than 0, not {value}."
        | PenaltyError.TooSmall(penalty, parameter, value, bound) ->
            $"{penalty}: {parameter} must be more than {bound}, not {value}."
        | PenaltyError.IsZero(penalty, parameter) -> $"{penalty}: {parameter} must not be 0."
        | PenaltyError.IsEmpty(penalty, parameter) -> $"{penalty}: {parameter} must not be empty."
        | PenaltyError.LengthsDiffer(penalty, parameter, expected, found) ->
            $"{penalty}: {parameter} must have length {expected}, not {found}."
        | PenaltyError.BoundsCross(penalty, index, lower, upper) ->
            $"{penalty}: the lower bound {lower} exceeds the upper bound {upper} at index {index}."
        | PenaltyError.NoSuchCoordinate(penalty, group, coordinate, length) ->
            $"{penalty}: group {group} names coordinate {coordinate} of a vector of length {length} "
            + "(coordinates count from 0)."
        | PenaltyError.GroupsOverlap(penalty, coordinate) ->
            $"{penalty}: coordinate {coordinate} is in more than one group."
        | PenaltyError.NotConvex(rule, penalty) -> $"{rule}: {penalty} is not convex."
        | PenaltyError.NotSeparable(rule, penalty) -> $"{rule}: {penalty} is not separable."
        | PenaltyError.FixedLength(rule, penalty, length) ->
            $"{rule}: {penalty} takes only vectors of length {length}."
        | PenaltyError.NoFloors penalty ->
            $"{penalty}: factors can have lower bounds only with the non-negative L1."
