namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Transposed convolutions, enlarged images and local response normalisation.
[<RequireQualifiedAccess>]
module internal ImportImages =

    let private constant what (inputs: Value' option list) i : Result<Constant option, string> =
        match List.tryItem i inputs |> Option.flatten with
        | None -> Ok None
        | Some(Value'.Constant c) -> Ok(Some c)
        | Some(Value'.Computed _)
        | Some Value'.Unknown -> Error $"its {what} are not known"

    /// in × out/groups × kernel as out × in/groups × kernel.
    let private turned groups ins outs taps (data: float32[]) : float32[] =
        let ins, outs = ins / groups, outs / groups

        Array.init
            data.Length
            (fun at ->
                let tap, row = at % taps, at / taps
                let input, out = row % ins, row / ins
                let group, out = out / outs, out % outs
                data[(((group * ins + input) * outs) + out) * taps + tap]
            )

    /// With the output channels of each group and the kernel.
    let private deconvWeights ins (weight: Constant option) =
        match weight with
        | Some({ Dims = [ w; each; kh; kw ] } as weight) when
            w = ins && each > 0 && kh > 0 && kw > 0
            ->
            Ok(weight, each, { H = kh; W = kw })
        | Some _
        | None -> Error $"its weights are not for images of {ins} channels"

    /// Padding that is the same at opposite sides.
    let private equalPadding (n: OnnxNode) : Result<Size, string> =
        match Setting.wholes "pads" n, Setting.text "auto_pad" "NOTSET" n with
        | _, auto when auto <> "NOTSET" && auto <> "" -> Error $"its auto_pad is {auto}"
        | None, _ -> Ok(Size.square 0)
        | Some [ t; l; b; r ], _ when t = b && l = r && t >= 0L && l >= 0L && t + l < 1000000L ->
            Ok { H = int t; W = int l }
        | Some _, _ -> Error "its padding differs from side to side"

    let private deconv (n: OnnxNode) inputs (c: Computed) (state: ImportState) =
        result {
            let! weight = constant "weights" inputs 1
            let! bias = constant "biases" inputs 2
            let! state, _, vertex = Canonical.image c state
            let ins = state.Vertices[vertex].Shape.Channels
            let groups = int (Setting.whole "group" 1L n)

            let! weight, each, kernel = deconvWeights ins weight

            let! stride = ImportPadding.pair "strides" 1 n
            let! outPad = ImportPadding.pair "output_padding" 0 n
            let! dilation = ImportPadding.pair "dilations" 1 n

            let! pad = equalPadding n

            if dilation <> Size.square 1 then
                return! Error "a dilation other than 1"

            if (Setting.wholes "output_shape" n).IsSome then
                return! Error "its output_shape is given"

            if groups < 1 || ins % groups <> 0 || stride.H < 1 || stride.W < 1 then
                return! Error "groups or a stride that do not fit"

            let outs = each * groups

            if bias |> Option.exists (fun b -> Constant.length b <> outs) then
                return! Error $"its biases are not for {outs} channels"

            let op =
                Op.Deconv {
                    Out = outs
                    Kernel = kernel
                    Stride = stride
                    Pad = pad
                    OutPad = outPad
                    Groups = groups
                    Bias = bias.IsSome
                }

            let data = turned groups ins outs (kernel.H * kernel.W) (Constant.floats weight)

            let arrays = [
                ArrayPart.Weight, ImportState.tensor [ outs; ins / groups; kernel.H; kernel.W ] data
                match bias with
                | Some b -> ArrayPart.Bias, ImportState.tensor [ outs ] (Constant.floats b)
                | None -> ()
            ]

            let! state, number = ImportState.addLayer n.Name op arrays vertex state
            return ImportPadding.finish n number state
        }

    /// How many times as high and wide. `isOld`: the scales are the second input.
    let private factor isOld inputs (s: Shape) : Result<int, string> =
        result {
            let! scales = constant "scales" inputs (if isOld then 1 else 2)
            let! sizes = if isOld then Ok None else constant "sizes" inputs 3

            let found =
                match scales, sizes with
                | Some scales, _ when Constant.length scales = 4 ->
                    Constant.floats scales |> Array.map float |> Some
                | _, Some sizes when Constant.length sizes = 4 ->
                    let wanted = Constant.floats sizes |> Array.map float

                    Some [|
                        1.0
                        wanted[1] / float s.Channels
                        wanted[2] / float s.Height
                        wanted[3] / float s.Width
                    |]
                | _ -> None

            match found with
            | Some [| 1.0; 1.0; h; w |] when h = w && h >= 1.0 && h <= 1e6 && floor h = h ->
                return int h
            | Some _
            | None -> return! Error "its scales are not one whole number for height and width"
        }

    let private upsample (n: OnnxNode) inputs (c: Computed) (state: ImportState) =
        result {
            let! state, _, vertex = Canonical.image c state
            // The `Resize` of opset 10 is the `Upsample` before it under another name.
            let isOld = n.Kind = "Upsample" || state.Model.Opset <= 10L
            let! factor = factor isOld inputs state.Vertices[vertex].Shape

            let coordinates = Setting.text "coordinate_transformation_mode" "half_pixel" n

            let rounding = Setting.text "nearest_mode" "round_prefer_floor" n
            let isRounded = rounding = "round_prefer_floor" || rounding = "round_prefer_ceil"

            let! mode =
                match Setting.text "mode" "nearest" n, coordinates with
                | "nearest", "asymmetric" when rounding = "floor" -> Ok UpsampleMode.Nearest
                // Whole factors: the nearest pixel is the same one, unless it is not the nearest that is taken.
                | "nearest", ("half_pixel" | "pytorch_half_pixel") when isRounded ->
                    Ok UpsampleMode.Nearest
                | "nearest", _ when isOld -> Ok UpsampleMode.Nearest
                | "linear", ("half_pixel" | "pytorch_half_pixel") when not isOld ->
                    Ok UpsampleMode.Bilinear
                | mode, coordinates ->
                    Error
                        $"its mode is {mode} with {coordinates} coordinates, which no upsample has"

            let op = Op.Upsample { Factor = factor; Mode = mode }
            let! state, number = ImportState.addLayer n.Name op [] vertex state
            return ImportPadding.finish n number state
        }

    let private localResponse (n: OnnxNode) (c: Computed) (state: ImportState) =
        result {
            let! state, _, vertex = Canonical.image c state
            let size = Setting.whole "size" 0L n

            // ONNX centres an even number of channels the other way round.
            if size < 1L || size > 1000000L || size % 2L = 0L then
                return! Error $"its size is {size}, and not an odd number of channels"

            let op =
                Op.LocalResponse {
                    Size = int size
                    Alpha = Setting.real "alpha" 1e-4 n
                    Beta = Setting.real "beta" 0.75 n
                    K = Setting.real "bias" 1.0 n
                }

            let! state, number = ImportState.addLayer n.Name op [] vertex state
            return ImportPadding.finish n number state
        }

    /// Kinds of operations that are read here.
    let kinds = [ "ConvTranspose"; "Resize"; "Upsample"; "LRN" ]

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (c: Computed)
        state
        : Result<ImportState, string> option =
        match n.Kind with
        | "ConvTranspose" -> Some(deconv n inputs c state)
        | "Resize"
        | "Upsample" -> Some(upsample n inputs c state)
        | "LRN" -> Some(localResponse n c state)
        | _ -> None
