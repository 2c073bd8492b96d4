/// Enlarged images, where engines are known to differ.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.UpsampleTests

open System
open Xunit
open Sss.Core
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Select

let private network (factor: int) mode : Network =
    Nets.network (Shape.create 1 2 30) [
        Nets.plain "upsample1" (Op.Upsample { Factor = factor; Mode = mode })
        Nets.plain "flatten1" Op.Flatten
    ]

/// 41, 47, 55 and 61 are the factors up to 64 whose reciprocal at single precision is too small.
[<Fact>]
let ``every pixel is repeated, at any factor`` () =
    for factor in [ 1; 2; 3; 7; 41; 47; 49; 55; 61 ] do
        let network = network factor UpsampleMode.Nearest
        let image = Array.init 60 float
        let wanted = Interpreter.run network Map.empty image
        Assert.Equal<float[]>(wanted, VerifyRun.double (Engine.get ()) network Map.empty image)
        let images = image |> Array.map float32
        let exported = OnnxNets.exported OnnxNets.plain network Map.empty 1 images
        Assert.Equal<float32[]>(Array.map float32 wanted, exported)

[<Fact>]
let ``between pixels, LibTorch and ONNX Runtime agree with the definition`` () =
    for factor in [ 1; 2; 3; 5; 8 ] do
        let network = network factor UpsampleMode.Bilinear
        let random = Random factor
        let image = Array.init 60 (fun _ -> random.NextDouble())
        let wanted = Interpreter.run network Map.empty image
        let found = VerifyRun.double (Engine.get ()) network Map.empty image
        Assert.True(Verify.difference wanted found < 1e-12)
        let images = image |> Array.map float32
        let exported = OnnxNets.exported OnnxNets.plain network Map.empty 1 images
        Assert.True(OnnxNets.difference wanted exported < 1e-5)
