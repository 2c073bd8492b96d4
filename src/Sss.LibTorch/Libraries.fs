namespace Sss.Torch

open System
open System.IO
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling

/// Finds native libraries and loads them before TorchSharp looks for them.
[<RequireQualifiedAccess>]
module internal Libraries =

    /// Loads one file.
    let loadFile (file: string) =
        try
            NativeLibrary.Load file |> ignore
            Ok()
        with
        | :? DllNotFoundException as e -> Error(CannotLoadLibrary(file, e.Message))
        | :? BadImageFormatException as e -> Error(CannotLoadLibrary(file, e.Message))

    /// Loads files in their order. LibTorch's own must load. Others that they need are loaded before them so that
    /// they are found wherever they are; one that does not load by itself may take a symbol from a library that it
    /// does not name (libtorch_nvshmem of PyTorch 2.11 does), and loads together with the one that needs it.
    let loadFiles (files: string list) =
        let isOwn (file: string) =
            List.contains (nonNull (Path.GetFileName file)) Locate.libTorchFiles

        result {
            for file in files do
                match loadFile file with
                | Error _ when not (isOwn file) -> ()
                | loaded -> do! loaded
        }

    let private readBinding (file: string) =
        try
            Ok(File.ReadAllBytes file)
        with
        | :? IOException as e -> Error(CannotLoadLibrary(file, e.Message))
        | :? UnauthorizedAccessException as e -> Error(CannotLoadLibrary(file, e.Message))

    /// The file to load instead of the binding: itself, or a copy in which the C++ library's
    /// missing version is optional. Nothing calls what that version holds.
    let mend (cache: string) (file: string) =
        result {
            let! content = readBinding file

            let! patched =
                Elf.weaken Glibc.missingVersion content
                |> Result.mapError (fun reason -> CannotLoadLibrary(file, reason))

            match patched with
            | None -> return file, false
            | Some copy ->
                let! path =
                    PatchedBinding.keep cache Locate.binding copy
                    |> Result.mapError (fun reason -> CannotMendBinding(file, reason))

                return path, true
        }

    /// Whether libraries are ELF files.
    let onLinux = RuntimeInformation.IsOSPlatform OSPlatform.Linux

    /// What there is in a folder by the names of its files alone.
    let private plain folder version : Distribution = {
        Folder = folder
        Version = version
        Cuda = None
        Files =
            Locate.libTorchFiles
            |> List.map (fun file -> Path.Combine(folder, file))
            |> List.filter File.Exists
    }

    /// The LibTorch that SSS_LIBTORCH names, checked before any of it is loaded.
    let brought (root: string) (binding: string) =
        result {
            let folders = Distribution.folders root

            let! folder =
                Locate.first Locate.libTorchMark folders
                |> Result.requireSome (NoLibTorchIn(Locate.libTorchMark, folders))

            if onLinux then
                let! distribution = Distribution.read folder
                let! _ = Distribution.check Locate.libTorchVersion binding distribution
                return distribution
            else
                return plain folder (fst (Distribution.version folder))
        }

    /// The LibTorch next to the program or in NuGet's cache.
    let packaged () =
        let rid = Locate.runtimeIdentifier

        result {
            if not (List.contains rid [ "linux-x64"; "win-x64"; "osx-arm64" ]) then
                return! Error(NoLibTorchForPlatform rid)

            let! folder =
                Locate.first Locate.libTorchMark Locate.libTorchFolders
                |> Result.requireSome (
                    LibTorchNotFound(
                        $"libtorch-cpu-{rid}@{Locate.libTorchVersion}",
                        Locate.libTorchFolders
                    )
                )

            return plain folder (Some Locate.libTorchVersion)
        }
