namespace Sss.Tests.Language

open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// The names of PyTorch, Keras and ONNX are known, and lead to the words of this language.
type OtherNamesTests() =

    /// What messages say of a statement that begins with a name.
    let said (name: string) =
        match Language.parse (wrap $"{name} 1") with
        | Ok _ -> failwith name
        | Error found ->
            found |> List.pick (fun d -> if d.Code = "SSS201" then d.Suggestion else None)

    /// Each word of the language with its names elsewhere: PyTorch's, Keras's, ONNX's.
    let names = [
        "conv", "Conv1d Conv2d Conv2D Convolution"
        "dwconv", "DepthwiseConv2D depthwise_conv"
        "deconv", "ConvTranspose2d Conv2DTranspose ConvTranspose"
        "dense", "Linear linear Dense fc Gemm MatMul"
        "bn", "BatchNorm2d BatchNormalization batchnorm batch_norm"
        "groupnorm", "GroupNorm GroupNormalization"
        "layernorm", "LayerNorm LayerNormalization layer_norm"
        "lrn", "LocalResponseNorm LRN"
        "relu", "ReLU Relu"
        "relu6", "ReLU6"
        "leakyrelu", "LeakyReLU LeakyRelu leaky_relu"
        "silu", "SiLU swish Swish"
        "gelu", "GELU Gelu"
        "hardswish", "Hardswish HardSwish hard_swish h_swish"
        "hardsigmoid", "Hardsigmoid HardSigmoid hard_sigmoid"
        "mish", "Mish"
        "elu", "ELU Elu"
        "tanh", "Tanh"
        "sigmoid", "Sigmoid"
        "prelu", "PReLU PRelu"
        "layerscale", "LayerScale"
        "maxpool", "MaxPool2d MaxPooling2D MaxPool max_pool2d"
        "maxpool global", "AdaptiveMaxPool2d GlobalMaxPooling2D GlobalMaxPool"
        "avgpool", "AvgPool2d AveragePooling2D AveragePool"
        "avgpool global", "AdaptiveAvgPool2d GlobalAveragePooling2D GlobalAveragePool gap"
        "upsample", "Upsample UpSampling2D Resize interpolate"
        "dropout", "Dropout Dropout2d SpatialDropout2D"
        "flatten", "Flatten Reshape"
        "shuffle", "ChannelShuffle"
        "attention", "MultiheadAttention MultiHeadAttention Attention"
        "tokens", "class_token"
        "pick", "Gather"
        "residual", "Add"
        "gate", "Multiply Mul"
        "concat", "Concatenate Concat cat"
        "split", "Split chunk"
        "repeat", "loop while"
    ]

    [<Fact>]
    member _.``every name is told what it is here``() =
        for word, others in names do
            for name in others.Split ' ' do
                let text = said name
                // Capitals alone are a slip of the pen, and asked for.
                let asked = $"did you mean `{word}`?"
                Assert.True(text.StartsWith $"write `{word}" || text = asked, $"{name}: {text}")

    [<Fact>]
    member _.``every layer and join has names``() =
        let known = names |> List.map (fun (word, _) -> word.Split(' ').[0]) |> Set.ofList

        for word in Seq.append Words.kinds Node.words do
            Assert.True(known.Contains word, word)

    [<Fact>]
    member _.``a name of the text itself is no other library's``() =
        let text =
            "network T {\n  input 3x8x8\n  classes 10\n  def linear(n) { dense n }\n  linear 10\n}\n"

        Assert.Equal("", messages text)
