namespace Sss.Torch

open System.Runtime.Intrinsics.X86

/// A processor's instructions for bfloat16.
type BFloat16Units =
    /// Products of small matrices (AMX).
    | Matrices
    /// Products of vectors (AVX-512).
    | Vectors
    /// None, or none that LibTorch may use: it converts to float32 and back, which is slower than float32 alone.
    | Nothing
    /// Not an x86 processor: nobody has asked it.
    | Unknown

/// Asking the processor.
[<RequireQualifiedAccess>]
module BFloat16Units =

    /// From what leaf 7 of CPUID gives: `edx` of its part 0, `eax` of its part 1 (Intel's Software Developer's Manual, volume 2A).
    let ofLeaf7 (edx: int) (eax: int) : BFloat16Units =
        if edx &&& (1 <<< 22) <> 0 then Matrices
        elif eax &&& (1 <<< 5) <> 0 then Vectors
        else Nothing

    /// What is left of a processor's where the loader has to limit oneDNN.
    let under (limit: string option) (units: BFloat16Units) : BFloat16Units =
        match limit with
        | Some _ -> Nothing
        | None -> units

    let private ofProcessor () : BFloat16Units =
        if X86Base.IsSupported then
            let struct (parts, _, _, edx) = X86Base.CpuId(7, 0)

            let eax =
                if parts >= 1 then
                    let struct (eax, _, _, _) = X86Base.CpuId(7, 1)
                    eax
                else
                    0

            ofLeaf7 edx eax
        else
            Unknown

    /// Those of this machine that LibTorch may use.
    let ofMachine () : BFloat16Units =
        under (CpuLimit.needed ()) (ofProcessor ())
