/// The networks of the table as one writes them in TorchSharp by hand: modules, no factors. What the
/// project's own training step is compared with.
module Sss.Bench.Steps.ByHand

open TorchSharp
open type TorchSharp.torch.nn

type private Tensor = torch.Tensor
type private Net = torch.nn.Module<Tensor, Tensor>

let private conv (from: int) (into: int) (kernel: int) (stride: int) : Net =
    Conv2d(
        int64 from,
        int64 into,
        int64 kernel,
        stride = int64 stride,
        padding = int64 (kernel / 2),
        bias = false
    )

let private bn (channels: int) : Net = BatchNorm2d(int64 channels)
let private relu () : Net = ReLU(inplace = true)
let private chain (parts: Net list) : Net = Sequential(Array.ofList parts)

/// branch + shortcut, then relu.
type private Block(branch: Net, shortcut: Net) as it =
    inherit torch.nn.Module<Tensor, Tensor>("block")
    do it.RegisterComponents()

    override _.forward x =
        functional.relu (branch.forward(x).add_(shortcut.forward x), inplace = true)

/// Everything up to the last layer, then mean over the image, then a dense layer.
type private Classifier(features: Net, last: Net) as it =
    inherit torch.nn.Module<Tensor, Tensor>("classifier")
    do it.RegisterComponents()

    override _.forward x =
        last.forward (features.forward(x).mean([| 2L; 3L |]))

let private shortcut from into stride : Net =
    if from = into && stride = 1 then
        Identity()
    else
        chain [ conv from into 1 stride; bn into ]

let private basic (from, into, stride) : Net =
    new Block(
        chain [ conv from into 3 stride; bn into; relu (); conv into into 3 1; bn into ],
        shortcut from into stride
    )

let private resNet20 (case: Case) : Net =
    let blocks =
        [
            16, 16, 1
            16, 16, 1
            16, 16, 1
            16, 32, 2
            32, 32, 1
            32, 32, 1
            32, 64, 2
            64, 64, 1
            64, 64, 1
        ]
        |> List.map basic

    let stem = [ conv case.Channels 16 3 1; bn 16; relu () ]
    new Classifier(chain (stem @ blocks), Linear(64L, int64 case.Classes))

let private bottleneck (from, mid, stride) : Net =
    let into = 4 * mid

    new Block(
        chain [
            conv from mid 1 1
            bn mid
            relu ()
            conv mid mid 3 stride
            bn mid
            relu ()
            conv mid into 1 1
            bn into
        ],
        shortcut from into stride
    )

let private resNet50 (case: Case) : Net =
    let stage from mid stride count = [
        bottleneck (from, mid, stride)
        for _ in 2..count do
            bottleneck (4 * mid, mid, 1)
    ]

    let blocks =
        stage 64 64 1 3 @ stage 256 128 2 4 @ stage 512 256 2 6 @ stage 1024 512 2 3

    let stem: Net list = [
        conv case.Channels 64 7 2
        bn 64
        relu ()
        MaxPool2d(3L, stride = 2L, padding = 1L)
    ]

    new Classifier(chain (stem @ blocks), Linear(2048L, int64 case.Classes))

let private vgg16 (case: Case) : Net =
    let convBias from into : Net =
        Conv2d(int64 from, int64 into, 3L, padding = 1L, bias = false)

    let stage from into count : Net list = [
        for i in 1..count do
            convBias (if i = 1 then from else into) into
            bn into
            relu ()
        MaxPool2d(2L, stride = 2L)
    ]

    let features =
        stage case.Channels 64 2
        @ stage 64 128 2
        @ stage 128 256 3
        @ stage 256 512 3
        @ stage 512 512 3

    new Classifier(chain features, Linear(512L, int64 case.Classes))

/// The network of a case.
let network (case: Case) : Net =
    match case.Name with
    | "vgg16-cifar" -> vgg16 case
    | "resnet50" -> resNet50 case
    | _ -> resNet20 case
