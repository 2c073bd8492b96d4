namespace Sss.Dsl

open Sss.Core

/// One layer as a statement: arguments that are defaults are left out.
module internal PrintLayer =

    /// ` @scale(kind, gamma=…, init=…)`, or nothing.
    let scale (scale: Scale option) : string =
        match scale with
        | None -> ""
        | Some s ->
            let kind =
                match s.Kind with
                | Neuron -> "neuron"
                | Group -> "group"
                | Block -> "block"

            let gamma =
                if s.Gamma = 1.0 then
                    ""
                else
                    ", gamma=" + Numbers.real s.Gamma

            let init = if s.Init = 1.0 then "" else ", init=" + Numbers.real s.Init
            " @scale(" + kind + gamma + init + ")"

    /// ` NAME=value` where the value is not the default.
    let private extent name (fallback: Size) (value: Size) : string =
        if value = fallback then
            ""
        elif value.H = value.W then
            " " + name + "=" + string value.H
        else
            " " + name + "=" + value.ToString()

    let private one = Size.square 1

    let private padding (kernel: Size) (dilation: Size) : Size = Layers.defaultPad kernel dilation

    let private bias fallback value =
        if value = fallback then
            ""
        else
            (if value then " bias=yes" else " bias=no")

    let private number name fallback value =
        if value = fallback then
            ""
        else
            " " + name + "=" + Numbers.real value

    let private pool word (p: Pool) =
        word
        + " "
        + p.Kernel.ToString()
        + extent "stride" p.Kernel p.Stride
        + extent "pad" (Size.square 0) p.Pad
        + (if p.Ceil then " ceil=yes" else "")

    /// A layer without label and scale. `beforeNorm`: the next statement is a bn.
    let op (op: Op) (beforeNorm: bool) : string =
        let word = Op.word op

        match op with
        | Op.Conv c ->
            word
            + " "
            + string c.Out
            + " "
            + c.Kernel.ToString()
            + extent "stride" one c.Stride
            + extent "pad" (padding c.Kernel c.Dilation) c.Pad
            + (if c.Groups = 1 then "" else " groups=" + string c.Groups)
            + extent "dilation" one c.Dilation
            + bias (not beforeNorm) c.Bias
        | Op.DepthwiseConv c ->
            word
            + " "
            + c.Kernel.ToString()
            + extent "stride" one c.Stride
            + extent "pad" (padding c.Kernel c.Dilation) c.Pad
            + extent "dilation" one c.Dilation
            + bias (not beforeNorm) c.Bias
        | Op.Dense d -> word + " " + string d.Out + bias (not beforeNorm) d.Bias
        | Op.BatchNorm b -> word + number "eps" 1e-5 b.Eps + number "momentum" 0.1 b.Momentum
        | Op.Activation(LeakyRelu slope) -> word + number "slope" 0.01 slope
        | Op.Pool p -> pool word p
        | Op.GlobalPool _ -> word + " global"
        | Op.Dropout p -> word + " " + Numbers.real p
        | Op.Activation _
        | Op.Flatten -> word
