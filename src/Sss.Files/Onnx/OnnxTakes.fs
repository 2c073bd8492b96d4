namespace Sss.Files

open Sss.Core

/// What an exported file takes. Its input is named so.
[<RequireQualifiedAccess>]
type OnnxTakes =
    /// Pixels from 0 (black) to 255 (white), whatever numbers the training data had. Of networks that take
    /// pictures.
    | Pixels
    /// Numbers as the training data stores them. Of networks whose input is no picture.
    | Numbers
    /// What the preparation gives: the network alone, without it.
    | Images

/// What exported files take.
[<RequireQualifiedAccess>]
module OnnxTakes =

    /// The name of the graph's input, and the value of `sss.takes`.
    let word (takes: OnnxTakes) : string =
        match takes with
        | OnnxTakes.Pixels -> "pixels"
        | OnnxTakes.Numbers -> "numbers"
        | OnnxTakes.Images -> "images"

    /// What the value of the entry means.
    let tryParse (word: string) : OnnxTakes option =
        match word with
        | "pixels" -> Some OnnxTakes.Pixels
        | "numbers" -> Some OnnxTakes.Numbers
        | "images" -> Some OnnxTakes.Images
        | _ -> None

    /// What a file takes that has this preparation in its graph.
    let prepared (input: Shape) (p: Preparation) : OnnxTakes =
        match Preparation.refusal input p with
        | None -> OnnxTakes.Pixels
        | Some _ -> OnnxTakes.Numbers
