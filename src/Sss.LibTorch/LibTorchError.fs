namespace Sss.Torch

/// Symbols that the binding needs and a LibTorch lacks.
type MissingSymbols = {
    Folder: string
    /// None: no file there says it.
    Version: string option
    /// The version that the binding is built for.
    Wanted: string
    /// How many symbols are missing, and how many are needed.
    Count: int
    Asked: int
    /// The first of them, as it is in the library.
    First: string
    /// Whether the libraries are built with the older layout of strings of GCC.
    IsOldLayout: bool
}

/// Why the engine cannot run on this machine.
type LibTorchError =
    /// No LibTorch exists for this system and processor.
    | NoLibTorchForPlatform of runtimeIdentifier: string
    /// LibTorch's own files were found nowhere.
    /// `package`: the one that holds them, as `dotnet package download` takes it.
    | LibTorchNotFound of package: string * lookedIn: string list
    /// The folder that SSS_LIBTORCH names holds no LibTorch.
    | NoLibTorchIn of file: string * lookedIn: string list
    /// The binding (`LibTorchSharp`) was found nowhere.
    | BindingNotFound of package: string * lookedIn: string list
    /// The file exists, but the system cannot load it.
    | CannotLoadLibrary of file: string * reason: string
    /// A file of the user's LibTorch is not a library for this process.
    | BadLibrary of file: string * ElfError
    /// The internal name of a library differs from its file name: the binding would not find it.
    | OtherName of file: string * name: string
    /// The user's LibTorch lacks what the binding calls.
    | MissingSymbols of MissingSymbols
    /// The binding needs a newer C++ library, and no patched copy could be made.
    | CannotMendBinding of file: string * reason: string
    /// The device that was requested is not available.
    | NoDevice of Device * DeviceFault

/// Wording.
[<RequireQualifiedAccess>]
module LibTorchError =

    let private list folders =
        folders |> List.map (fun folder -> $"\n  {folder}") |> String.concat ""

    let private fetch package =
        $"Run `dotnet package download {package} --output ~/.nuget/packages`"

    let private mismatch (m: MissingSymbols) =
        let version =
            match m.Version with
            | Some version -> $"version {version}"
            | None -> "of an unknown version"

        let first =
            match Demangle.name m.First with
            | Some name -> $"{name} ({m.First})"
            | None -> m.First

        let cause =
            if m.IsOldLayout then
                "It is built with the old C++ ABI (_GLIBCXX_USE_CXX11_ABI=0), and the new one is \
                 needed: builds for Python have it since 2.7; others call it cxx11-abi."
            else
                $"Set SSS_LIBTORCH to LibTorch {m.Wanted}, or unset it."

        $"The LibTorch in {m.Folder}, {version}, does not fit: LibTorch {m.Wanted} is needed. It lacks \
          {m.Count} of the {m.Asked} symbols that are needed; the first is\n  {first}\n{cause}"

    /// One message that says what is wrong and what to do.
    let message (error: LibTorchError) =
        match error with
        | NoLibTorchForPlatform rid ->
            $"LibTorch is not available for {rid}. It is for linux-x64, win-x64 and osx-arm64; set \
              SSS_LIBTORCH to a folder with a LibTorch 2.10 built for this system."
        | LibTorchNotFound(package, lookedIn) ->
            $"LibTorch was not found. {fetch package}, or set SSS_LIBTORCH to the folder that holds \
              its libraries. Looked in:{list lookedIn}"
        | NoLibTorchIn(file, lookedIn) ->
            $"SSS_LIBTORCH is set to a folder without LibTorch: {file} was not found. Set it to the folder \
              of a LibTorch, its `lib`, or `torch/lib` of a Python package. Looked in:{list lookedIn}"
        | BindingNotFound(package, lookedIn) ->
            $"LibTorchSharp's native library was not found. {fetch package}. Looked in:{list lookedIn}"
        | CannotLoadLibrary(file, reason) ->
            $"The library {file} cannot be loaded: {reason}. LibTorch 2.10 needs a 64-bit system with \
              glibc 2.28 and libstdc++ of GCC 12 or later (Debian 12, Ubuntu 22.04). If the file is \
              damaged, delete its package from NuGet's cache and restore again."
        | BadLibrary(file, reason) ->
            $"The library {file} cannot be used: {ElfError.message reason}."
        | OtherName(file, name) ->
            $"The library {file} has the internal name {name}, so it could not be found under its file name. Set \
              SSS_LIBTORCH to a LibTorch as PyTorch publishes it."
        | MissingSymbols m -> mismatch m
        | CannotMendBinding(file, reason) ->
            $"This system's C++ library is older than {file} needs, and no working copy could \
              be made: {reason}. Update libstdc++ (GCC 13.2 or later), or make space in the cache folder \
              ($XDG_CACHE_HOME or ~/.cache) or in the temporary folder."
        | NoDevice(device, fault) ->
            $"The device {Device.name device} is not available: {DeviceFault.message fault}"
