namespace Sss.Bench.Gpu

open System.Text.Json
open Sss.Core
open Sss.Files

/// A network as JSON, for programs that compute it again: nodes in order, each with all its numbers.
[<RequireQualifiedAccess>]
module Plan =

    let private numbers (json: Utf8JsonWriter) (name: string) (values: int seq) =
        json.WriteStartArray name

        for value in values do
            json.WriteNumberValue value

        json.WriteEndArray()

    let private size json name (s: Size) = numbers json name [ s.H; s.W ]

    let private sides json (s: Sides) =
        numbers json "pad" [ s.Top; s.Left; s.Bottom; s.Right ]

    let private window (json: Utf8JsonWriter) stride pad dilation (groups: int) (bias: bool) =
        size json "stride" stride
        sides json pad
        size json "dilation" dilation
        json.WriteNumber("groups", groups)
        json.WriteBoolean("bias", bias)

    let private pool (kind: PoolKind) =
        match kind with
        | Max -> "max"
        | Average -> "average"

    let private activation (json: Utf8JsonWriter) (a: Activation) =
        json.WriteString(
            "op",
            match a with
            | Relu -> "relu"
            | Relu6 -> "relu6"
            | LeakyRelu _ -> "leaky"
            | Silu -> "silu"
            | Gelu -> "gelu"
            | HardSwish -> "hardswish"
            | HardSigmoid -> "hardsigmoid"
            | Mish -> "mish"
            | Elu _ -> "elu"
            | Tanh -> "tanh"
            | Sigmoid -> "sigmoid"
        )

        match a with
        | LeakyRelu slope -> json.WriteNumber("slope", slope)
        | Elu alpha -> json.WriteNumber("alpha", alpha)
        | _ -> ()

    let private layer (json: Utf8JsonWriter) (l: Layer) =
        json.WriteString("name", l.Name)
        json.WriteNumber("factors", l.Scale |> Option.map _.Count |> Option.defaultValue 0)

        match l.Op with
        | Op.Conv c ->
            json.WriteString("op", "conv")
            let pad = Padding.sides c.Kernel c.Stride c.Dilation l.Input c.Pad
            window json c.Stride pad c.Dilation c.Groups c.Bias
        | Op.DepthwiseConv c ->
            json.WriteString("op", "conv")
            let pad = Padding.sides c.Kernel c.Stride c.Dilation l.Input c.Pad
            window json c.Stride pad c.Dilation l.Input.Channels c.Bias
        | Op.Deconv d ->
            json.WriteString("op", "deconv")
            size json "stride" d.Stride
            size json "pad" d.Pad
            size json "outpad" d.OutPad
            json.WriteNumber("groups", d.Groups)
            json.WriteBoolean("bias", d.Bias)
        | Op.LocalResponse r ->
            json.WriteString("op", "lrn")
            json.WriteNumber("size", r.Size)
            json.WriteNumber("alpha", r.Alpha)
            json.WriteNumber("beta", r.Beta)
            json.WriteNumber("k", r.K)
        | Op.Upsample u ->
            json.WriteString("op", "upsample")
            json.WriteNumber("factor", u.Factor)
            json.WriteBoolean("bilinear", (u.Mode = UpsampleMode.Bilinear))
        | Op.Dense d ->
            json.WriteString("op", "dense")
            json.WriteBoolean("bias", d.Bias)
        | Op.GroupNorm g ->
            json.WriteString("op", "groupnorm")
            json.WriteNumber("groups", g.Groups)
            json.WriteNumber("eps", g.Eps)
        | Op.LayerNorm n ->
            json.WriteString("op", "layernorm")
            json.WriteNumber("eps", n.Eps)
        | Op.BatchNorm b ->
            json.WriteString("op", "bn")
            json.WriteNumber("eps", b.Eps)
            json.WriteNumber("momentum", b.Momentum)
        | Op.Activation a -> activation json a
        | Op.PRelu -> json.WriteString("op", "prelu")
        | Op.LayerScale _ -> json.WriteString("op", "layerscale")
        | Op.Pool p ->
            json.WriteString("op", "pool")
            json.WriteString("kind", pool p.Kind)
            size json "kernel" p.Kernel
            size json "stride" p.Stride
            sides json (Padding.sides p.Kernel p.Stride (Size.square 1) l.Input p.Pad)
            json.WriteBoolean("ceil", p.Ceil)
            json.WriteBoolean("countpad", p.CountPad)
        | Op.GlobalPool kind ->
            json.WriteString("op", "global")
            json.WriteString("kind", pool kind)
        | Op.Dropout _ -> json.WriteString("op", "dropout")
        | Op.Flatten -> json.WriteString("op", "flatten")
        | Op.Reorder r ->
            json.WriteString("op", "reorder")
            numbers json "order" (Reorder.order r l.Input.Channels)
        | Op.Attention a ->
            json.WriteString("op", "attention")
            json.WriteNumber("heads", a.Heads)
        | Op.Tokens t ->
            json.WriteString("op", "tokens")
            json.WriteBoolean("class", t.WithClass)
        | Op.Pick -> json.WriteString("op", "pick")

    let rec private body (json: Utf8JsonWriter) (nodes: Node list) =
        json.WriteStartArray()

        for node in nodes do
            json.WriteStartObject()

            match node with
            | Node.Layer l -> layer json l
            | Node.Residual r ->
                json.WriteString("op", "residual")
                json.WriteString("name", r.Name)
                json.WriteNumber("factors", (if r.Scale.IsSome then 1 else 0))
                json.WritePropertyName "branch"
                body json r.Branch
                json.WritePropertyName "shortcut"
                body json r.Shortcut
            | Node.Gate g ->
                json.WriteString("op", "gate")
                json.WritePropertyName "body"
                body json g.Body
            | Node.Output o ->
                json.WriteString("op", Node.word node)
                json.WritePropertyName "body"
                body json o.Body
            | Node.Concat c ->
                json.WriteString("op", Node.word node)
                numbers json "parts" [ for branch in c.Branches -> branch.Input.Channels ]
                json.WriteStartArray "branches"

                for branch in c.Branches do
                    body json branch.Body

                json.WriteEndArray()

            json.WriteEndObject()

        json.WriteEndArray()

    /// The JSON text of a network's nodes.
    let text (network: Network) : string =
        JsonText.ofWriter (fun json -> body json network.Body)
