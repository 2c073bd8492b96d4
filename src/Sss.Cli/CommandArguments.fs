namespace Sss.Cli

open Argu

/// Help texts of options that several commands have.
module internal SharedHelp =

    let device = "cpu (the default), cuda or cuda:INDEX"
    let threads = "threads for computation (default: the number of cores)"
    let json = "print one JSON object to standard output, and nothing else"
    let network = "the network, with its recipe"
    let epochs = "passes over the training images (recipe: epochs)"
    let lr = "initial learning rate (recipe: lr)"

    let targetBy = "epochs until the target holds, such as 2 or 0.5 (recipe: target by)"

    let shrink =
        "remove structures that stay zero every so many epochs (recipe: shrink every)"

    let validation =
        "fraction of the training images to hold out for choosing the best epoch"

    let limit = "use only this many training images, from all classes in proportion"

    let method =
        "update rule of the factors: apg (the default), published or published-unclamped"

    let round = "round kept channels up to a multiple of this number; still exact"

    let precision = "number format of training: float32 (the default) or bf16"

    let precisionOrAuto =
        "number format of training: float32 (the default), bf16, or auto: bf16 where a short measurement shows that it is faster"

    let teacher =
        "a run folder or .safetensors file whose scores are aimed at too (recipe: teacher)"

    let quiet = "show no progress, only the result and errors"

/// `sss train`.
type TrainArgument =
    | [<MainCommand; ExactlyOnce>] File of file: string
    | [<Mandatory; Unique>] Data of data: string
    | [<Mandatory; Unique>] Out of folder: string
    | [<Unique>] Epochs of count: int
    | [<Unique>] Batch of size: int
    | [<Unique>] Lr of rate: float
    | [<Unique>] Gamma of gamma: string
    | [<Unique>] Target_Macs of fraction: float
    | [<Unique>] Target_Params of fraction: float
    | [<Unique>] Target_Size of bytes: string
    | [<Unique>] Target_Latency of latency: string
    | [<Unique>] Target_By of epochs: float
    | [<Unique>] Profile of file: string
    | [<Unique>] Shrink of epochs: int
    | [<Unique>] Seed of seed: int
    | [<Unique>] Validation of fraction: float
    | [<Unique>] Resume
    | [<Unique>] Restart
    | [<Unique>] Threads of count: int
    | [<Unique>] Loaders of count: int
    | [<Unique>] Limit of images: int
    | [<Unique>] Init of weights: string
    | [<Unique>] Teacher of network: string
    | [<Unique>] Method of method: string
    | [<Unique>] Round of channels: int
    | [<Unique>] Keep_Factors
    | [<Unique>] Device of device: string
    | [<Unique>] Precision of precision: string
    | [<Unique>] Control
    | [<Unique>] Seeds of seeds: string
    | [<Unique>] Jobs of count: int
    | [<Unique>] No_Report
    | [<Unique>] Quiet
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | File _ -> SharedHelp.network
            | Data _ ->
                "digits, fashion-mnist, idx:DIR, cifar10:DIR, cifar100:DIR, folder:DIR, npz:FILE or csv:FILE"
            | Out _ -> "the folder for the results; created if it does not exist"
            | Epochs _ -> SharedHelp.epochs
            | Batch _ -> "images per step, over all ranks under mpirun (recipe: batch)"
            | Lr _ -> SharedHelp.lr
            | Gamma _ ->
                "weight of the penalty: a number, or neuron=G,group=G,block=G,shared=G (recipe: gamma)"
            | Target_Macs _ ->
                "fraction of the macs that the selected network may have (recipe: target macs)"
            | Target_Params _ ->
                "fraction of the parameters that it may have (recipe: target params)"
            | Target_Size _ ->
                "bytes that its ONNX file may have, or 200kB, 1.5MB (recipe: target size)"
            | Target_Latency _ ->
                "time of a prediction: 5ms, or a fraction of the dense network's (recipe: target latency)"
            | Target_By _ -> SharedHelp.targetBy
            | Profile _ ->
                "times of 'sss profile' for a target of latency (default: measured on this machine, \
                  in ONNX Runtime, one image per call)"
            | Shrink _ -> SharedHelp.shrink
            | Seed _ -> "seed of all random choices (recipe: seed)"
            | Validation _ -> SharedHelp.validation
            | Resume -> "continue from the last checkpoint in the folder, if there is one"
            | Restart -> "start again, and delete the unfinished run in the folder"
            | Threads _ ->
                "threads for computation (default: the number of cores, divided among ranks)"
            | Loaders _ ->
                "threads that load images in advance (default for picture files: half of the cores)"
            | Limit _ -> SharedHelp.limit
            | Init _ -> "start from the weights of a .safetensors file instead of random ones"
            | Teacher _ -> SharedHelp.teacher
            | Method _ -> SharedHelp.method
            | Round _ -> SharedHelp.round
            | Keep_Factors ->
                "keep the factors in the selected network instead of folding them into weights"
            | Device _ -> SharedHelp.device
            | Precision _ -> SharedHelp.precisionOrAuto
            | Control ->
                "then train the networks to compare with: dense, from scratch \
                 (same epochs, same compute) and uniformly narrowed"
            | Seeds _ -> "do everything once for each of these seeds, as 1,2,3: mean ± deviation"
            | Jobs _ -> "how many runs of --control and --seeds to do in parallel (1)"
            | No_Report -> "do not write report.html"
            | Quiet -> SharedHelp.quiet
            | Json -> "print result.json to standard output, and nothing else"

/// `sss sweep`.
type SweepArgument =
    | [<MainCommand; ExactlyOnce>] File of file: string
    | [<Mandatory; Unique>] Data of data: string
    | [<Mandatory; Unique>] Out of folder: string
    | [<Unique>] Gamma of gammas: string
    | [<Unique>] Target_Macs of fractions: string
    | [<Unique>] Target_By of epochs: float
    | [<Unique>] Seeds of seeds: string
    | [<Unique>] Control
    | [<Unique>] Jobs of count: int
    | [<Unique>] Epochs of count: int
    | [<Unique>] Batch of size: int
    | [<Unique>] Lr of rate: float
    | [<Unique>] Shrink of epochs: int
    | [<Unique>] Validation of fraction: float
    | [<Unique>] Init of weights: string
    | [<Unique>] Teacher of network: string
    | [<Unique>] Threads of count: int
    | [<Unique>] Loaders of count: int
    | [<Unique>] Limit of images: int
    | [<Unique>] Method of method: string
    | [<Unique>] Round of channels: int
    | [<Unique>] Device of device: string
    | [<Unique>] Precision of precision: string
    | [<Unique>] No_Latency
    | [<Unique>] Known of file: string
    | [<Unique>] Quiet
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | File _ -> SharedHelp.network
            | Data _ -> "the data set; names as for 'sss train'"
            | Out _ -> "the folder of the sweep; the same command again continues it"
            | Gamma _ ->
                "weights of the penalty, one run each: G,G,… or neuron=G,block=G;neuron=G,block=G;…"
            | Target_Macs _ -> "fractions of the macs, one run each: F,F,…"
            | Target_By _ -> SharedHelp.targetBy
            | Seeds _ -> "do everything once for each of these seeds, as 1,2,3 (the recipe's seed)"
            | Control ->
                "for each run, also train dense, from-scratch and uniformly narrowed networks"
            | Jobs _ -> "how many runs to do in parallel (1)"
            | Epochs _ -> SharedHelp.epochs
            | Batch _ -> "images per step (recipe: batch)"
            | Lr _ -> SharedHelp.lr
            | Shrink _ -> SharedHelp.shrink
            | Validation _ -> SharedHelp.validation
            | Init _ ->
                "start the selected and the dense networks from the weights of a .safetensors file"
            | Teacher _ -> SharedHelp.teacher
            | Threads _ ->
                "threads for computation, divided among the jobs (default: as many as cores are free)"
            | Loaders _ ->
                "threads of each run that decode images ahead; half of the cores for pictures where \
                 not given"
            | Limit _ -> SharedHelp.limit
            | Method _ -> SharedHelp.method
            | Round _ -> SharedHelp.round
            | Device _ -> SharedHelp.device
            | Precision _ -> SharedHelp.precision
            | No_Latency -> "do not measure the latency of the selected networks"
            | Known _ ->
                "a sweep.json of the same network, recipe and options: its runs are not repeated"
            | Quiet -> SharedHelp.quiet
            | Json -> "print sweep.json to standard output, and nothing else"
