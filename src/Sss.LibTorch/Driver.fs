namespace Sss.Torch

open System
open System.Runtime.InteropServices
open System.Text

/// Queries the CUDA driver API without LibTorch.
[<RequireQualifiedAccess>]
module internal Driver =

    type private Init = delegate of uint32 -> int
    type private Number = delegate of byref<int> -> int
    type private Get = delegate of byref<int> * int -> int
    type private Name = delegate of byte[] * int * int -> int
    type private Memory = delegate of byref<unativeint> * int -> int

    /// The driver's library.
    let library =
        if RuntimeInformation.IsOSPlatform OSPlatform.Windows then
            "nvcuda.dll"
        else
            "libcuda.so.1"

    /// CUDA's numbers of versions: 12080 is 12.8.
    let version (number: int) = $"{number / 1000}.{number % 1000 / 10}"

    let private call<'D when 'D :> Delegate and 'D: not null>
        (handle: nativeint)
        (name: string)
        : 'D =
        Marshal.GetDelegateForFunctionPointer<'D>(NativeLibrary.GetExport(handle, name))

    let private check code =
        if code = 0 then Ok() else Error(DriverFails code)

    let private describe handle index : CudaDevice =
        let mutable device = 0
        let mutable bytes = 0un
        let name = Array.zeroCreate<byte> 256
        (call<Get> handle "cuDeviceGet").Invoke(&device, index) |> ignore

        (call<Name> handle "cuDeviceGetName").Invoke(name, name.Length, device)
        |> ignore

        (call<Memory> handle "cuDeviceTotalMem_v2").Invoke(&bytes, device) |> ignore

        {
            Name = Encoding.UTF8.GetString(name, 0, max 0 (Array.IndexOf(name, 0uy)))
            MemoryBytes = int64 bytes
        }

    let private ask handle : Result<CudaDriver, DeviceFault> =
        // CUDA_ERROR_NO_DEVICE is an answer: a driver without devices.
        match (call<Init> handle "cuInit").Invoke 0u with
        | code when code <> 0 && code <> 100 -> Error(DriverFails code)
        | code ->
            let mutable number = 0
            let mutable count = 0
            (call<Number> handle "cuDriverGetVersion").Invoke(&number) |> ignore

            let counted =
                if code = 100 then
                    0
                else
                    (call<Number> handle "cuDeviceGetCount").Invoke(&count)

            check counted
            |> Result.map (fun () -> {
                Version = version number
                Devices = [ for index in 0 .. count - 1 -> describe handle index ]
            })

    /// The driver and its devices.
    let find () : Result<CudaDriver, DeviceFault> =
        match NativeLibrary.TryLoad library with
        | true, handle ->
            try
                ask handle
            with :? EntryPointNotFoundException ->
                // Not NVIDIA's: a stub of the build tools for example.
                Error(NoDriver library)
        | _ -> Error(NoDriver library)
