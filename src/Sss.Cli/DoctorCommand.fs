namespace Sss.Cli

open System
open System.IO
open System.Runtime.InteropServices
open Sss.Files
open Sss.Torch

/// `sss doctor`: what works on this machine, and what does not.
[<RequireQualifiedAccess>]
module DoctorCommand =

    let private version () =
        let assembly = System.Reflection.Assembly.GetExecutingAssembly()
        string (assembly.GetName().Version)

    let private source (engine: LibTorch) =
        match engine.Source with
        | Asked -> "SSS_LIBTORCH"
        | Own -> "the program's folder"
        | Package -> "NuGet's cache"

    /// Symbols of LibTorch that the binding calls.
    let private symbols (engine: LibTorch) =
        match LibTorch.checkSymbols engine with
        | None -> "not checked on this system"
        | Some(Ok count) -> $"all {count} that the binding needs are there"
        | Some(Error error) -> LibTorchError.message error

    /// What training would compute with now, and why.
    let private threads (engine: LibTorch) =
        let choice = LibTorch.chooseThreads (MachineLoad.watch ()) engine

        match ThreadChoice.reason choice with
        | Some reason ->
            $"{choice.Threads} for training now, since {reason}; {LibTorch.usualThreads engine} when they are free"
        | None -> string choice.Threads

    let private driver (facts: CudaFacts) =
        match facts.Driver with
        | Ok driver -> $"supports CUDA {driver.Version}"
        | Error fault -> DeviceFault.message fault

    /// One line per device that can be requested; with CUDA that is not available, the reason.
    let private devices (facts: CudaFacts) = [
        "device", "cpu"
        match Device.decide facts (Cuda 0), facts.Driver with
        | Ok(), Ok driver ->
            for index, device in List.indexed (List.truncate facts.Usable driver.Devices) do
                Device.name (Cuda index), $"{device.Name}, {device.MemoryBytes >>> 20} MiB"
        | Error fault, _ -> "cuda", "not available: " + DeviceFault.message fault
        | Ok(), Error fault -> "cuda", "not available: " + DeviceFault.message fault
    ]

    /// Whether training in bf16 can be faster here.
    let private bf16 (facts: CudaFacts) =
        let measured = "--precision auto measures whether it is faster for a network"

        if facts.Usable > 0 then
            $"for training on cuda; {measured}"
        else
            match BFloat16Units.ofMachine () with
            | Matrices -> $"this processor multiplies matrices of it (AMX); {measured}"
            | Vectors -> $"this processor multiplies vectors of it (AVX-512); {measured}"
            | Nothing ->
                "slower than float32 here: LibTorch uses no instructions for it on this processor"
            | Unknown -> measured

    let private libTorch (loaded: Result<LibTorch, LibTorchError>) = [
        match loaded with
        | Ok engine ->
            let version = engine.Version |> Option.defaultValue "an unknown version"
            let facts = LibTorch.cudaFacts engine
            "libtorch", $"{version} in {engine.Folder}, from {source engine}"

            "binding",
            engine.Binding
            + (if engine.Patched then
                   " (a patched copy: this system's C++ library is older)"
               else
                   "")

            "symbols", symbols engine
            "threads", threads engine

            match CpuLimit.needed () with
            | Some set -> "onednn", $"limited to {set}: this machine hides the sizes of its caches"
            | None -> ()

            yield! devices facts

            if facts.IsCudaBuild then
                "cuda build", engine.Cuda |> Option.defaultValue "of an unknown version"
                "driver", driver facts

            "tf32",
            if facts.Usable > 0 then
                "on for training on cuda, off for exactness checks"
            else
                "off: it needs cuda"

            "bf16", bf16 facts
        | Error _ -> "libtorch", "cannot be loaded"
    ]

    let private fashion () =
        match DataSource.fashionFolders () |> List.tryFind Directory.Exists with
        | Some folder -> folder
        | None -> "not found"

    let private facts loaded = [
        "sss", version ()
        "runtime", RuntimeInformation.FrameworkDescription
        "system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}"
        "cores", string Environment.ProcessorCount
        yield! libTorch loaded
        "digits", "embedded"
        "fashion-mnist", fashion ()
    ]

    /// `sss doctor`
    let main (words: string[]) : int =
        match Usage.parse<DoctorArgument> "doctor" words with
        | Error code -> code
        | Ok args ->
            let loaded = LibTorch.load ()
            let facts = facts loaded

            if args.Contains DoctorArgument.Json then
                let pairs =
                    facts
                    |> List.map (fun (name, value) ->
                        Terminal.quoted name + ":" + Terminal.quoted value
                    )

                Terminal.out ("{" + String.Join(",", pairs) + "}")
            else
                let width = facts |> List.map (fst >> String.length) |> List.max

                for name, value in facts do
                    Terminal.out (name.PadRight width + "  " + value)

            match loaded with
            | Ok _ -> Exit.ok
            | Error error ->
                Terminal.error (LibTorchError.message error)
                Exit.fault
