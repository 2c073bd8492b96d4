namespace Sss.Core

/// What is known of one channel, for every image and at every position.
[<Struct; RequireQualifiedAccess>]
type Known =
    /// Nothing: it may depend on the image.
    | Live
    /// 0 everywhere.
    | Dead
    /// The same number everywhere, other than 0.
    | Constant of value: float
    /// The same number everywhere, but no weights are given that say which. It counts as other than 0.
    | Unknown

/// Facts about single channels.
[<RequireQualifiedAccess>]
module Known =

    /// A channel that is `value` everywhere. A value that is not finite promises nothing: the channel
    /// counts as live.
    let ofValue (value: float) : Known =
        if value = 0.0 then Known.Dead
        elif System.Double.IsFinite value then Known.Constant value
        else Known.Live

    let isLive (state: Known) =
        match state with
        | Known.Live -> true
        | Known.Dead
        | Known.Constant _
        | Known.Unknown -> false

    let isDead (state: Known) =
        match state with
        | Known.Dead -> true
        | Known.Live
        | Known.Constant _
        | Known.Unknown -> false

    /// 0 or another number everywhere.
    let isConstant (state: Known) = not (isLive state)

    /// A constant other than 0.
    let isOther (state: Known) =
        match state with
        | Known.Constant _
        | Known.Unknown -> true
        | Known.Live
        | Known.Dead -> false

    /// The number that a constant channel holds; 0 for a live one. Where the number is not known it is
    /// one other than 0.
    let value (state: Known) : float =
        match state with
        | Known.Constant value -> value
        | Known.Unknown -> 1.0
        | Known.Live
        | Known.Dead -> 0.0

    /// What a function of one number makes of a channel, applied at every position.
    let map (f: float -> float) (state: Known) : Known =
        match state with
        | Known.Live -> Known.Live
        | Known.Unknown -> Known.Unknown
        | Known.Dead -> ofValue (f 0.0)
        | Known.Constant value -> ofValue (f value)

    /// A channel times a number.
    let times (factor: float) (state: Known) : Known =
        match state with
        | Known.Live -> Known.Live
        | Known.Dead -> Known.Dead
        | Known.Constant value -> ofValue (factor * value)
        | Known.Unknown -> if factor = 0.0 then Known.Dead else Known.Unknown

    /// The sum of two channels.
    let plus (a: Known) (b: Known) : Known =
        match a, b with
        | Known.Live, _
        | _, Known.Live -> Known.Live
        | Known.Dead, other
        | other, Known.Dead -> other
        | Known.Unknown, _
        | _, Known.Unknown -> Known.Unknown
        | Known.Constant x, Known.Constant y -> ofValue (x + y)

    /// The product of two channels.
    let product (a: Known) (b: Known) : Known =
        match a, b with
        | Known.Dead, _
        | _, Known.Dead -> Known.Dead
        | Known.Live, _
        | _, Known.Live -> Known.Live
        | Known.Unknown, _
        | _, Known.Unknown -> Known.Unknown
        | Known.Constant x, Known.Constant y -> ofValue (x * y)

    /// Dead stays dead; of anything else nothing is known any more.
    let unlessDead (state: Known) : Known =
        if isDead state then Known.Dead else Known.Live
