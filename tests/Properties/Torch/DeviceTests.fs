/// Which device is had.
namespace Sss.Tests.Torch

open System
open System.Threading
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open TorchSharp

/// The decision on facts.
module DeviceTests =

    let private gpu: CudaDevice = {
        Name = "a GPU"
        MemoryBytes = 1L <<< 30
    }

    let private facts: CudaFacts = {
        Folder = "/torch/lib"
        IsCudaBuild = true
        Wanted = Some "12.8"
        Driver =
            Ok {
                Version = "12.9"
                Devices = [ gpu; gpu ]
            }
        Usable = 2
    }

    let private fault f device =
        match Device.decide f device with
        | Error fault -> LibTorchError.message (NoDevice(device, fault))
        | Ok() -> "none"

    [<Fact>]
    let ``CUDA that cannot be had is reported with its nearest cause`` () =
        let driver d = { facts with Driver = d }

        let said = [
            fault { facts with IsCudaBuild = false } (Cuda 0)
            fault (driver (Error(NoDriver "libcuda.so.1"))) (Cuda 0)
            fault (driver (Error(DriverFails 999))) (Cuda 0)
            fault (driver (Ok { Version = "12.9"; Devices = [] })) (Cuda 1)
            fault
                {
                    driver (Ok { Version = "11.4"; Devices = [ gpu ] }) with
                        Usable = 0
                }
                (Cuda 0)
            fault facts (Cuda 2)
            fault { facts with Usable = 1 } (Cuda 1)
        ]

        let expected = [
            "The device cuda:0 is not available: the LibTorch in /torch/lib is built without CUDA; set \
             SSS_LIBTORCH to a LibTorch with CUDA: see docs/gpu.md."
            "The device cuda:0 is not available: the NVIDIA driver is not installed: libcuda.so.1 was \
             not found. In a container, start it with access to the GPU."
            "The device cuda:0 is not available: the NVIDIA driver fails with error 999; see \
             `nvidia-smi`."
            "The device cuda:1 is not available: the NVIDIA driver sees no device. \
             CUDA_VISIBLE_DEVICES may hide it; `nvidia-smi` lists what is there."
            "The device cuda:0 is not available: LibTorch is built for CUDA 12.8 and cannot use the \
             driver, which supports CUDA 11.4; update the driver, or set SSS_LIBTORCH to a LibTorch \
             with CUDA: see docs/gpu.md."
            "The device cuda:2 is not available: there is no device 2: there are 2, cuda:0 to cuda:1."
            "The device cuda:1 is not available: there is no device 1: there is one, cuda:0."
        ]

        Assert.Equal<string list>(expected, said)

    [<Property>]
    let ``a device is had exactly if LibTorch can use it, and the CPU always``
        (NonNegativeInt index)
        =
        let isHad = Result.isOk (Device.decide facts (Cuda index))
        Assert.Equal(index < 2, isHad)
        Assert.Equal(Ok(), Device.decide { facts with IsCudaBuild = false } Cpu)

    [<Property>]
    let ``names of devices read back`` (NonNegativeInt index) =
        for device in [ Cpu; Cuda index ] do
            Assert.Equal(Some device, Device.tryParse (Device.name device))

        Assert.Equal(Some(Cuda 0), Device.tryParse "cuda")

        for text in [ "gpu"; "cuda:"; "cuda:-1"; "cuda: 1"; "cuda:99999999999"; "CUDA"; "" ] do
            Assert.Equal(None, Device.tryParse text)

    [<Fact>]
    let ``TF32 is for training on a GPU alone`` () =
        for device, purpose, expected in
            [
                Cpu, ForTraining, false
                Cpu, ForVerdict, false
                Cuda 0, ForTraining, true
                Cuda 0, ForVerdict, false
            ] do
            Assert.Equal(expected, Device.allowsTf32 device purpose)
