namespace Sss.Torch

open System
open System.Runtime.InteropServices
open System.Runtime.Intrinsics.X86

/// Works around a bug in oneDNN, LibTorch's library of CPU kernels. Some virtual machines hide the
/// sizes of the processor's caches, by which oneDNN divides its work. Its AVX-512 convolutions then end
/// the process with a division by 0, or gives wrong sums silently (seen with LibTorch 2.10 on an
/// AMD EPYC of family 1Ah). Its AVX2 kernels are correct.
[<RequireQualifiedAccess>]
module CpuLimit =

    /// The variable that oneDNN reads at its first use.
    let variable = "ONEDNN_MAX_CPU_ISA"

    /// .NET's own environment is a copy, which native libraries do not read.
    [<DllImport("libc", CharSet = CharSet.Ansi)>]
    extern int private setenv(string name, string value, int overwrite)

    /// Whether the processor describes its caches: leaf 4 of CPUID, on AMD's 0x8000001D.
    let private tellsCaches () =
        let describes leaf =
            let struct (kind, _, _, _) = X86Base.CpuId(leaf, 0)
            kind &&& 31 <> 0

        X86Base.IsSupported && (describes 4 || describes 0x8000001D)

    /// The instruction set that oneDNN must be held to; None: none. `chosen`: the variable as the user
    /// has set it, which stays.
    let decide (hasAvx512: bool) (tellsCaches: bool) (chosen: string option) : string option =
        match chosen with
        | Some _ -> None
        | None when hasAvx512 && not tellsCaches -> Some "AVX2"
        | None -> None

    /// The limit for this machine.
    let needed () : string option =
        if OperatingSystem.IsLinux() then
            decide
                Avx512F.IsSupported
                (tellsCaches ())
                (Environment.GetEnvironmentVariable variable |> Option.ofObj)
        else
            None

    /// Applies the limit. Must run before the first convolution.
    let apply () =
        match needed () with
        | Some set -> setenv (variable, set, 0) |> ignore
        | None -> ()
