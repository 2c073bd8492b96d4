namespace Sss.Cli

open Argu

/// `sss eval`.
type EvalArgument =
    | [<MainCommand; ExactlyOnce>] Path of path: string
    | [<Mandatory; Unique>] Data of data: string
    | [<Unique>] Device of device: string
    | [<Unique>] Threads of count: int
    | [<Unique>] Limit of images: int
    | [<Unique>] Classes
    | [<Unique>] Calibration
    | [<Unique>] Worst
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Path _ -> "a run folder, or a selected network's .sss or .safetensors file"
            | Data _ -> "the data set whose test images are used; names as for 'sss train'"
            | Device _ -> SharedHelp.device
            | Threads _ -> SharedHelp.threads
            | Limit _ -> "use only this many test images, from all classes in proportion"
            | Classes -> "also list the classes: recall, precision, and what each is taken for"
            | Calibration -> "also compare the probabilities with how often they are right"
            | Worst -> "also list the images that are most wrong, with their scores"
            | Json -> SharedHelp.json

/// `sss predict`.
type PredictArgument =
    | [<MainCommand; Mandatory>] Paths of path: string list
    | [<Unique>] Top of count: int
    | [<Unique>] Device of device: string
    | [<Unique>] Threads of count: int
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Paths _ ->
                "a run folder, or a .safetensors or exported .onnx file of a network, then pictures (JPEG, PNG)"
            | Top _ -> "how many classes to show per picture (default: 3; all with --json)"
            | Device _ -> SharedHelp.device
            | Threads _ -> SharedHelp.threads
            | Json -> SharedHelp.json

/// `sss init`.
type InitArgument =
    | [<Mandatory; Unique>] Data of data: string
    | [<Mandatory; Unique>] Out of file: string
    | [<Unique>] Style of style: string
    | [<Unique>] Target_Macs of fraction: float
    | [<Unique>] Flip of answer: string
    | [<Unique>] Force
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Data _ -> "the data set to train on; names as for 'sss train'"
            | Out _ -> "the .sss file to write"
            | Style _ -> "residual (the default): factors on blocks and neurons; plain: on neurons"
            | Target_Macs _ -> "the fraction of the macs that the target leaves (0.5)"
            | Flip _ ->
                "yes or no: mirror training images at random (default: if mirrored images look like their classes)"
            | Force -> "overwrite the file if it exists"
            | Json -> SharedHelp.json

/// `sss verify`.
type VerifyArgument =
    | [<MainCommand; ExactlyOnce>] File of file: string
    | [<Unique>] Trials of count: int
    | [<Unique>] Seed of seed: int
    | [<Unique>] Device of device: string
    | [<Unique>] Threads of count: int
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | File _ -> "the network"
            | Trials _ -> "random weights and zero patterns to try (20)"
            | Seed _ -> "seed of the random choices (1)"
            | Device _ -> SharedHelp.device
            | Threads _ -> SharedHelp.threads
            | Json -> SharedHelp.json

/// `sss export`.
type ExportArgument =
    | [<MainCommand; ExactlyOnce>] Path of folder: string
    | [<Mandatory; Unique>] Onnx of file: string
    | [<Unique>] Raw
    | [<Unique>] Full
    | [<Unique>] Int8
    | [<Unique>] Data of data: string
    | [<Unique>] Max_Drop of points: float
    | [<Unique>] Within of percent: float
    | [<Unique>] Threads of count: int
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Path _ -> "a run folder"
            | Onnx _ -> "the file to write"
            | Raw -> "export the network alone: it takes prepared images and gives only scores"
            | Full -> "export the network that was trained instead of the selected one"
            | Int8 -> "8-bit weights and activations, for ONNX Runtime on CPUs; needs --data"
            | Data _ ->
                "with --int8: calibrate on its training images, and measure on its test images; as for 'sss train'"
            | Max_Drop _ ->
                "with --int8: write nothing if accuracy falls by more percentage points (0.5)"
            | Within _ ->
                "with --int8: the percentage of the values of a layer that its 8 bits hold; the outermost are cut (100)"
            | Threads _ -> "with --int8: threads of ONNX Runtime (all cores)"
            | Json -> SharedHelp.json

/// `sss import`.
type ImportArgument =
    | [<MainCommand; ExactlyOnce>] File of file: string
    | [<Mandatory; Unique>] Out of file: string
    | [<Unique>] Input of extents: string
    | [<Unique>] Scale of kinds: string
    | [<Unique>] Classes of count: int
    | [<Unique>] Name of name: string
    | [<Unique>] As of file: string
    | [<Unique>] Map of names: string
    | [<Unique>] Preset of name: string
    | [<Unique>] Mean of values: string
    | [<Unique>] Std of values: string
    | [<Unique>] Range of values: string
    | [<Unique>] Order of channels: string
    | [<Unique>] Force
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | File _ -> "a trained network as ONNX, or with --as its weights as .safetensors"
            | Out _ -> "the .sss file to write; the weights go into a .safetensors file beside it"
            | Input _ -> "the size of the images, as 3x224x224, where the file leaves it open"
            | Scale _ ->
                "kinds of factors to place, as neuron,group,block (the default), with shared too, or none"
            | Classes _ -> "replace the last layer by a new one for this number of classes"
            | Name _ -> "the network's name (default: made of the file's name)"
            | As _ ->
                "the .sss file of the network whose weights a .safetensors file of PyTorch holds"
            | Map _ -> "how the weights of --as are named: torchvision"
            | Preset _ -> "how images are prepared for the network: imagenet"
            | Mean _ ->
                "what is subtracted from pixels, one number or one a channel, as 0.5,0.4,0.4"
            | Std _ -> "what pixels are divided by after that, one number or one a channel"
            | Range _ -> "the numbers of black and white before --mean and --std (0,1)"
            | Order _ -> "the order of the channels that the file takes: rgb (the default) or bgr"
            | Force -> "overwrite the files if they exist"
            | Json -> SharedHelp.json

/// `sss report`.
type ReportArgument =
    | [<MainCommand; Mandatory>] Runs of folder: string list
    | [<Unique>] Markdown of file: string
    | [<Unique>] Notes of file: string
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Runs _ -> "a run's folder, or a sweep's"
            | Markdown _ -> "write the tables of all given sweeps as one Markdown page"
            | Notes _ -> "a file whose text follows the heading of that page"
            | Json -> SharedHelp.json

/// `sss profile`.
type ProfileArgument =
    | [<MainCommand; ExactlyOnce>] File of file: string
    | [<Mandatory; Unique>] Out of file: string
    | [<Unique>] Engine of engine: string
    | [<Unique>] Batch_Size of images: int
    | [<Unique>] Device of device: string
    | [<Unique>] Threads of count: int
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | File _ -> "the network (.sss)"
            | Out _ -> "the file for the times, for --profile of 'sss train'"
            | Engine _ -> "what will run the network: onnxruntime (the default) or libtorch"
            | Batch_Size _ -> "images per call (default: 1)"
            | Device _ -> "cpu (the default), or with libtorch: cuda or cuda:INDEX"
            | Threads _ -> SharedHelp.threads
            | Json -> SharedHelp.json

/// `sss bench`.
type BenchArgument =
    | [<MainCommand; ExactlyOnce>] Path of folder: string
    | [<Unique>] Device of device: string
    | [<Unique>] Threads of count: int
    | [<Unique>] Seconds of seconds: float
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Path _ -> "a run folder; the result is saved there as bench.json"
            | Seconds _ -> "seconds of measurement per row of the table, without warm-up (2)"
            | Device _ -> SharedHelp.device
            | Threads _ -> SharedHelp.threads
            | Json -> "print bench.json to standard output, and nothing else"

/// `sss doctor`.
type DoctorArgument =
    | [<Unique>] Json

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Json -> SharedHelp.json
