namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Windows of a file, and what is put around images.
[<RequireQualifiedAccess>]
module internal ImportPadding =

    /// Two extents of a setting.
    let pair name fallback (n: OnnxNode) : Result<Size, string> =
        match Setting.wholes name n with
        | None -> Ok(Size.square fallback)
        | Some [ h; w ] when h >= 0L && w >= 0L && h <= 1000000L && w <= 1000000L ->
            Ok { H = int h; W = int w }
        | Some _ -> Error $"its {name} are not for images"

    let private sides (values: int64 list) : Result<Sides, string> =
        match values with
        | [ top; left; bottom; right ] when
            values |> List.forall (fun v -> v >= 0L && v <= 1000000L)
            ->
            Ok {
                Top = int top
                Left = int left
                Bottom = int bottom
                Right = int right
            }
        | _ -> Error "its padding is not for images, or below 0"

    /// The padding of a window on an input, with what a `Pad` before it adds.
    let padding (n: OnnxNode) kernel stride dilation (input: Shape) (before: Sides) =
        result {
            let! own =
                match Setting.text "auto_pad" "NOTSET" n with
                | "NOTSET"
                | "" -> Setting.wholes "pads" n |> Option.defaultValue [ 0L; 0L; 0L; 0L ] |> sides
                | "VALID" -> sides [ 0L; 0L; 0L; 0L ]
                | "SAME_UPPER" -> Ok(Padding.sides kernel stride dilation input Padding.Same)
                | "SAME_LOWER" ->
                    let s = Padding.sides kernel stride dilation input Padding.Same

                    Ok {
                        Top = s.Bottom
                        Left = s.Right
                        Bottom = s.Top
                        Right = s.Left
                    }
                | other -> Error $"its auto_pad is {other}"

            return {
                Top = own.Top + before.Top
                Left = own.Left + before.Left
                Bottom = own.Bottom + before.Bottom
                Right = own.Right + before.Right
            }
        }

    /// No padding.
    let none = {
        Top = 0
        Left = 0
        Bottom = 0
        Right = 0
    }

    /// The value that a window slides over, and the zeros around it.
    let padded (c: Computed) (state: ImportState) =
        match state.Entries[c.Entry] with
        | Stage.Piece(Piece.Padded(entry, sides)) ->
            let s = state.Shapes[entry]

            {
                c with
                    Entry = entry
                    Dims = [ 1; s.Channels; s.Height; s.Width ]
                    View = View.image s
            },
            sides
        | Stage.Vertex _
        | Stage.Formula _
        | Stage.Piece _ -> c, none

    /// A value of four extents, and the operation's own name.
    let finish (n: OnnxNode) number (state: ImportState) =
        let s = state.Vertices[number].Shape

        ImportState.giveVertex
            n.Outputs.Head
            [ 1; s.Channels; s.Height; s.Width ]
            (View.image s)
            number
            state

    /// Zeros that are put around a value, for the next operation to take up.
    let pad (n: OnnxNode) (inputs: Value' option list) (c: Computed) (state: ImportState) =
        result {
            let constants = ImportViews.constants inputs

            let! pads =
                Extents.listOf "pads" constants 1 n
                |> Result.requireSome "its padding depends on the image"

            let value =
                match List.tryItem 2 constants |> Option.flatten with
                | Some v -> Constant.tryScalar v |> Option.defaultValue nan
                | None -> Setting.real "value" 0.0 n

            if Setting.text "mode" "constant" n <> "constant" || value <> 0.0 then
                return! Error "it pads with something other than 0"

            if List.forall (fun p -> p = 0L) pads then
                return ImportState.giveView n.Outputs.Head c.Dims c.View c state
            else
                match pads with
                | [ 0L; 0L; top; left; 0L; 0L; bottom; right ] ->
                    let! sides = sides [ top; left; bottom; right ]
                    let! state, c, _ = Canonical.image c state
                    let s = ImportState.shape c state

                    let state, entry =
                        ImportState.addEntry s (Stage.Piece(Piece.Padded(c.Entry, sides))) state

                    let dims = [
                        1
                        s.Channels
                        s.Height + sides.Top + sides.Bottom
                        s.Width + sides.Left + sides.Right
                    ]

                    return
                        ImportState.give
                            n.Outputs.Head
                            (Value'.Computed { c with Dims = dims; Entry = entry })
                            state
                | _ -> return! Error "it pads more than rows and columns"
        }
