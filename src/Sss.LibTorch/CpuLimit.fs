namespace Sss.Torch

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics.X86

/// Works around a fault of oneDNN, LibTorch's library of CPU kernels. Some virtual machines hide the
/// sizes of the processor's caches, by which oneDNN divides its work. There its AVX-512 convolutions
/// gave wrong sums without an error, and those for AVX2 and AVX-512 ended the process with a division
/// by 0 (LibTorch 2.10, an AMD EPYC of family 1Ah). Its AVX kernels gave the right sums.
[<RequireQualifiedAccess>]
module CpuLimit =

    /// The variable that oneDNN reads at its first use.
    let variable = "ONEDNN_MAX_CPU_ISA"

    /// .NET's own environment is a copy, which native libraries do not read.
    [<DllImport("libc", CharSet = CharSet.Ansi)>]
    extern int internal setenv(string name, string value, int overwrite)

    /// Whether the processor describes its caches: leaf 4 of CPUID, on AMD's 0x8000001D.
    let private tellsCaches () =
        let describes leaf =
            let struct (kind, _, _, _) = X86Base.CpuId(leaf, 0)
            kind &&& 31 <> 0

        X86Base.IsSupported && (describes 4 || describes 0x8000001D)

    /// The instruction set that oneDNN must be held to; None: none. `chosen`: the variable as the user
    /// has set it, which stays.
    let decide (hasAvx2: bool) (tellsCaches: bool) (chosen: string option) : string option =
        match chosen with
        | Some _ -> None
        | None when hasAvx2 && not tellsCaches -> Some "AVX"
        | None -> None

    /// What holds on this machine.
    let needed () : string option =
        if OperatingSystem.IsLinux() then
            decide
                Avx2.IsSupported
                (tellsCaches ())
                (Environment.GetEnvironmentVariable variable |> Option.ofObj)
        else
            None

    /// The instruction set that oneDNN is held to: by the user, under either of the variable's names, or by the loader.
    let inForce () : string option =
        [ variable; "DNNL_MAX_CPU_ISA" ]
        |> List.tryPick (Environment.GetEnvironmentVariable >> Option.ofObj)
        |> Option.orElseWith needed

    /// Holds oneDNN to what is needed. Before the first convolution.
    let apply () =
        match needed () with
        | Some set -> setenv (variable, set, 0) |> ignore
        | None -> ()

    /// Errors and worse, on LibTorch's scale of log levels.
    let private errors = 2

    /// On such machines LibTorch warns in every thread that it cannot use NNPACK, which nothing needs.
    /// `library`: a library of LibTorch, loaded.
    let quieten (library: nativeint) =
        match needed (), NativeLibrary.TryGetExport(library, "FLAGS_caffe2_log_level") with
        | Some _, (true, level) -> Marshal.WriteInt32(level, errors)
        | Some _, (false, _)
        | None, _ -> ()
