namespace Sss.Cli

open System
open System.IO
open System.Runtime.InteropServices
open Sss.Files
open Sss.Torch

/// `sss doctor`: what this machine offers, and what is wrong.
[<RequireQualifiedAccess>]
module DoctorCommand =

    let private version () =
        let assembly = System.Reflection.Assembly.GetExecutingAssembly()
        string (assembly.GetName().Version)

    let private libTorch (loaded: Result<LibTorch, LibTorchError>) = [
        match loaded with
        | Ok engine ->
            "libtorch", $"{engine.Version} in {engine.Folder}"

            "binding",
            engine.Binding
            + (if engine.Mended then
                   " (a mended copy: this system's C++ library is older)"
               else
                   "")
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
        "device", "cpu"
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
