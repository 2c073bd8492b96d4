namespace Sss.Torch

open System
open System.IO
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling
open Sss.Files
open TorchSharp

/// Where LibTorch's libraries come from.
type LibTorchSource =
    /// SSS_LIBTORCH names them.
    | Asked
    /// They are next to the program.
    | Own
    /// NuGet's cache holds them.
    | Package

/// Evidence that LibTorch is loaded: only `LibTorch.load` makes one, and everything that computes with
/// tensors requires one. It contains the choice of where and how to compute, the CPU and float32 where
/// `LibTorch.choose` was not used.
type LibTorch = private {
    folder: string
    source: LibTorchSource
    version: string option
    cuda: string option
    isCudaBuild: bool
    binding: string
    patched: bool
    device: Device
    place: torch.Device
    precision: Precision
    /// The threads that LibTorch takes by itself.
    usualThreads: int
} with

    /// The folder of LibTorch's libraries.
    member it.Folder = it.folder
    /// Where they come from.
    member it.Source = it.source
    /// The file of the binding that was loaded.
    member it.Binding = it.binding
    /// Whether the binding is a patched copy (systems with a C++ library before GCC 13.2).
    member it.Patched = it.patched
    /// The version of LibTorch; None: the user's folder does not say it.
    member it.Version = it.version
    /// The CUDA that LibTorch was built with; None: none, or not known.
    member it.Cuda = it.cuda
    /// Where models that are made with this value compute.
    member it.Device = it.device
    /// What training that is started with this value computes with.
    member it.Precision = it.precision
    /// The device, as TorchSharp names it.
    member internal it.Place = it.place

/// Loading LibTorch, and choosing where and how it computes.
[<RequireQualifiedAccess>]
module LibTorch =

    /// `keepFreed`: whether glibc is set to keep freed memory in the process.
    let internal loadAll (keepFreed: bool) =
        result {
            let before = MachineLoad.watch ()

            let! bindingFolder =
                Locate.first Locate.binding Locate.bindingFolders
                |> Result.requireSome (
                    BindingNotFound($"TorchSharp@{Locate.torchSharpVersion}", Locate.bindingFolders)
                )

            let original = Path.Combine(bindingFolder, Locate.binding)

            let! distribution, source =
                match Locate.asked with
                | Some root -> Libraries.brought root original |> Result.map (fun d -> d, Asked)
                | None ->
                    Libraries.packaged ()
                    |> Result.map (fun d -> d, (if Locate.isOwn d.Folder then Own else Package))

            if Libraries.onLinux && keepFreed then
                Glibc.keepFreedMemory ()

            CpuLimit.apply ()
            before |> Option.iter Waiting.apply
            do! Libraries.loadFiles distribution.Files

            for file in distribution.Files do
                if Path.GetFileName file = "libc10.so" then
                    match NativeLibrary.TryLoad file with
                    | true, library -> CpuLimit.quieten library
                    | false, _ -> ()

            let! binding, patched =
                if Libraries.onLinux && not (Glibc.hasVersion ()) then
                    Libraries.mend Locate.cache original
                else
                    Ok(original, false)

            do! Libraries.loadFile binding

            return {
                folder = distribution.Folder
                source = source
                version = distribution.Version
                cuda = distribution.Cuda
                isCudaBuild = Distribution.isCuda distribution.Files
                binding = binding
                patched = patched
                device = Cpu
                place = torch.CPU
                precision = Precision.Float32
                usualThreads = torch.get_num_threads ()
            }
        }

    let private once = lazy loadAll true

    /// Loads LibTorch and its binding, once a process; safe to call from several threads. The
    /// allocator of glibc is set to keep freed memory before the first tensor is made.
    let load () : Result<LibTorch, LibTorchError> = once.Value

    /// From now on LibTorch computes with this many threads, in the whole process. The
    /// exact bits of a run depend on it.
    let useThreads (_: LibTorch) (count: int) = torch.set_num_threads count

    /// How many threads LibTorch computes with.
    let threads (_: LibTorch) : int = torch.get_num_threads ()

    /// How many threads LibTorch takes by itself.
    let usualThreads (engine: LibTorch) : int = engine.usualThreads

    /// The number of threads that fits the load of the machine: as many as processors are free, and no more than
    /// LibTorch takes by itself. Where the user has set a variable of `ThreadChoice.variables`, LibTorch's own. `began`: since
    /// when the load counts; if that is too short a time, this waits a moment.
    let chooseThreads (began: LoadSample option) (engine: LibTorch) : ThreadChoice =
        ThreadChoice.ofMachine (Some engine.usualThreads) began

    /// How many symbols of LibTorch the binding needs, if all of them are there; otherwise what is wrong. For the
    /// user's LibTorch this was checked before it was loaded. None: not a system with ELF files.
    let checkSymbols (engine: LibTorch) : Result<int, LibTorchError> option =
        if Libraries.onLinux then
            Distribution.read engine.folder
            |> Result.bind (Distribution.check Locate.libTorchVersion engine.binding)
            |> Some
        else
            None

    /// Facts about CUDA on this machine.
    let cudaFacts (engine: LibTorch) : CudaFacts =
        let driver = Driver.find ()

        {
            Folder = engine.folder
            IsCudaBuild = engine.isCudaBuild
            Wanted = engine.cuda
            Driver = driver
            Usable =
                if engine.isCudaBuild && Result.isOk driver && torch.cuda.is_available () then
                    torch.cuda.device_count ()
                else
                    0
        }

    let private setTf32 (isOn: bool) =
        torch.backends.cuda.matmul.allow_tf32 <- isOn
        torch.backends.cudnn.allow_tf32 <- isOn

    /// The same with tensors somewhere else, whatever is available there.
    let internal placed (place: torch.Device) (engine: LibTorch) = { engine with place = place }

    /// The same on the CPU. Exactness is checked there, regardless of the device for training: its sums have a fixed order,
    /// and no library chooses between algorithms that round otherwise.
    let onCpu (engine: LibTorch) = {
        engine with
            device = Cpu
            place = torch.CPU
    }

    /// LibTorch computing on a device and, in training, at a precision. A device that is not available is
    /// an error with its cause.
    let choose (device: Device) (precision: Precision) (engine: LibTorch) =
        result {
            match device with
            | Cpu ->
                return {
                    onCpu engine with
                        precision = precision
                }
            | Cuda index ->
                do!
                    Device.decide (cudaFacts engine) device
                    |> Result.mapError (fun fault -> NoDevice(device, fault))

                // LibTorch allows it for cuDNN by default.
                setTf32 (Device.allowsTf32 device ForVerdict)

                return {
                    engine with
                        device = device
                        place = torch.device (DeviceType.CUDA, index)
                        precision = precision
                }
        }

    /// Whether training with this value rounds the inputs of products to TF32.
    let tf32 (engine: LibTorch) =
        Device.allowsTf32 engine.device ForTraining

    /// Where, with what numbers and in how many parts training with this value and this many ranks
    /// computes.
    let arithmetic (engine: LibTorch) (ranks: int) : RunArithmetic = {
        RunArithmetic.Device = Device.name engine.device
        Precision = Precision.name engine.precision
        Tf32 = tf32 engine
        Ranks = ranks
        Threads = torch.get_num_threads ()
    }

    /// Runs training: TF32 is on within where it may be, and off again afterwards.
    let internal training (engine: LibTorch) (work: unit -> 'T) : 'T =
        if tf32 engine then
            try
                setTf32 true
                work ()
            finally
                setTf32 false
        else
            work ()
