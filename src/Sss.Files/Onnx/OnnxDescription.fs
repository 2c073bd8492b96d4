namespace Sss.Files

open Sss.Core

/// What an exported file contains besides the network.
type OnnxOptions = {
    /// The network as `.sss`, for the metadata.
    Text: string
    /// Class names in the order of the scores.
    Classes: string list
    /// What the images went through in training, for the metadata.
    Preparation: Preparation option
    /// What the output `probabilities` is, where the network has classes.
    Probabilities: Probabilities
    /// The network alone: its input is what the preparation gives, and its output the scores. Otherwise the graph
    /// prepares the image itself. Without effect when `Preparation` is none.
    Raw: bool
}

/// What an exported file says of itself.
[<RequireQualifiedAccess>]
module internal OnnxDescription =

    /// What the graph takes, and the preparation that is in it.
    let takes options (input: Shape) : OnnxTakes * Preparation option =
        match options.Preparation with
        | Some p when not options.Raw -> OnnxTakes.prepared input p, Some p
        | Some _
        | None -> OnnxTakes.Images, None

    /// What the input must be, in words.
    let inputText options (input: Shape) =
        match options.Preparation with
        | Some p ->
            let list (values: float32[]) =
                System.String.Join(", ", values |> Array.map PixelRange.number)

            let pictures =
                match Preparation.refusal input p with
                | None -> $"; pictures: {PictureOptions.words input p.Pictures}"
                | Some _ -> ""

            match fst (takes options input) with
            | OnnxTakes.Pixels ->
                $"pixels, float32, {PixelRange.text PixelRange.bytes}, N x C x H x W; normalised inside{pictures}"
            | OnnxTakes.Numbers ->
                $"numbers as the training data stores them, {PixelRange.text p.Range}; normalised inside"
            | OnnxTakes.Images ->
                $"(pixel * {PixelRange.number p.Scale} - mean) / deviation per channel; mean {list p.Mean}; deviation {list p.Deviation}; pixels from {PixelRange.text p.Range}{pictures}"
        | None -> "as in training"

    /// The version of this library.
    let private version =
        let version = System.Reflection.Assembly.GetExecutingAssembly().GetName().Version

        match Option.ofObj version with
        | Some v -> v.ToString 3
        | None -> ""

    /// The entries of the metadata.
    let metadata options (input: Shape) : (string * string) list =
        NetworkFile.metadata options.Text options.Classes options.Preparation options.Probabilities
        @ [
            "sss.takes", OnnxTakes.word (fst (takes options input))
            "sss.input", inputText options input
            "sss.version", version
        ]
