namespace Sss.Dsl

open System.Collections.Generic
open Sss.Core

/// What PyTorch, Keras and ONNX call the layers and arguments of this language, for suggestions.
[<RequireQualifiedAccess>]
module internal OtherNames =

    /// A name without what differs between libraries: capitals, underscores and the number of dimensions.
    let private plain (name: string) =
        ("_" :: [ for n in 1..3 -> $"{n}d" ], name.ToLowerInvariant())
        ||> List.foldBack (fun part (text: string) -> text.Replace(part, ""))

    /// How a layer is written here, and what else it is called. The first word is the layer's own.
    let private layers: (string * string list) list = [
        "conv", [ "convolution"; "convlayer" ]
        "dwconv", [ "depthwiseconv"; "depthwiseconvolution"; "depthwise"; "convdw" ]
        "deconv",
        [
            "convtranspose"
            "convtransposed"
            "transposeconv"
            "transposedconv"
            "deconvolution"
        ]
        "dense", [ "linear"; "fc"; "fullyconnected"; "gemm"; "matmul"; "innerproduct"; "affine" ]
        "bn", [ "batchnorm"; "batchnormalization"; "batchnormalisation"; "syncbatchnorm" ]
        "groupnorm", [ "groupnormalization"; "groupnormalisation"; "gn" ]
        "layernorm", [ "layernormalization"; "layernormalisation"; "ln" ]
        "lrn", [ "localresponsenorm"; "localresponsenormalization" ]
        "relu", [ "rectifier"; "rectifiedlinear" ]
        "relu6", [ "relun" ]
        "leakyrelu", [ "lrelu"; "leaky" ]
        "silu", [ "swish" ]
        "gelu", [ "fastgelu" ]
        "hardswish", [ "hswish"; "hardsilu" ]
        "hardsigmoid", [ "hsigmoid" ]
        "mish", []
        "elu", [ "exponentiallinear" ]
        "tanh", [ "hyperbolictangent" ]
        "sigmoid", [ "logistic" ]
        "prelu", [ "parametricrelu" ]
        "layerscale", [ "channelscale" ]
        "maxpool", [ "maxpooling"; "pool"; "pooling" ]
        "maxpool global", [ "globalmaxpool"; "globalmaxpooling"; "adaptivemaxpool"; "reducemax" ]
        "avgpool", [ "averagepool"; "averagepooling"; "avgpooling"; "meanpool" ]
        "avgpool global",
        [
            "globalavgpool"
            "globalaveragepool"
            "globalaveragepooling"
            "adaptiveavgpool"
            "reducemean"
            "gap"
        ]
        "upsample",
        [
            "upsampling"
            "upsamplingnearest"
            "upsamplingbilinear"
            "resize"
            "interpolate"
        ]
        "dropout", [ "spatialdropout"; "featuredropout" ]
        "flatten", [ "reshape"; "view"; "squeeze" ]
        "shuffle", [ "channelshuffle" ]
        "attention", [ "multiheadattention"; "selfattention"; "mha" ]
        "tokens class", [ "classtoken"; "clstoken" ]
        "pick first", [ "gather"; "poolfirst" ]
    ]

    /// Parts of networks that are no layers here, and how they are written.
    let private statements: (string * string list) list = [
        "residual { … }", [ "add"; "sum"; "skip"; "resblock"; "residualblock" ]
        "gate { … }", [ "mul"; "multiply"; "se"; "squeezeexcite"; "squeezeexcitation" ]
        "concat { … } { … }", [ "concatenate"; "cat"; "parallel"; "inception" ]
        "split { … } { … }", [ "chunk"; "groupsplit" ]
        "repeat 3 { … }", [ "for"; "foreach"; "while"; "loop"; "times" ]
        "def NAME(…) { … }", [ "function"; "func"; "fn"; "module"; "class"; "let" ]
        "dwconv 3x3; conv 16 1x1", [ "separableconv" ]
        "residual drop=0.1 { … }", [ "droppath"; "stochasticdepth" ]
    ]

    /// Words that have nothing in their place, and what to do instead.
    let private advice: (string * string list) list = [
        "remove it: a network gives scores; training and predictions take the softmax",
        [ "softmax"; "logsoftmax"; "argmax" ]
        "write its layers one after the other, without a word around them",
        [ "sequential"; "modulelist" ]
        "write the function itself, such as `relu`", [ "activation"; "nonlinearity" ]
        "write `pad=1` on the layer after it", [ "zeropad"; "zeropadding"; "pad"; "reflectionpad" ]
        "write `groupnorm` with as many groups as there are channels",
        [ "instancenorm"; "instancenormalization" ]
        "remove it: what the last layer gives is the output; a further one is written `output NAME { … }`",
        [ "output"; "outputs"; "return" ]
    ]

    let private byName (entries: (string * string list) list) =
        dict [
            for value, names in entries do
                for name in names -> name, value
        ]

    let private layerOf = byName layers
    let private statementOf = byName statements
    let private adviceOf = byName advice

    let private tryFind (table: IDictionary<string, string>) key =
        match table.TryGetValue key with
        | true, value -> Some value
        | false, _ -> None

    /// A layer's word with an example of its arguments.
    let private written (layer: string) =
        match Op.tryWord layer with
        | Some { Example = example } when example <> "" ->
            $"write `{layer}`, as in `{layer} {example}`"
        | Some _
        | None -> $"write `{layer}`"

    /// What to write in the place of a word that is no layer or definition, if another library has it.
    let statement (word: string) : string option =
        let name = plain word

        if Words.isKind name then
            Some(written name)
        else
            tryFind layerOf name
            |> Option.map written
            |> Option.orElseWith (fun () ->
                tryFind statementOf name |> Option.map (fun text -> $"write `{text}`")
            )
            |> Option.orElseWith (fun () -> tryFind adviceOf name)

    /// Whether a word begins a loop elsewhere.
    let isLoop (word: string) : bool =
        match tryFind statementOf (plain word) with
        | Some text -> text.StartsWith "repeat"
        | None -> false

    /// Arguments that are written `name=value` here.
    let private named =
        byName [
            "pad", [ "padding"; "pads"; "padsize" ]
            "stride", [ "strides"; "subsample"; "step" ]
            "dilation", [ "dilations"; "dilationrate"; "atrous" ]
            "groups", [ "group"; "ngroups"; "numgroups" ]
            "bias", [ "usebias"; "biases" ]
            "ceil", [ "ceilmode" ]
            "countpad", [ "countincludepad" ]
            "outpad", [ "outputpadding" ]
            "eps", [ "epsilon" ]
            "heads", [ "numheads"; "nheads"; "nhead" ]
            "width", [ "keydim"; "headdim" ]
            "slope", [ "negativeslope"; "alpha" ]
        ]

    /// Arguments that are written without a name here, under the names that messages give them.
    let private positional: (string * string list) list = [
        "kernel", [ "kernel"; "kernelsize"; "kernelshape"; "ksize"; "size" ]
        "window", [ "window"; "kernel"; "kernelsize"; "kernelshape"; "poolsize"; "size" ]
        "number of channels", [ "filters"; "channels"; "outchannels"; "outplanes"; "width"; "out" ]
        "number of features", [ "units"; "features"; "outfeatures"; "out" ]
        "number of groups", [ "groups"; "numgroups"; "group" ]
        "probability", [ "p"; "rate"; "prob"; "ratio" ]
        "factor", [ "scalefactor"; "scale"; "scales"; "size" ]
    ]

    let private surplus =
        byName [
            "remove it: a layer knows the shape of its input",
            [ "inchannels"; "infeatures"; "inputshape"; "inputdim"; "inplanes" ]
            "write it as a layer of its own, as in `conv 16 3x3; relu`", [ "activation"; "act" ]
        ]

    /// What to write in the place of an argument that a layer does not have.
    let argument (layer: string) (name: string) : string option =
        match Op.tryWord layer with
        | None -> None
        | Some word ->
            let key = plain name

            let takes isNamed argument =
                word.Arguments
                |> List.exists (fun a -> a.IsNamed = isNamed && a.Name = argument)

            match tryFind named key, tryFind surplus key with
            | Some own, _ when takes true own -> Words.didYouMean (Some own)
            | _, Some advice -> Some advice
            | _, None ->
                positional
                |> List.tryFind (fun (own, names) -> takes false own && List.contains key names)
                |> Option.map (fun _ -> $"write it without a name, as in `{layer} {word.Example}`")

    /// Items of a recipe.
    let private items =
        byName [
            "lr", [ "learningrate"; "rate"; "eta" ]
            "batch", [ "batchsize"; "minibatch" ]
            "decay", [ "weightdecay"; "wd"; "l2" ]
            "epochs", [ "numepochs"; "nepochs"; "maxepochs" ]
            "stop", [ "earlystopping"; "earlystop"; "patience" ]
            "augment", [ "augmentation"; "transforms"; "transform" ]
        ]

    /// The item of a recipe that another library calls so.
    let item (word: string) : string option = tryFind items (plain word)
