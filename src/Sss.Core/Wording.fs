namespace Sss.Core

/// What differs in a message between the callers that may read it: how options are called, and what can be done
/// about an error. The rest of a message is the same for all. Each field is a phrase, without a full stop unless
/// it is a sentence.
type Wording = {
    /// The recipe's step size.
    Rate: string
    /// A short rise of the step size.
    Warmup: string
    Decay: string
    Batch: string
    /// The recipe's patience.
    Stop: string
    Teacher: string
    /// How images are held out.
    HoldOut: string
    /// How a teacher's network is given: a sentence.
    TeacherNetwork: string
    /// What a training may begin with.
    StartValues: string
    /// Where a profile of times comes from.
    Profile: string
    /// What may be done instead with a profile of another network.
    OwnProfile: string
    /// What a training that was stopped allows, after its number of epochs.
    Stopped: string
    /// How an unfinished run is continued.
    Continue: string
    /// What the weights of a checkpoint are still good for.
    Reuse: string
    /// What to do with an unfinished run: a sentence.
    Unfinished: string
    /// How another folder is chosen.
    OtherFolder: string
    /// How the network of a checkpoint is trained further by a run of its own: a sentence, of the folder of the run and
    /// the checkpoint's file.
    Further: string -> string -> string
    /// What to do where a folder belongs to something else: a sentence.
    SameAgain: string
    /// The same for a whole sweep.
    SameSweep: string
    /// What to do where no checkpoint can be read: a sentence.
    BeginAgain: string
    /// How a wrong selection is looked into: a sentence.
    FindCase: string
    /// How a network is exported without what prepares its images.
    ExportRaw: string
    /// How the size of an image is given for an import.
    ImageSize: string
    /// How pictures are read as a recipe says.
    ReadPictures: string
    /// What to do with a network that takes no pictures.
    UseNumbers: string
    /// How a network is trained so that its preparation is recorded.
    RecordPreparation: string
    /// How a network is exported.
    Export: string
    /// How a network is exported whose preparation is recorded.
    ExportTrained: string
    /// What to do where 8 bits cost too much: a sentence.
    AllowDrop: string
    /// How a network is exported in single precision: a sentence.
    ExportFloat: string
    /// How an ONNX file becomes a network.
    Import: string
}

/// The wordings.
[<RequireQualifiedAccess>]
module Wording =

    /// Options and commands of `sss`, and the words of the language.
    let commandLine: Wording = {
        Rate = "`lr`"
        Warmup = "`warmup 1` in the recipe"
        Decay = "`decay`"
        Batch = "`batch`"
        Stop = "`stop`"
        Teacher = "`teacher`"
        HoldOut = "with `--validation 0.1`"
        TeacherNetwork =
            "Use --teacher with a run folder or a .safetensors file; with --init, the network of that file is the teacher."
        StartValues = "`--init`, `init=` of the factors and the data"
        Profile = "`sss profile`"
        OwnProfile = "measure this one with `sss profile`"
        Stopped = " and can be resumed"
        Continue = "continue with --resume"
        Reuse = "its weights can start a new run with --init"
        Unfinished = "Continue it with --resume, delete it with --restart, or choose another --out."
        OtherFolder = "choose another --out"
        Further =
            fun network _ ->
                $"To train its network further, start a new run with --init {network} and another --out."
        SameAgain =
            "Continue with the same files and options, or start again with --restart or another --out."
        SameSweep = "Continue with the same files and options, or choose another --out."
        BeginAgain = "Start again with --restart."
        FindCase = "`sss verify` may find a small case."
        ExportRaw = "export it with --raw, as the network alone"
        ImageSize = "give it with --input, as --input 3x224x224"
        ReadPictures = "load the pictures with the recipe's options"
        UseNumbers = "use numbers instead: `sss eval` with an npz or csv file"
        RecordPreparation = "train it with `sss train`, which records it"
        Export = "export it with `sss export`"
        ExportTrained = "export a network that `sss train` trained, with `sss export`"
        AllowDrop = "Export without --int8, or allow more with --max-drop POINTS."
        ExportFloat = "Export it without --int8."
        Import = "`sss import` reads it as a network"
    }

    /// Members of the classes for C#.
    let csharp: Wording = {
        Rate = "`LearningRate`"
        Warmup = "`Warmup = 1`"
        Decay = "`Decay`"
        Batch = "`Batch`"
        Stop = "`StopAfter`"
        Teacher = "`Teacher`"
        HoldOut = "with `Validation = 0.1`"
        TeacherNetwork =
            "Give it as `Teacher.Network`; without it, the network of `Init` is the teacher."
        StartValues = "`Init`, the start values of the factors and the data"
        Profile = "`LatencyProfile`"
        OwnProfile = "without `LatencyProfile` this one is measured"
        Stopped = ""
        Continue = "the same call continues"
        Reuse = "its weights can start another training: `Init = Weights.Load(…)` of this file"
        Unfinished = "The same call continues it; or choose another folder."
        OtherFolder = "choose another folder"
        Further =
            fun _ checkpoint ->
                $"To train its network further, start another training with another folder and `Init = \
                  Weights.Load(\"{checkpoint}\")`."
        SameAgain = "Continue with the same network, data and options, or choose another folder."
        SameSweep = "Continue with the same network, data and options, or choose another folder."
        BeginAgain = "Delete the folder or choose another one, and start again."
        FindCase = "Please report it, with the network's text."
        ExportRaw = "export it with `raw: true`, as the network alone"
        ImageSize = "give it as `ImportOptions.Input`"
        ReadPictures =
            "load the pictures with Dataset.Folder(folder, network), with a network of this recipe"
        UseNumbers = "use numbers instead: Predict with an array"
        RecordPreparation = "train it with TrainAsync, which records it"
        Export = "export it with ExportOnnx"
        ExportTrained = "export a network that TrainAsync trained, with ExportOnnx"
        AllowDrop = "Use ExportOnnx, or allow more with `maxDrop`."
        ExportFloat = "Use ExportOnnx."
        Import = "Network.Import reads it as a network"
    }
