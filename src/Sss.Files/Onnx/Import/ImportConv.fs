namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Convolutions.
[<RequireQualifiedAccess>]
module internal ImportConv =

    let private constant what (value: Value' option) : Result<Constant, string> =
        match value with
        | Some(Value'.Constant c) -> Ok c
        | Some(Value'.Computed _) -> Error $"its {what} depend on the image"
        | Some Value'.Unknown
        | None -> Error $"its {what} are not known"

    /// The word that a name of ours begins with: a convolution of one channel is `conv` or `dwconv`.
    let private saysDepthwise (name: string) =
        let last = name.Substring(name.LastIndexOf '.' + 1)
        AutomaticName.split last |> Option.map fst

    /// Whether it is one filter for each channel. Of one channel, that is a matter of the name.
    let private isDepthwise (n: OnnxNode) (state: ImportState) groups channels out =
        let said = if state.Model.IsOwn then saysDepthwise n.Name else None

        groups = channels
        && out = groups
        && said <> Some "conv"
        && (groups > 1 || said = Some "dwconv")

    let private conv (c: DepthwiseConv) out groups : Op =
        Op.Conv {
            Out = out
            Kernel = c.Kernel
            Stride = c.Stride
            Pad = c.Pad
            Dilation = c.Dilation
            Groups = groups
            Bias = c.Bias
        }

    /// Output channels, input channels of a group, and the kernel.
    let private sizes (weight: Constant) =
        match weight.Dims with
        | [ out; each; h; w ] when out > 0 && each > 0 && h > 0 && w > 0 ->
            Ok(out, each, { H = h; W = w })
        | _ -> Error "its weights are not for images"

    let convolution (n: OnnxNode) (inputs: Value' option list) (c: Computed) (state: ImportState) =
        result {
            let! weight = constant "weights" (List.tryItem 1 inputs |> Option.flatten)

            let! bias =
                match List.tryItem 2 inputs |> Option.flatten with
                | None -> Ok None
                | given -> constant "biases" given |> Result.map Some

            let c, before = ImportPadding.padded c state
            let! state, _, vertex = Canonical.image c state
            let input = state.Vertices[vertex].Shape

            let! out, each, kernel = sizes weight

            let! stride = ImportPadding.pair "strides" 1 n
            let! dilation = ImportPadding.pair "dilations" 1 n
            let! sides = ImportPadding.padding n kernel stride dilation input before
            let groups = int (Setting.whole "group" 1L n)

            if
                groups < 1
                || int64 groups * int64 each <> int64 input.Channels
                || out % groups <> 0
            then
                return!
                    Error $"its weights are not for {input.Channels} channels in {groups} groups"

            if stride.H < 1 || stride.W < 1 || dilation.H < 1 || dilation.W < 1 then
                return! Error "a stride or a dilation of 0"

            if bias |> Option.exists (fun b -> Constant.length b <> out) then
                return! Error $"its biases are not for {out} channels"

            let window = {
                Kernel = kernel
                Stride = stride
                Pad = Padding.Sides sides
                Dilation = dilation
                Bias = bias.IsSome
            }

            let op =
                if isDepthwise n state groups input.Channels out then
                    Op.DepthwiseConv window
                else
                    conv window out groups

            let arrays = [
                ArrayPart.Weight, ImportState.tensor weight.Dims (Constant.floats weight)
                match bias with
                | Some b -> ArrayPart.Bias, ImportState.tensor [ out ] (Constant.floats b)
                | None -> ()
            ]

            let! state, number = ImportState.addLayer n.Name op arrays vertex state
            return ImportPadding.finish n number state
        }
