namespace Sss.Files

open Sss.Core

/// The operations that one layer becomes.
[<RequireQualifiedAccess>]
module internal LayerNodes =

    let private dense weights (layer: Layer) output bias x graph =
        let keys = LayerArrays.biased layer bias
        let graph, x = OnnxGraph.flat layer.Name x graph

        graph
        |> LayerArrays.weightAll weights keys
        |> OnnxGraph.add "Gemm" layer.Name (LayerArrays.inputs x.Name keys) output [
            Proto.int "transB" 1
        ],
        Flat

    let private reorder (layer: Layer) output (r: Reorder) (x: Value) graph =
        let order = $"{layer.Name}/order"
        let channels = Reorder.order r layer.Input.Channels |> List.ofArray

        graph
        |> OnnxGraph.constant (Proto.wholes order channels)
        |> OnnxGraph.add "Gather" layer.Name [ x.Name; order ] output [ Proto.int "axis" 1 ],
        x.Form

    /// Multiplies what `name` gives by its factors; a group's factor stands for each of its channels. Shared
    /// factors are constants of every layer that they multiply.
    let private factor (factors: float32[]) name (shape: Shape) form input output graph =
        let key = ArrayKey.make ArrayPart.Factor name
        let each = shape.Channels / factors.Length
        let values = Array.init shape.Channels (fun c -> factors[c / each])

        graph
        |> OnnxGraph.constant (ChannelNodes.perChannel form (ArrayKey.text key) values)
        |> OnnxGraph.add "Mul" $"{name}/scaled" (LayerArrays.inputs input [ key ]) output []

    /// The branch of a residual multiplied by its factor.
    let scaled
        (weights: Weights<float32>)
        (owner: string)
        (x: Value)
        (graph: OnnxGraph)
        : OnnxGraph * Value =
        let output = $"{owner}/scaled"
        let factors = weights[ArrayKey.make ArrayPart.Factor owner].Data
        factor factors owner x.Shape x.Form x.Name output graph, { x with Name = output }

    let private window (c: Conv) = {
        Kernel = c.Kernel
        Stride = c.Stride
        Pad = c.Pad
        Dilation = c.Dilation
        Groups = c.Groups
        Bias = c.Bias
    }

    let private depthwise channels (c: DepthwiseConv) = {
        Kernel = c.Kernel
        Stride = c.Stride
        Pad = c.Pad
        Dilation = c.Dilation
        Groups = channels
        Bias = c.Bias
    }

    /// Adds a layer, its factors included, and gives its value.
    let add
        (weights: Weights<float32>)
        (layer: Layer)
        (x: Value)
        (graph: OnnxGraph)
        : OnnxGraph * Value =
        let final = OnnxGraph.valueName layer.Name
        let output = if layer.Scale.IsSome then $"{layer.Name}/plain" else final

        let made (graph, form) =
            let graph =
                match layer.Scale with
                | Some scale ->
                    let factors = weights[Parameters.factorKey layer scale].Data
                    factor factors layer.Name layer.Output form output final graph
                | None -> graph

            graph,
            {
                Name = final
                Form = form
                Shape = layer.Output
            }

        let convolved c =
            WindowNodes.convolution weights layer output c x graph |> made

        match layer.Op with
        | Op.Conv c -> convolved (window c)
        | Op.DepthwiseConv c -> convolved (depthwise layer.Input.Channels c)
        | Op.Dense d -> dense weights layer output d.Bias x graph |> made
        | Op.BatchNorm bn -> NormNodes.batchNorm weights layer output bn x graph |> made
        | Op.GroupNorm g -> NormNodes.groupNorm weights layer output g x graph |> made
        | Op.LayerNorm l -> NormNodes.layerNorm weights layer output l x graph |> made
        | Op.LocalResponse l -> NormNodes.localResponse layer output l x graph |> made
        | Op.Deconv d -> WindowNodes.deconv weights layer output d x graph |> made
        | Op.Upsample u -> WindowNodes.upsample layer output u x graph |> made
        | Op.Activation a -> made (ActivationNodes.add a layer.Name output x.Name graph, x.Form)
        | Op.PRelu -> ChannelNodes.add weights "PRelu" layer output x graph |> made
        | Op.LayerScale _ -> ChannelNodes.add weights "Mul" layer output x graph |> made
        | Op.Pool p -> WindowNodes.pool layer output p x graph |> made
        | Op.GlobalPool kind -> WindowNodes.globalPool layer output kind x graph |> made
        // Nothing at all in evaluation.
        | Op.Dropout _ -> graph, x
        | Op.Flatten -> OnnxGraph.flat layer.Name x graph
        | Op.Reorder r -> reorder layer output r x graph |> made
        | Op.Attention a -> PositionNodes.attention weights layer output a x graph |> made
        | Op.Tokens t -> PositionNodes.tokens weights layer output t x graph |> made
        | Op.Pick -> PositionNodes.pick layer output x graph |> made
