namespace Sss.Files

open Sss.Core

/// What a network should give for each image of a split.
[<RequireQualifiedAccess>]
type Targets =
    /// The class of each image, counted from 0.
    | Labels of int[]
    /// The class of each pixel, counted from 0: images × height × width, row by row.
    | Masks of height: int * width: int * classes: uint16[]
    /// Numbers of one shape for each image: images × channels × height × width. Where several classes may be present, 1 for
    /// those that are and 0 for the others.
    | Numbers of shape: Shape * values: float32[]
    /// Targets of the scores, and those that further outputs have of their own, by name. None of them is `Several`.
    | Several of scores: Targets * further: (string * Targets) list

/// Parts and properties of targets.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Targets =

    /// How many values each image has.
    let rec size (targets: Targets) : int =
        match targets with
        | Targets.Labels _ -> 1
        | Targets.Masks(height, width, _) -> height * width
        | Targets.Numbers(shape, _) -> int (Shape.count shape)
        | Targets.Several(scores, further) ->
            size scores + (further |> List.sumBy (fun (_, own) -> size own))

    /// How many images they are for.
    let rec count (targets: Targets) : int =
        match targets with
        | Targets.Labels labels -> labels.Length
        | Targets.Masks(_, _, classes) -> classes.Length / max 1 (size targets)
        | Targets.Numbers(_, values) -> values.Length / max 1 (size targets)
        | Targets.Several(scores, _) -> count scores

    /// Those of the scores.
    let ofScores (targets: Targets) : Targets =
        match targets with
        | Targets.Several(scores, _) -> scores
        | Targets.Labels _
        | Targets.Masks _
        | Targets.Numbers _ -> targets

    /// Those that further outputs have of their own, by name.
    let further (targets: Targets) : (string * Targets) list =
        match targets with
        | Targets.Several(_, further) -> further
        | Targets.Labels _
        | Targets.Masks _
        | Targets.Numbers _ -> []

    /// The same with own targets of a further output, in the place of those that it had.
    let withOutput (name: string) (own: Targets) (targets: Targets) : Targets =
        let others = further targets |> List.filter (fun (other, _) -> other <> name)
        Targets.Several(ofScores targets, List.sortBy fst ((name, own) :: others))

    /// The class of each image, where each has one.
    let tryLabels (targets: Targets) : int[] option =
        match ofScores targets with
        | Targets.Labels labels -> Some labels
        | Targets.Masks _
        | Targets.Numbers _
        | Targets.Several _ -> None

    /// Those of one image: its class, the classes of its pixels, or its numbers; one output after the other.
    let rec ofImage (index: int) (targets: Targets) : float32[] =
        let size = size targets

        match targets with
        | Targets.Labels labels -> [| float32 labels[index] |]
        | Targets.Masks(_, _, classes) -> Array.sub classes (index * size) size |> Array.map float32
        | Targets.Numbers(_, values) -> Array.sub values (index * size) size
        | Targets.Several(scores, further) ->
            scores :: List.map snd further |> List.map (ofImage index) |> Array.concat

    /// Those of the images at these places, in this order.
    let rec pick (indices: int[]) (targets: Targets) : Targets =
        let size = size targets

        let chosen (data: 'V[]) =
            let values = Array.zeroCreate<'V>(indices.Length * size)

            for at in 0 .. indices.Length - 1 do
                System.Array.Copy(data, indices[at] * size, values, at * size, size)

            values

        match targets with
        | Targets.Labels labels -> Targets.Labels(chosen labels)
        | Targets.Masks(height, width, classes) -> Targets.Masks(height, width, chosen classes)
        | Targets.Numbers(shape, values) -> Targets.Numbers(shape, chosen values)
        | Targets.Several(scores, further) ->
            Targets.Several(
                pick indices scores,
                further |> List.map (fun (name, own) -> name, pick indices own)
            )

    /// The same with other numbers for the classes of the scores; all else stays as it is.
    let rec renumber (number: int -> int) (targets: Targets) : Targets =
        match targets with
        | Targets.Labels labels -> Targets.Labels(Array.map number labels)
        | Targets.Masks(height, width, classes) ->
            Targets.Masks(height, width, classes |> Array.map (int >> number >> uint16))
        | Targets.Numbers _ -> targets
        | Targets.Several(scores, further) -> Targets.Several(renumber number scores, further)

    /// The largest class; −1 where there is none.
    let rec largest (targets: Targets) : int =
        match targets with
        | Targets.Labels labels -> if labels.Length = 0 then -1 else Array.max labels
        | Targets.Masks(_, _, classes) -> if classes.Length = 0 then -1 else int (Array.max classes)
        | Targets.Numbers _ -> -1
        | Targets.Several(scores, _) -> largest scores

    /// Names of the classes that have only numbers: up to the largest class of both splits.
    let numbered (train: Targets) (test: Targets) : string list = [
        for i in 0 .. max (largest train) (largest test) -> string i
    ]

    let private numbersText (shape: Shape) =
        if Shape.area shape > 1L then $"{shape} numbers"
        elif shape.Channels = 1 then "1 number"
        else $"{shape.Channels} numbers"

    /// In words: `a class for each image`.
    let rec describe (targets: Targets) : string =
        match targets with
        | Targets.Labels _ -> "one class for each image"
        | Targets.Masks(height, width, _) -> $"a mask of {height}x{width} classes for each image"
        | Targets.Numbers(shape, _) -> numbersText shape + " for each image"
        | Targets.Several(scores, further) ->
            describe scores
            + String.concat "" [ for name, own in further -> $", and for `{name}` {describe own}" ]

    /// What a network and a loss need, in the same words. `takesClass`: whether the targets of the loss are classes, and not numbers.
    let needed (takesClass: bool) (output: Shape) : string =
        if not takesClass then
            numbersText output + " for each image"
        elif Shape.area output = 1L then
            "one class for each image"
        else
            $"a mask of {output.Height}x{output.Width} classes for each image"
