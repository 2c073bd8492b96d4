namespace Sss.Files

open System
open FsToolkit.ErrorHandling

/// What operations that move values make of extents.
[<RequireQualifiedAccess>]
module internal Extents =

    /// An axis, counted from the end where it is below 0.
    let axis (rank: int) (value: int64) : Result<int, string> =
        let counted = if value < 0L then value + int64 rank else value

        if counted >= 0L && counted < int64 rank then
            Ok(int counted)
        else
            Error $"there is no axis {value}"

    let axes rank (values: int64 list) : Result<int list, string> =
        values |> List.traverseResultM (axis rank)

    /// A list of whole numbers from an attribute, or in later versions from an input.
    let listOf name (inputs: Constant option list) index (n: OnnxNode) : int64 list option =
        match Setting.wholes name n, List.tryItem index inputs with
        | Some values, _ -> Some values
        | None, Some(Some c) -> Constant.tryWholes c
        | None, _ -> None

    /// Extents with those of 1 added at these axes.
    let unsqueezed (added: int64 list) (dims: int list) : Result<int list, string> =
        let rank = dims.Length + added.Length

        result {
            let! places = axes rank added

            let rec fill i rest =
                if i = rank then
                    []
                elif List.contains i places then
                    1 :: fill (i + 1) rest
                else
                    match rest with
                    | d :: rest -> d :: fill (i + 1) rest
                    | [] -> []

            return fill 0 dims
        }

    /// Extents without those of 1 at these axes; None: without all of them.
    let squeezed (gone: int64 list option) (dims: int list) : Result<int list, string> =
        match gone with
        | None -> Ok(List.filter (fun d -> d <> 1) dims)
        | Some given ->
            result {
                let! places = axes dims.Length given

                if places |> List.exists (fun p -> dims[p] <> 1) then
                    return! Error "an axis that it takes away has an extent other than 1"

                return
                    List.indexed dims
                    |> List.filter (fun (i, _) -> not (List.contains i places))
                    |> List.map snd
            }

    /// What `Reshape` makes of extents: 0 stands for the input's own, −1 for what is left.
    let reshaped
        (allowZero: bool)
        (target: int64 list)
        (dims: int list)
        : Result<int list, string> =
        let own =
            target
            |> List.mapi (fun i d ->
                if d = 0L && not allowZero then
                    dims |> List.tryItem i |> Option.map int64 |> Option.defaultValue -2L
                else
                    d
            )

        let count = Constant.tryCount (Seq.map int64 dims) |> Option.defaultValue 0 |> int64
        let known = own |> List.filter (fun d -> d <> -1L)

        match Constant.tryCount known, own |> List.filter (fun d -> d = -1L) with
        | Some product, [ _ ] when product > 0 && count % int64 product = 0L ->
            Ok(own |> List.map (fun d -> int (if d = -1L then count / int64 product else d)))
        | Some product, [] when int64 product = count -> Ok(List.map int own)
        | _ ->
            let shown = String.Join("x", dims)
            let wanted = String.Join("x", target)
            Error $"an array of {shown} cannot be given the extents {wanted}"

    /// One axis of a slice: the first place, the step and how many.
    let sliced (extent: int) (first: int64) (last: int64) (step: int64) : struct (int * int * int) =
        let clamp low high (v: int64) = max low (min high v)
        let extent = int64 extent
        let from v = if v < 0L then v + extent else v

        if step > 0L then
            let first = clamp 0L extent (from first)
            let last = clamp 0L extent (from last)

            struct (int first,
                    int (min step (extent + 1L)),
                    int (max 0L ((last - first + step - 1L) / step)))
        else
            let step = max step (-extent - 1L)
            let first = clamp -1L (extent - 1L) (from first)

            let last =
                if last < -extent then
                    -1L
                else
                    clamp -1L (extent - 1L) (from last)

            struct (int first, int step, int (max 0L ((last - first + step + 1L) / step)))

    /// Starts, ends, axes and steps of a `Slice`, by axis.
    let slices (inputs: Constant option list) (n: OnnxNode) (dims: int list) =
        let get name index = listOf name inputs index n

        result {
            let! starts = get "starts" 1 |> Result.requireSome "where it starts is not known"
            let! ends = get "ends" 2 |> Result.requireSome "where it ends is not known"

            let! places =
                match get "axes" 3 with
                | None -> Ok [ 0 .. starts.Length - 1 ]
                | Some given -> axes dims.Length given

            let steps = get "steps" 4 |> Option.defaultValue (List.map (fun _ -> 1L) starts)

            if
                ends.Length <> starts.Length
                || places.Length <> starts.Length
                || steps.Length <> starts.Length
                || List.contains 0L steps
                || places |> List.exists (fun p -> p >= dims.Length)
            then
                return! Error "its starts, ends, axes and steps do not fit together"

            return
                dims
                |> List.mapi (fun i extent ->
                    match List.tryFindIndex ((=) i) places with
                    | Some k -> sliced extent starts[k] ends[k] steps[k]
                    | None -> struct (0, 1, extent)
                )
        }
