namespace Sss.Core

open System

/// How far a computed point may be outside a set and still count as in it. Projections end in a
/// division or a sum, so their results miss a boundary by a few units in the last place.
[<RequireQualifiedAccess>]
module Rounding =

    /// The allowance for quantities of about the given size: 1e-10 relative, 1e-12 at least.
    let allowance (size: float) = 1e-10 * abs size + 1e-12

    /// a ≤ b, up to rounding.
    let atMost (a: float) (b: float) =
        a <= b + allowance (max (abs a) (abs b))

    /// 0 where a condition holds, +∞ where it does not: the indicator of a set.
    let indicator condition =
        if condition then 0.0 else Double.PositiveInfinity

/// Checks of constructors' parameters; the first that fails is the error.
[<RequireQualifiedAccess>]
module internal Require =

    /// Finite.
    let finite penalty parameter value =
        if Double.IsFinite value then
            Ok()
        else
            Error(PenaltyError.NotFinite(penalty, parameter, value))

    /// Finite and 0 or more.
    let atLeastZero penalty parameter value =
        finite penalty parameter value
        |> Result.bind (fun () ->
            if value >= 0.0 then
                Ok()
            else
                Error(PenaltyError.Negative(penalty, parameter, value))
        )

    /// Finite and more than 0.
    let positive penalty parameter value =
        finite penalty parameter value
        |> Result.bind (fun () ->
            if value > 0.0 then
                Ok()
            else
                Error(PenaltyError.NotPositive(penalty, parameter, value))
        )

    /// Finite and more than a bound.
    let above bound penalty parameter value =
        finite penalty parameter value
        |> Result.bind (fun () ->
            if value > bound then
                Ok()
            else
                Error(PenaltyError.TooSmall(penalty, parameter, value, bound))
        )

    /// Not an empty list.
    let filled penalty parameter (values: 'a seq) =
        if Seq.isEmpty values then
            Error(PenaltyError.IsEmpty(penalty, parameter))
        else
            Ok()

    /// A check of each value of an array, named `parameter[i]`.
    let each check penalty parameter (values: float[]) =
        values
        |> Seq.indexed
        |> Seq.tryPick (fun (i, value) ->
            match check penalty $"{parameter}[{i}]" value with
            | Ok() -> None
            | Error error -> Some error
        )
        |> Option.map Error
        |> Option.defaultValue (Ok())
