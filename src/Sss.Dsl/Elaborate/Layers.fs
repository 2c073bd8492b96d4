namespace Sss.Dsl

open Sss.Core

/// One layer: arguments to `Op`, with the defaults of `language.md` §3.
module internal Layers =

    let private most = 1_000_000

    /// What makes a layer: its arguments, the values of names, and where to report.
    type private Source = {
        Word: string
        Bound: Signature.Bound
        Env: Evaluate.Env
        Report: MeaningProblem -> Span -> unit
        mutable IsBroken: bool
    }

    let private fail source problem =
        source.IsBroken <- true

        match problem with
        | Some(problem, span) -> source.Report problem span
        | None -> ()

    let private get source name fallback =
        function
        | Ok value -> value
        | Error problem ->
            ignore name
            fail source problem
            fallback

    let private count source name fallback : int =
        match source.Bound.TryGetValue name with
        | true, { Value = Value.Expr e } ->
            Evaluate.expr source.Env e
            |> Result.bind (
                Evaluate.integer (fun () -> $"the {name} of `{source.Word}`") 1 most e.Span
            )
            |> get source name fallback
        | _ -> fallback

    let private extentOf source name least span (values: int64 list) =
        match values |> List.tryFind (fun n -> n < int64 least || n > int64 most) with
        | Some bad ->
            fail
                source
                (Some(
                    MeaningProblem.OutOfRange(
                        $"the {name} of `{source.Word}`",
                        float bad,
                        $"whole numbers from {least} to {most}"
                    ),
                    span
                ))

            Size.square 1
        | None ->
            match values with
            | [ h; w ] -> { H = int h; W = int w }
            | _ -> Size.square 1

    /// `S` or `SxS`.
    let private extent source name least (fallback: Size) : Size =
        match source.Bound.TryGetValue name with
        | true, { Value = Value.Dims dims; Span = span } -> extentOf source name least span dims
        | true, { Value = Value.Expr e } ->
            Evaluate.expr source.Env e
            |> Result.bind (
                Evaluate.integer (fun () -> $"the {name} of `{source.Word}`") least most e.Span
            )
            |> get source name 1
            |> Size.square
        | _ -> fallback

    let private real source name fallback isGood expected : float =
        match source.Bound.TryGetValue name with
        | true, { Value = Value.Expr e } ->
            match Evaluate.expr source.Env e with
            | Ok value when isGood value && SinglePrecision.fits value -> value
            | Ok value ->
                let expected =
                    if SinglePrecision.fits value then
                        expected
                    else
                        SinglePrecision.expected

                fail
                    source
                    (Some(
                        MeaningProblem.OutOfRange($"the {name} of `{source.Word}`", value, expected),
                        e.Span
                    ))

                fallback
            | Error problem ->
                fail source problem
                fallback
        | _ -> fallback

    let private flag source name fallback : bool =
        match source.Bound.TryGetValue name with
        | true, { Value = Value.Word word } -> word = "yes"
        | _ -> fallback

    /// dilation · (K − 1) / 2 rounded down, an axis each; kept small enough to be an `int`.
    let defaultPad (kernel: Size) (dilation: Size) : Size =
        let along k d =
            int (min (int64 d * int64 (k - 1) / 2L) (int64 most))

        {
            H = along kernel.H dilation.H
            W = along kernel.W dilation.W
        }

    let private convolution source =
        let kernel = extent source "kernel" 1 (Size.square 1)
        let dilation = extent source "dilation" 1 (Size.square 1)
        let stride = extent source "stride" 1 (Size.square 1)
        kernel, stride, extent source "pad" 0 (defaultPad kernel dilation), dilation

    let private pool source kind =
        match source.Bound.TryGetValue "window" with
        | true, { Value = Value.Word _ } -> Op.GlobalPool kind
        | _ ->
            let kernel = extent source "window" 1 (Size.square 1)

            Op.Pool {
                Kind = kind
                Kernel = kernel
                Stride = extent source "stride" 1 kernel
                Pad = extent source "pad" 0 (Size.square 0)
                Ceil = flag source "ceil" false
            }

    let private build source (biasDefault: bool) : Op =
        match source.Word with
        | "conv" ->
            let kernel, stride, pad, dilation = convolution source

            Op.Conv {
                Out = count source "number of channels" 1
                Kernel = kernel
                Stride = stride
                Pad = pad
                Dilation = dilation
                Groups = count source "groups" 1
                Bias = flag source "bias" biasDefault
            }
        | "dwconv" ->
            let kernel, stride, pad, dilation = convolution source

            Op.DepthwiseConv {
                Kernel = kernel
                Stride = stride
                Pad = pad
                Dilation = dilation
                Bias = flag source "bias" biasDefault
            }
        | "dense" ->
            Op.Dense {
                Out = count source "number of features" 1
                Bias = flag source "bias" biasDefault
            }
        | "bn" ->
            Op.BatchNorm {
                Eps = real source "eps" 1e-5 (fun x -> x > 0.0) "a number above 0"
                Momentum =
                    real
                        source
                        "momentum"
                        0.1
                        (fun x -> x >= 0.0 && x <= 1.0)
                        "a number from 0 to 1"
            }
        | "relu" -> Op.Activation Relu
        | "relu6" -> Op.Activation Relu6
        | "leakyrelu" ->
            Op.Activation(LeakyRelu(real source "slope" 0.01 (fun _ -> true) "a number"))
        | "silu" -> Op.Activation Silu
        | "gelu" -> Op.Activation Gelu
        | "tanh" -> Op.Activation Tanh
        | "sigmoid" -> Op.Activation Sigmoid
        | "maxpool" -> pool source Max
        | "avgpool" -> pool source Average
        | "dropout" ->
            Op.Dropout(
                real
                    source
                    "probability"
                    0.0
                    (fun x -> x >= 0.0 && x < 1.0)
                    "a number from 0 to below 1"
            )
        | _ -> Op.Flatten

    /// The operation of a layer statement; None when it is wrong (and reported, here or by the check
    /// of names).
    let op report env (word: Located<string>) arguments (biasDefault: bool) : Op option =
        match Signature.bindLayer word arguments with
        | Error _ -> None
        | Ok bound ->
            let source = {
                Word = word.Value
                Bound = bound
                Env = env
                Report = report
                IsBroken = false
            }

            let op = build source biasDefault
            if source.IsBroken then None else Some op
