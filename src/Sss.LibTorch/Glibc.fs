namespace Sss.Torch

open System
open System.Runtime.InteropServices

/// Calls into the C and C++ libraries on Linux.
[<RequireQualifiedAccess>]
module internal Glibc =

    type private Mallopt = delegate of int * int -> int

    let private symbol (library: string) (name: string) =
        match NativeLibrary.TryLoad library with
        | true, handle ->
            match NativeLibrary.TryGetExport(handle, name) with
            | true, address -> Some address
            | _ -> None
        | _ -> None

    /// Keeps freed memory in the process. By default glibc gives each large tensor back to the
    /// kernel at once, and the page faults of taking it again cost 20–30 % of a training step.
    /// One arena: what another thread frees is found again. Elsewhere than on glibc nothing is done.
    let keepFreedMemory () =
        let oneGiB = 1 <<< 30
        let trimThreshold, topPad, mmapThreshold, arenaMax = -1, -2, -3, -8

        match symbol "libc.so.6" "gnu_get_libc_version", symbol "libc.so.6" "mallopt" with
        | Some _, Some address ->
            let mallopt = Marshal.GetDelegateForFunctionPointer<Mallopt> address

            for setting, value in
                [
                    mmapThreshold, oneGiB
                    trimThreshold, Int32.MaxValue
                    topPad, 64 <<< 20
                    arenaMax, 1
                ] do
                mallopt.Invoke(setting, value) |> ignore
        | _ -> ()

    /// The symbol version that the binding needs and that GCC before 13.2 does not have.
    let missingVersion = "GLIBCXX_3.4.32"

    /// Whether this system's C++ library has that version. The only symbol in it is
    /// `std::ios_base_library_init()`.
    let hasVersion () =
        (symbol "libstdc++.so.6" "_ZSt21ios_base_library_initv").IsSome
