namespace Sss.Files

open FsToolkit.ErrorHandling

/// Operations on constants. What they give is a constant.
[<RequireQualifiedAccess>]
module internal Fold =

    /// Values that a constant made here may have: sizes and masks, and weights in another order.
    let private most = 1L <<< 28

    let private checked' (dims: int list) : Result<int list, string> =
        match Constant.tryCount (Seq.map int64 dims) with
        | Some count when int64 count <= most -> Ok dims
        | Some _
        | None -> Error "the constant that it gives would be too large"

    let private slice (inputs: Constant option list) n (c: Constant) =
        result {
            let! parts = Extents.slices inputs n c.Dims
            let strides = Constant.strides c.Dims
            let first = List.map2 (fun struct (f, _, _) s -> f * s) parts strides |> List.sum
            let dims = parts |> List.map (fun struct (_, _, count) -> count)

            let places =
                Constant.places
                    dims
                    (List.map2 (fun struct (_, step, _) s -> step * s) parts strides)
                    first

            return Constant.pick dims places c
        }

    let private gather n (data: Constant) (index: Constant) =
        result {
            let! axis = Extents.axis data.Dims.Length (Setting.whole "axis" 0L n)

            let! wanted =
                Constant.tryWholes index |> Result.requireSome "its indices are not whole"

            let extent = data.Dims[axis]
            let places = wanted |> List.map (fun i -> if i < 0L then i + int64 extent else i)

            if places |> List.exists (fun i -> i < 0L || i >= int64 extent) then
                return! Error "an index is outside of what it reads"

            let before, rest = List.splitAt axis data.Dims
            let! dims = checked' (before @ index.Dims @ rest.Tail)
            let inner = Constant.count rest.Tail

            let chosen = [|
                for outer in 0 .. Constant.count before - 1 do
                    for place in places do
                        let first = (outer * extent + int place) * inner
                        yield! [| first .. first + inner - 1 |]
            |]

            return Constant.pick dims chosen data
        }

    let private concat n (parts: Constant list) =
        result {
            let rank = parts.Head.Dims.Length
            let! axis = Extents.axis rank (Setting.whole "axis" 0L n)

            let others (c: Constant) =
                c.Dims |> List.indexed |> List.filter (fun (i, _) -> i <> axis)

            if
                parts
                |> List.exists (fun c -> c.Dims.Length <> rank || others c <> others parts.Head)
            then
                return! Error "its inputs do not fit together"

            let before = List.take axis parts.Head.Dims
            let extent = parts |> List.sumBy (fun c -> c.Dims[axis])
            let! dims = checked' (before @ extent :: List.skip (axis + 1) parts.Head.Dims)

            let rows (read: Constant -> 'T[]) : 'T[] =
                let data =
                    parts
                    |> List.map (fun c -> read c, Constant.length c / max 1 (Constant.count before))

                Array.concat [
                    for outer in 0 .. Constant.count before - 1 do
                        for values, each in data do
                            Array.sub values (outer * each) each
                ]

            let all = parts |> List.map Constant.tryWholes

            return
                if List.forall Option.isSome all then
                    Constant.wholes
                        dims
                        (rows (fun c ->
                            match c.Numbers with
                            | Numbers.Wholes data -> data
                            | Numbers.Reals _ -> [||]
                        ))
                else
                    Constant.reals dims (rows Constant.floats)
        }

    /// Element by element, with `whole` where both are whole.
    let private binary
        (whole: (int64 -> int64 -> int64) option)
        (real: float -> float -> float)
        (a: Constant)
        (b: Constant)
        =
        result {
            let! dims =
                Constant.tryBroadcast a.Dims b.Dims
                |> Result.requireSome "its inputs do not fit together"

            let! dims = checked' dims
            let a, b = Constant.broadcast dims a, Constant.broadcast dims b

            match whole, a.Numbers, b.Numbers with
            | Some whole, Numbers.Wholes x, Numbers.Wholes y ->
                return Constant.wholes dims (Array.map2 whole x y)
            | _ ->
                return
                    Array.map2
                        (fun x y -> float32 (real (float x) (float y)))
                        (Constant.floats a)
                        (Constant.floats b)
                    |> Constant.reals dims
        }

    let private unary (real: float -> float) (c: Constant) =
        Constant.floats c
        |> Array.map (fun x -> float32 (real (float x)))
        |> Constant.reals c.Dims

    let private divide (a: int64) (b: int64) =
        if b = 0L || b = -1L then -a * b else a / b

    let private flag (test: bool) = if test then 1L else 0L

    let private arithmetic kind (a: Constant) (b: Constant) : Result<Constant, string> option =
        match kind with
        | "Add" -> Some(binary (Some (+)) (+) a b)
        | "Sub" -> Some(binary (Some (-)) (-) a b)
        | "Mul" -> Some(binary (Some (*)) (*) a b)
        | "Div" -> Some(binary (Some divide) (/) a b)
        | "Min" -> Some(binary (Some min) min a b)
        | "Max" -> Some(binary (Some max) max a b)
        | "Pow" -> Some(binary None ( ** ) a b)
        | "Equal" ->
            Some(binary (Some(fun x y -> flag (x = y))) (fun x y -> if x = y then 1.0 else 0.0) a b)
        | _ -> None

    /// The same values in other extents, or another order.
    let private moved kind n (c: Constant) (inputs: Constant option list) =
        match kind with
        | "Transpose" ->
            let rank = c.Dims.Length

            let order =
                Setting.wholes "perm" n
                |> Option.defaultValue [ for i in rank - 1 .. -1 .. 0 -> int64 i ]

            Some(
                Extents.axes rank order
                |> Result.bind (fun order ->
                    if List.sort order = [ 0 .. rank - 1 ] then
                        Ok(Constant.transpose order c)
                    else
                        Error "its order does not list every axis once"
                )
            )
        | "Reshape" ->
            match Extents.listOf "shape" inputs 1 n with
            | None -> None
            | Some target ->
                Some(
                    Extents.reshaped (Setting.whole "allowzero" 0L n = 1L) target c.Dims
                    |> Result.map (fun dims -> Constant.reshape dims c)
                )
        | "Unsqueeze" ->
            Extents.listOf "axes" inputs 1 n
            |> Option.map (fun axes ->
                Extents.unsqueezed axes c.Dims |> Result.map (fun d -> Constant.reshape d c)
            )
        | "Squeeze" ->
            Some(
                Extents.squeezed (Extents.listOf "axes" inputs 1 n) c.Dims
                |> Result.map (fun d -> Constant.reshape d c)
            )
        | "Flatten" ->
            Some(
                Extents.axis c.Dims.Length (Setting.whole "axis" 1L n)
                |> Result.map (fun a ->
                    let before, after = List.splitAt a c.Dims
                    Constant.reshape [ Constant.count before; Constant.count after ] c
                )
            )
        | _ -> None

    let private ofOne kind n (c: Constant) (inputs: Constant option list) =
        match kind with
        | "Identity"
        | "Dropout" -> Some(Ok c)
        | "Shape" -> Some(Ok(Constant.ofList (List.map int64 c.Dims)))
        | "Cast" ->
            // Reals stay reals, and so do whole numbers: sizes are whole wherever they are used.
            match Setting.whole "to" 0L n, c.Numbers with
            | (6L | 7L), Numbers.Reals data ->
                Some(Ok(Constant.wholes c.Dims (Array.map int64 data)))
            | (1L | 10L | 11L), Numbers.Wholes data ->
                Some(Ok(Constant.reals c.Dims (Array.map float32 data)))
            | _ -> Some(Ok c)
        | "Sqrt" -> Some(Ok(unary sqrt c))
        | "Floor" -> Some(Ok(unary floor c))
        | "Ceil" -> Some(Ok(unary ceil c))
        | "Neg" ->
            match c.Numbers with
            | Numbers.Wholes data -> Some(Ok(Constant.wholes c.Dims (Array.map (~-) data)))
            | Numbers.Reals _ -> Some(Ok(unary (~-) c))
        | "Reciprocal" -> Some(Ok(unary (fun x -> 1.0 / x) c))
        | "ConstantOfShape" ->
            match Constant.tryWholes c with
            | None -> None
            | Some dims ->
                let value =
                    match Map.tryFind "value" n.Settings with
                    | Some(Setting.Constant v) -> v
                    | _ -> Constant.reals [ 1 ] [| 0.0f |]

                match Constant.tryCount dims with
                | Some count when int64 count <= most && Constant.length value = 1 ->
                    Some(Ok(Constant.broadcast (List.map int dims) (Constant.reshape [ 1 ] value)))
                | _ -> Some(Error "the constant that it gives would be too large")
        | "Slice" -> Some(slice inputs n c)
        | _ -> moved kind n c inputs

    let private ofTwo kind n (a: Constant) (b: Constant) =
        match kind with
        | "Gather" -> Some(gather n a b)
        | "Expand" ->
            Constant.tryWholes b
            |> Option.map (fun dims ->
                match Constant.tryCount dims with
                | Some count when int64 count <= most ->
                    Constant.tryBroadcast a.Dims (List.map int dims)
                    |> Result.requireSome "its inputs do not fit together"
                    |> Result.map (fun dims -> Constant.broadcast dims a)
                | _ -> Error "the constant that it gives would be too large"
            )
        | _ -> arithmetic kind a b

    /// Values of one constant or another.
    let private choose (inputs: Constant option list) =
        match inputs with
        | [ Some test; Some yes; Some no ] ->
            Some(
                result {
                    let! dims =
                        Constant.tryBroadcast yes.Dims no.Dims
                        |> Option.bind (Constant.tryBroadcast test.Dims)
                        |> Result.requireSome "its inputs do not fit together"

                    let! dims = checked' dims
                    let test = Constant.broadcast dims test |> Constant.floats
                    let yes, no = Constant.broadcast dims yes, Constant.broadcast dims no

                    match yes.Numbers, no.Numbers with
                    | Numbers.Wholes y, Numbers.Wholes n ->
                        return
                            Constant.wholes
                                dims
                                (Array.map3 (fun t y n -> if t <> 0.0f then y else n) test y n)
                    | _ ->
                        return
                            Array.map3
                                (fun t y n -> if t <> 0.0f then y else n)
                                test
                                (Constant.floats yes)
                                (Constant.floats no)
                            |> Constant.reals dims
                }
            )
        | _ -> None

    /// Kinds of operations that are read on constants alone.
    let kinds = [ "Ceil"; "Constant"; "ConstantOfShape"; "Equal"; "Expand"; "Floor"; "Where" ]

    /// What an operation gives whose inputs are all constants; None: it is not one that is computed
    /// here.
    let tryNode (inputs: Constant option list) (n: OnnxNode) : Result<Constant, string> option =
        match inputs with
        | [ Some c ] ->
            if n.Kind = "Concat" then
                Some(concat n [ c ])
            else
                ofOne n.Kind n c inputs
        | _ when inputs.IsEmpty || not (List.forall Option.isSome inputs) ->
            match n.Kind, inputs with
            | "Slice", Some c :: _ -> ofOne n.Kind n c inputs
            | _ -> None
        | Some a :: Some b :: _ ->
            match n.Kind with
            | "Concat" -> Some(concat n (List.choose id inputs))
            | "Where" -> choose inputs
            | "Reshape"
            | "Unsqueeze"
            | "Squeeze"
            | "Slice" -> ofOne n.Kind n a inputs
            | kind -> ofTwo kind n a b
        | _ -> None
