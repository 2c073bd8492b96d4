namespace Sss.Torch

/// Why the engine cannot run on this machine.
type LibTorchError =
    /// No LibTorch exists for this system and processor.
    | NoLibTorchForPlatform of runtimeIdentifier: string
    /// LibTorch's own files were found nowhere.
    /// `package`: the one that holds them, as `dotnet package download` takes it.
    | LibTorchNotFound of package: string * lookedIn: string list
    /// The binding (`LibTorchSharp`) was found nowhere.
    | BindingNotFound of package: string * lookedIn: string list
    /// A file is there and the system refuses it.
    | CannotLoadLibrary of file: string * reason: string
    /// The binding asks for a newer C++ library and its copy could not be mended.
    | CannotMendBinding of file: string * reason: string

/// Wording.
[<RequireQualifiedAccess>]
module LibTorchError =

    let private list folders =
        folders |> List.map (fun folder -> $"\n  {folder}") |> String.concat ""

    let private fetch package =
        $"Run `dotnet package download {package} --output ~/.nuget/packages`"

    /// One message that names what is wrong and the way out.
    let message (error: LibTorchError) =
        match error with
        | NoLibTorchForPlatform rid ->
            $"LibTorch is not available for {rid}. It is for linux-x64, win-x64 and osx-arm64; set \
              SSS_LIBTORCH to a folder with a LibTorch 2.10 built for this system."
        | LibTorchNotFound(package, lookedIn) ->
            $"LibTorch was not found. {fetch package}, or set SSS_LIBTORCH to the folder that holds \
              its libraries. Looked in:{list lookedIn}"
        | BindingNotFound(package, lookedIn) ->
            $"LibTorchSharp's native library was not found. {fetch package}. Looked in:{list lookedIn}"
        | CannotLoadLibrary(file, reason) ->
            $"The library {file} does not load: {reason}. LibTorch 2.10 needs a 64-bit system with \
              glibc 2.28 and libstdc++ of GCC 12 or later (Debian 12, Ubuntu 22.04). If the file is \
              damaged, delete its package from NuGet's cache and restore again."
        | CannotMendBinding(file, reason) ->
            $"This system's C++ library is older than {file} asks for, and no copy that works could \
              be made: {reason}. Update libstdc++ (GCC 13.2 or later), or give the cache folder \
              ($XDG_CACHE_HOME or ~/.cache) or the temporary folder some room."
