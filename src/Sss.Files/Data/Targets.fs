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

/// Parts and properties of targets.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module Targets =

    /// How many values each image has.
    let size (targets: Targets) : int =
        match targets with
        | Targets.Labels _ -> 1
        | Targets.Masks(height, width, _) -> height * width
        | Targets.Numbers(shape, _) -> int (Shape.count shape)

    /// How many images they are for.
    let count (targets: Targets) : int =
        match targets with
        | Targets.Labels labels -> labels.Length
        | Targets.Masks(_, _, classes) -> classes.Length / max 1 (size targets)
        | Targets.Numbers(_, values) -> values.Length / max 1 (size targets)

    /// The class of each image, where each has one.
    let tryLabels (targets: Targets) : int[] option =
        match targets with
        | Targets.Labels labels -> Some labels
        | Targets.Masks _
        | Targets.Numbers _ -> None

    /// Those of one image: its class, the classes of its pixels, or its numbers.
    let ofImage (index: int) (targets: Targets) : float32[] =
        let size = size targets

        match targets with
        | Targets.Labels labels -> [| float32 labels[index] |]
        | Targets.Masks(_, _, classes) -> Array.sub classes (index * size) size |> Array.map float32
        | Targets.Numbers(_, values) -> Array.sub values (index * size) size

    /// Those of the images at these places, in this order.
    let pick (indices: int[]) (targets: Targets) : Targets =
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

    /// The same with other numbers for the classes; numbers stay as they are.
    let renumber (number: int -> int) (targets: Targets) : Targets =
        match targets with
        | Targets.Labels labels -> Targets.Labels(Array.map number labels)
        | Targets.Masks(height, width, classes) ->
            Targets.Masks(height, width, classes |> Array.map (int >> number >> uint16))
        | Targets.Numbers _ -> targets

    /// The largest class; −1 where there is none.
    let largest (targets: Targets) : int =
        match targets with
        | Targets.Labels labels -> if labels.Length = 0 then -1 else Array.max labels
        | Targets.Masks(_, _, classes) -> if classes.Length = 0 then -1 else int (Array.max classes)
        | Targets.Numbers _ -> -1

    /// Names of the classes that have only numbers: up to the largest class of both splits.
    let numbered (train: Targets) (test: Targets) : string list = [
        for i in 0 .. max (largest train) (largest test) -> string i
    ]

    let private numbersText (shape: Shape) =
        if Shape.area shape > 1L then $"{shape} numbers"
        elif shape.Channels = 1 then "1 number"
        else $"{shape.Channels} numbers"

    /// In words: `a class for each image`.
    let describe (targets: Targets) : string =
        match targets with
        | Targets.Labels _ -> "one class for each image"
        | Targets.Masks(height, width, _) -> $"a mask of {height}x{width} classes for each image"
        | Targets.Numbers(shape, _) -> numbersText shape + " for each image"

    /// What a network and a loss need, in the same words. `takesClass`: whether the targets of the loss are classes, and not numbers.
    let needed (takesClass: bool) (output: Shape) : string =
        if not takesClass then
            numbersText output + " for each image"
        elif Shape.area output = 1L then
            "one class for each image"
        else
            $"a mask of {output.Height}x{output.Width} classes for each image"
