namespace Sss.Tests.EndToEnd

open System
open System.IO
open Sss.Tests.EndToEnd.Running

/// The packages, packed once for all tests, and a folder outside the repository that installs them.
type Packed() =

    let folder = new Folder()
    let packages = folder.File "packages"

    let environment = [
        "DOTNET_CLI_TELEMETRY_OPTOUT", "1"
        "DOTNET_NOLOGO", "1"
        // Build servers would outlive the tests.
        "MSBUILDDISABLENODEREUSE", "1"
        "DOTNET_CLI_USE_MSBUILD_SERVER", "0"
        "UseSharedCompilation", "false"
        // Not the commit's time: there may be another commit before the tests are through.
        "SOURCE_DATE_EPOCH", "1750000000"
    ]

    let cache =
        Path.Combine(
            Environment.GetFolderPath Environment.SpecialFolder.UserProfile,
            ".nuget",
            "packages"
        )

    // When first requested: where the tests skip, nothing is packed.
    let prepared =
        lazy
            (start 1500 environment "/bin/bash" [ "build.sh"; "pack"; packages ]
             |> expectCode 0

             // Our packages can only come from the folder; all others lie in the machine's cache already,
             // or come from wherever this machine gets packages.
             File.WriteAllText(
                 folder.File "nuget.config",
                 $"""<configuration>
  <config><add key="globalPackagesFolder" value="restored" /></config>
  <fallbackPackageFolders><add key="machine" value="{cache}" /></fallbackPackageFolders>
  <packageSources><add key="built" value="{packages}" /></packageSources>
</configuration>
"""
             ))

    /// All files of one ending.
    member it.Files(ending: string) =
        Directory.GetFiles(it.Packages, "*" + ending) |> Array.sort

    /// Where the packages lie.
    member _.Packages =
        prepared.Force()
        packages

    /// The environment in which they are packed.
    member _.Environment = environment

    /// A file beside the packages.
    member _.File name = folder.File name

    /// A program, run in the folder.
    member _.Run (file: string) (args: string list) =
        prepared.Force()
        let quoted = args |> List.map (fun a -> $"'{a}'") |> String.concat " "
        start 600 environment "/bin/bash" [ "-c"; $"cd '{folder.Path}' && exec '{file}' {quoted}" ]

    /// An empty project of the folder with one package, built without a warning. Its program.
    member it.Build (extension: string) (package: string) (program: string) =
        let name = package.ToLowerInvariant()
        let project = folder.File name
        Directory.CreateDirectory project |> ignore
        let source = if extension = "fsproj" then "Program.fs" else "Program.cs"
        File.WriteAllText(Path.Combine(project, source), program)

        let compile =
            if extension = "fsproj" then
                "<Compile Include=\"Program.fs\" />"
            else
                ""

        File.WriteAllText(
            Path.Combine(project, $"app.{extension}"),
            $"""<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
    <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
  </PropertyGroup>
  <ItemGroup>{compile}<PackageReference Include="{package}" Version="*" /></ItemGroup>
</Project>
"""
        )

        it.Run "dotnet" [ "build"; $"{name}/app.{extension}"; "-c"; "Release"; "-o"; $"{name}/out" ]
        |> expectCode 0

        Path.Combine(project, "out", "app.dll")

    interface IDisposable with
        member _.Dispose() = (folder :> IDisposable).Dispose()
