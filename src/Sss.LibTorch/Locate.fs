namespace Sss.Torch

open System
open System.IO
open System.Runtime.InteropServices

/// Where the native libraries may be, in the order of the search.
[<RequireQualifiedAccess>]
module internal Locate =

    /// The LibTorch that the binding is built for; moves together with the pin of TorchSharp.
    let libTorchVersion = "2.10.0"

    /// The pinned TorchSharp.
    let torchSharpVersion = "0.107.0"

    /// How this system is named in packages: `linux-x64`, `win-x64`, `osx-arm64`, …
    let runtimeIdentifier =
        let system =
            if RuntimeInformation.IsOSPlatform OSPlatform.Windows then
                "win"
            elif RuntimeInformation.IsOSPlatform OSPlatform.OSX then
                "osx"
            else
                "linux"

        let processor = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()
        $"{system}-{processor}"

    let private fileName (stem: string) =
        if RuntimeInformation.IsOSPlatform OSPlatform.Windows then
            $"{stem}.dll"
        elif RuntimeInformation.IsOSPlatform OSPlatform.OSX then
            $"lib{stem}.dylib"
        else
            $"lib{stem}.so"

    /// The binding's file.
    let binding = fileName "LibTorchSharp"

    /// LibTorch's own libraries, needed ones before those that need them.
    let private stems = [ "c10"; "torch_cpu"; "c10_cuda"; "torch_cuda"; "torch" ]

    let private isCuda (stem: string) = stem.EndsWith "_cuda"

    /// What each LibTorch has.
    let requiredFiles = stems |> List.filter (isCuda >> not) |> List.map fileName

    /// Further files of one that is built with CUDA.
    let cudaFiles = stems |> List.filter isCuda |> List.map fileName

    /// LibTorch's files that are loaded by hand, in this order. What is here and does not exist on a
    /// system is skipped, except `torch_cpu`.
    let libTorchFiles =
        let helpers =
            if RuntimeInformation.IsOSPlatform OSPlatform.Windows then
                [ "libiomp5md.dll"; "uv.dll" ]
            else
                []

        helpers @ List.map fileName stems

    /// The file that shows that a folder holds LibTorch.
    let libTorchMark = fileName "torch_cpu"

    /// The file that shows that it is built with CUDA.
    let cudaMark = fileName "torch_cuda"

    let private environment name =
        match Environment.GetEnvironmentVariable name with
        | null
        | "" -> None
        | value -> Some value

    /// The user's home, also where it does not exist; the temporary folder for a user without one.
    let private home =
        match
            Environment.GetFolderPath(
                Environment.SpecialFolder.UserProfile,
                Environment.SpecialFolderOption.DoNotVerify
            )
        with
        | "" -> Path.GetTempPath()
        | folder -> folder

    /// NuGet's package cache.
    let packages =
        environment "NUGET_PACKAGES"
        |> Option.defaultWith (fun () -> Path.Combine(home, ".nuget", "packages"))

    let private own = [
        AppContext.BaseDirectory
        Path.Combine(AppContext.BaseDirectory, "runtimes", runtimeIdentifier, "native")
    ]

    let private inPackage name version =
        Path.Combine(packages, name, version, "runtimes", runtimeIdentifier, "native")

    /// Whether a folder is the program's own.
    let isOwn (folder: string) = List.contains folder own

    /// The folder of the LibTorch that the user brings.
    let asked = environment "SSS_LIBTORCH"

    /// Folders that may hold LibTorch where the user names none: the program's own, NuGet's cache.
    let libTorchFolders =
        own @ [ inPackage $"libtorch-cpu-{runtimeIdentifier}" libTorchVersion ]

    /// Folders that may hold the binding.
    let bindingFolders =
        Option.toList asked @ own @ [ inPackage "torchsharp" torchSharpVersion ]

    /// The first of the folders that has the file.
    let first (file: string) (folders: string list) =
        folders |> List.tryFind (fun folder -> File.Exists(Path.Combine(folder, file)))

    /// The user's folder for what can be made again.
    let cache =
        environment "XDG_CACHE_HOME"
        |> Option.defaultWith (fun () -> Path.Combine(home, ".cache"))
        |> fun root -> Path.Combine(root, "sss")
