namespace Sss.Files

open System

/// The numbers of a constant. Reals of every precision are read as single, whole numbers and truth
/// values as 64 bits.
[<RequireQualifiedAccess>]
type internal Numbers =
    | Reals of float32[]
    | Wholes of int64[]

/// A constant of a graph; its numbers are in row-major order.
type internal Constant = { Dims: int list; Numbers: Numbers }

/// Constants.
[<RequireQualifiedAccess>]
module internal Constant =

    /// The number of values of these extents; None: beyond what an array holds, or an extent below 0.
    let tryCount (dims: int64 seq) : int option =
        let limit = int64 Array.MaxLength

        let count =
            dims
            |> Seq.fold
                (fun (count: int64) d ->
                    if count < 0L || d < 0L || d > limit then -1L
                    elif d <> 0L && count > limit / d then -1L
                    else count * d
                )
                1L

        if count < 0L then None else Some(int count)

    let count (dims: int list) : int = List.fold (*) 1 dims

    let length (c: Constant) : int =
        match c.Numbers with
        | Numbers.Reals data -> data.Length
        | Numbers.Wholes data -> data.Length

    let wholes dims (values: int64[]) : Constant = {
        Dims = dims
        Numbers = Numbers.Wholes values
    }

    let reals dims (values: float32[]) : Constant = {
        Dims = dims
        Numbers = Numbers.Reals values
    }

    /// A list of whole numbers.
    let ofList (values: int64 list) : Constant =
        wholes [ values.Length ] (Array.ofList values)

    /// Its values as single-precision numbers.
    let floats (c: Constant) : float32[] =
        match c.Numbers with
        | Numbers.Reals data -> data
        | Numbers.Wholes data -> Array.map float32 data

    /// Its values, if they are whole numbers.
    let tryWholes (c: Constant) : int64 list option =
        match c.Numbers with
        | Numbers.Reals _ -> None
        | Numbers.Wholes data -> Some(List.ofArray data)

    /// The shortest decimal number that is this one at single precision: 0.1f is 0.1.
    let decimal (value: float32) : float =
        if Single.IsFinite value then
            Double.Parse(
                value.ToString("R", Globalization.CultureInfo.InvariantCulture),
                Globalization.CultureInfo.InvariantCulture
            )
        else
            float value

    /// The only value, where there is one.
    let tryScalar (c: Constant) : float option =
        match c.Numbers with
        | Numbers.Reals [| value |] -> Some(decimal value)
        | Numbers.Wholes [| value |] -> Some(float value)
        | Numbers.Reals _
        | Numbers.Wholes _ -> None

    /// The same value everywhere: which one.
    let tryUniform (c: Constant) : float option =
        match c.Numbers with
        | Numbers.Reals data when data.Length > 0 && Array.forall (fun v -> v = data[0]) data ->
            Some(decimal data[0])
        | Numbers.Wholes data when data.Length > 0 && Array.forall (fun v -> v = data[0]) data ->
            Some(float data[0])
        | Numbers.Reals _
        | Numbers.Wholes _ -> None

    /// Values at these places, in their order.
    let pick dims (places: int[]) (c: Constant) : Constant = {
        Dims = dims
        Numbers =
            match c.Numbers with
            | Numbers.Reals data -> Numbers.Reals(places |> Array.map (fun i -> data[i]))
            | Numbers.Wholes data -> Numbers.Wholes(places |> Array.map (fun i -> data[i]))
    }

    let reshape dims (c: Constant) : Constant = { c with Dims = dims }

    /// The distance between neighbours along each axis.
    let strides (dims: int list) : int list = List.scanBack (*) dims 1 |> List.tail

    /// By place of an array of `dims`: the place in an array that is read with these strides.
    let places (dims: int list) (strides: int list) (first: int) : int[] =
        ([| first |], List.zip dims strides)
        ||> List.fold (fun bases (extent, stride) ->
            Array.collect (fun b -> Array.init extent (fun i -> b + i * stride)) bases
        )

    /// Its axes in another order.
    let transpose (order: int list) (c: Constant) : Constant =
        let own = strides c.Dims
        let dims = order |> List.map (fun axis -> c.Dims[axis])
        pick dims (places dims (order |> List.map (fun axis -> own[axis])) 0) c

    /// The extents that two arrays have together where one value stands for many.
    let tryBroadcast (a: int list) (b: int list) : int list option =
        let rank = max a.Length b.Length

        let filled (dims: int list) =
            List.replicate (rank - dims.Length) 1 @ dims

        let merged =
            List.map2
                (fun x y ->
                    if x = y || y = 1 then Some x
                    elif x = 1 then Some y
                    else None
                )
                (filled a)
                (filled b)

        if List.forall Option.isSome merged then
            Some(List.choose id merged)
        else
            None

    /// As many values as these extents have, each value standing for all that it covers.
    let broadcast (dims: int list) (c: Constant) : Constant =
        if c.Dims = dims then
            c
        else
            let filled = List.replicate (dims.Length - c.Dims.Length) 1 @ c.Dims

            let own =
                List.map2
                    (fun extent stride -> if extent = 1 then 0 else stride)
                    filled
                    (strides filled)

            pick dims (places dims own 0) c
