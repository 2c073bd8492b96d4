namespace Sss.Torch

open System
open System.Globalization

/// Where the arithmetic is done.
type Device =
    | Cpu
    /// The CUDA device of that index, from 0.
    | Cuda of index: int

/// The type of the numbers that a network in training computes with. Weights, factors and running
/// statistics are kept in float32 either way.
[<RequireQualifiedAccess>]
type Precision =
    | Float32
    /// bfloat16: the range of float32 with 8 bits of mantissa.
    | BFloat16

/// What a run is asked to compute with.
[<RequireQualifiedAccess>]
type PrecisionChoice =
    | Always of Precision
    /// bf16 where a measurement before training shows that its steps are faster, else float32.
    | Auto

/// What a computation is for.
type internal Purpose =
    | ForTraining
    /// Accuracy and exactness: everything that is reported as a result.
    | ForVerdict

/// Why CUDA that was requested is not available.
type DeviceFault =
    /// The LibTorch in this folder has no CUDA.
    | NoCudaBuild of folder: string
    /// The driver's library is not on this machine; its file.
    | NoDriver of library: string
    /// The driver is there and gives an error; its number (of the CUDA driver API).
    | DriverFails of code: int
    /// The driver sees no device.
    | NoDevices
    /// The driver sees devices, but LibTorch cannot use it: the versions of the driver and
    /// of LibTorch's CUDA, which do not match.
    | DriverTooOld of driver: string * wanted: string option
    /// There are this many devices, and the index is not among them.
    | NoSuchIndex of index: int * count: int

/// A CUDA device as the driver describes it.
type CudaDevice = { Name: string; MemoryBytes: int64 }

/// What the driver says.
type CudaDriver = {
    /// The newest CUDA that it supports: `12.8`.
    Version: string
    Devices: CudaDevice list
}

/// Facts about CUDA on a machine.
type CudaFacts = {
    /// The folder of the loaded LibTorch.
    Folder: string
    /// Whether its CUDA libraries are loaded.
    IsCudaBuild: bool
    /// The CUDA that LibTorch was built with; None: not known.
    Wanted: string option
    Driver: Result<CudaDriver, DeviceFault>
    /// How many devices LibTorch can use.
    Usable: int
}

/// Names of devices, and the decision whether one is available.
[<RequireQualifiedAccess>]
module Device =

    /// `cpu`, `cuda:0`.
    let name device =
        match device with
        | Cpu -> "cpu"
        | Cuda index -> $"cuda:{index}"

    /// `cpu`, `cuda` (the first) or `cuda:INDEX`.
    let tryParse (text: string) : Device option =
        match text with
        | "cpu" -> Some Cpu
        | "cuda" -> Some(Cuda 0)
        | other when other.StartsWith("cuda:", StringComparison.Ordinal) ->
            match
                Int32.TryParse(other.AsSpan 5, NumberStyles.None, CultureInfo.InvariantCulture)
            with
            | true, index -> Some(Cuda index)
            | _ -> None
        | _ -> None

    /// Whether a device is available; if not, the cause. It never falls back to another device.
    let decide (facts: CudaFacts) (device: Device) : Result<unit, DeviceFault> =
        match device with
        | Cpu -> Ok()
        | Cuda _ when not facts.IsCudaBuild -> Error(NoCudaBuild facts.Folder)
        | Cuda index ->
            match facts.Driver with
            | Error fault -> Error fault
            | Ok { Devices = [] } -> Error NoDevices
            | Ok driver when facts.Usable = 0 -> Error(DriverTooOld(driver.Version, facts.Wanted))
            | Ok _ when index >= facts.Usable -> Error(NoSuchIndex(index, facts.Usable))
            | Ok _ -> Ok()

    /// Whether matrix products may round their inputs to TF32 (10 bits of mantissa): much faster,
    /// good enough for a gradient, and never for a result.
    let internal allowsTf32 (device: Device) (purpose: Purpose) =
        device <> Cpu && purpose = ForTraining

/// Names of precisions.
[<RequireQualifiedAccess>]
module Precision =

    /// What the command line and `result.json` call it.
    let name precision =
        match precision with
        | Precision.Float32 -> "float32"
        | Precision.BFloat16 -> "bf16"

    /// All of them, the default first.
    let all = [ Precision.Float32; Precision.BFloat16 ]

    /// The precision of a name.
    let tryParse (text: string) =
        all |> List.tryFind (fun precision -> name precision = text)

/// Names of what is asked for.
[<RequireQualifiedAccess>]
module PrecisionChoice =

    /// What the command line calls it.
    let name choice =
        match choice with
        | PrecisionChoice.Always precision -> Precision.name precision
        | PrecisionChoice.Auto -> "auto"

    /// All of them, the default first.
    let all = List.map PrecisionChoice.Always Precision.all @ [ PrecisionChoice.Auto ]

    /// The choice of a name.
    let tryParse (text: string) =
        all |> List.tryFind (fun choice -> name choice = text)

/// Wording.
[<RequireQualifiedAccess>]
module DeviceFault =

    let private folder = "set SSS_LIBTORCH to a LibTorch with CUDA: see docs/gpu.md"

    /// What is wrong and what to do.
    let message (fault: DeviceFault) =
        match fault with
        | NoCudaBuild place -> $"the LibTorch in {place} is built without CUDA; {folder}."
        | NoDriver library ->
            $"the NVIDIA driver is not installed: {library} was not found. In a container, start it \
              with access to the GPU."
        | DriverFails code -> $"the NVIDIA driver fails with error {code}; see `nvidia-smi`."
        | NoDevices ->
            "the NVIDIA driver sees no device. CUDA_VISIBLE_DEVICES may hide it; `nvidia-smi` \
             lists what is there."
        | DriverTooOld(driver, Some wanted) ->
            $"LibTorch is built for CUDA {wanted} and cannot use the driver, which supports CUDA \
              {driver}; update the driver, or {folder}."
        | DriverTooOld(driver, None) ->
            $"LibTorch cannot use the driver, which supports CUDA {driver}; update the driver, or \
              {folder}."
        | NoSuchIndex(index, 1) -> $"there is no device {index}: there is one, cuda:0."
        | NoSuchIndex(index, count) ->
            $"there is no device {index}: there are {count}, cuda:0 to cuda:{count - 1}."
