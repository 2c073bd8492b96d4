namespace Sss.Torch

open System
open System.IO
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling
open TorchSharp

/// Evidence that LibTorch is loaded: only `LibTorch.load` makes one, and whatever computes with
/// tensors asks for one.
type LibTorch = private {
    folder: string
    binding: string
    mended: bool
} with

    /// The folder of LibTorch's libraries.
    member it.Folder = it.folder
    /// The file of the binding that was loaded.
    member it.Binding = it.binding
    /// Whether the binding is a mended copy (systems with a C++ library before GCC 13.2).
    member it.Mended = it.mended
    /// The version of LibTorch.
    member _.Version = Locate.libTorchVersion

/// Loading of the native libraries, before TorchSharp looks for them itself.
[<RequireQualifiedAccess>]
module LibTorch =

    let private loadFile (file: string) =
        try
            NativeLibrary.Load file |> ignore
            Ok()
        with
        | :? DllNotFoundException as e -> Error(CannotLoadLibrary(file, e.Message))
        | :? BadImageFormatException as e -> Error(CannotLoadLibrary(file, e.Message))

    let private readBinding (file: string) =
        try
            Ok(File.ReadAllBytes file)
        with
        | :? IOException as e -> Error(CannotLoadLibrary(file, e.Message))
        | :? UnauthorizedAccessException as e -> Error(CannotLoadLibrary(file, e.Message))

    /// The file to load instead of the binding: itself, or a copy in which the C++ library's
    /// missing version is optional. Nothing calls what that version holds.
    let internal mend (cache: string) (file: string) =
        result {
            let! content = readBinding file

            let! mended =
                Elf.weaken Glibc.missingVersion content
                |> Result.mapError (fun reason -> CannotLoadLibrary(file, reason))

            match mended with
            | None -> return file, false
            | Some copy ->
                let! path =
                    MendedCopy.keep cache Locate.binding copy
                    |> Result.mapError (fun reason -> CannotMendBinding(file, reason))

                return path, true
        }

    /// `keepFreed`: whether glibc is told to keep freed memory in the process.
    let internal loadAll (keepFreed: bool) =
        result {
            let rid = Locate.runtimeIdentifier

            if not (List.contains rid [ "linux-x64"; "win-x64"; "osx-arm64" ]) then
                if isNull (Environment.GetEnvironmentVariable "SSS_LIBTORCH") then
                    return! Error(NoLibTorchForPlatform rid)

            let! folder =
                Locate.first Locate.libTorchMark Locate.libTorchFolders
                |> Result.requireSome (
                    LibTorchNotFound(
                        $"libtorch-cpu-{rid}@{Locate.libTorchVersion}",
                        Locate.libTorchFolders
                    )
                )

            let! bindingFolder =
                Locate.first Locate.binding Locate.bindingFolders
                |> Result.requireSome (
                    BindingNotFound($"TorchSharp@{Locate.torchSharpVersion}", Locate.bindingFolders)
                )

            let onLinux = RuntimeInformation.IsOSPlatform OSPlatform.Linux

            if onLinux && keepFreed then
                Glibc.keepFreedMemory ()

            for file in Locate.libTorchFiles do
                let path = Path.Combine(folder, file)

                if File.Exists path then
                    do! loadFile path

            let original = Path.Combine(bindingFolder, Locate.binding)

            let! binding, mended =
                if onLinux && not (Glibc.hasVersion ()) then
                    mend Locate.cache original
                else
                    Ok(original, false)

            do! loadFile binding

            return {
                folder = folder
                binding = binding
                mended = mended
            }
        }

    let private once = lazy loadAll true

    /// Loads LibTorch and its binding, once a process; safe to call from several threads. The
    /// allocator of glibc is told to keep freed memory before the first tensor is made.
    let load () : Result<LibTorch, LibTorchError> = once.Value

    /// From now on LibTorch computes with so many threads, in the whole process. Part of what a
    /// run's bits depend on.
    let useThreads (_: LibTorch) (count: int) = torch.set_num_threads count
