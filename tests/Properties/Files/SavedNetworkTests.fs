/// What of a network file is checked before anything of it is used.
module Sss.Tests.Files.SavedNetworkTests

open System
open System.IO
open Xunit
open Sss.Core
open Sss.Files

let private network: Network =
    let text =
        "network N {\n  input 3x4x4\n  classes 2\n  conv 3 3x3; bn; relu\n  avgpool global\n  dense classes\n}\n"

    match Sss.Dsl.Language.parse text with
    | Ok parsed -> parsed.Network
    | Error problems -> failwith $"%A{problems}"

let private weights: Weights<float32> =
    NetworkFile.keys network
    |> List.map (fun (key, shape) ->
        key,
        {
            Shape = shape
            Data = Array.create (int (Parameters.size shape)) 0.5f
        }
    )
    |> Map.ofList

let private saved: SavedNetwork = {
    Text = Sss.Dsl.Language.print network
    Classes = [ "cat"; "dog" ]
    Preparation = None
    Probabilities = Probabilities.Softmax
    Weights = weights
    Strangers = []
}

let private key part =
    NetworkFile.keys network |> List.map fst |> List.find (ArrayKey.isPart part)

let private withValue key index value (weights: Weights<float32>) =
    let array = weights[key]
    let data = Array.copy array.Data
    data[index] <- value
    Map.add key { array with Data = data } weights

/// What reading a network file and holding it to the network says.
let private said (change: SavedNetwork -> SavedNetwork) =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")
        Folders.ok (NetworkFile.write path (change saved))

        NetworkFile.read path
        |> Result.bind (NetworkFile.checkSaved path network)
        |> Folders.messageIn folder
    )

[<Fact>]
let ``numbers that no network can have are refused with key and index`` () =
    let mean, variance = key ArrayPart.Mean, key ArrayPart.Variance

    let bad =
        saved.Weights
        |> withValue (ArrayKey.make ArrayPart.Weight "dense1") 4 nanf
        |> withValue (ArrayKey.make ArrayPart.Weight "dense1") 5 infinityf
        |> withValue variance 2 -0.25f

    Assert.Equal(
        $"x.safetensors: the weights have values that are not valid\n"
        + "  `dense1.weight` has NaN at index 4; 2 of its 6 values are not finite\n"
        + $"  `{variance}` has -0.25 at index 2; a running variance is 0 or more",
        said (fun s -> { s with Weights = bad })
    )

    // A mean may be below 0, and a variance may be 0.
    let good = saved.Weights |> withValue mean 0 -1.0f |> withValue variance 1 0.0f
    Folders.ok (NetworkFile.check "x" network good)

[<Fact>]
let ``arrays of another length than the channels are refused`` () =
    let variance = key ArrayPart.Variance

    for length in [ 0; 1; 4 ] do
        let array = {
            Shape = [ length ]
            Data = Array.zeroCreate length
        }

        Assert.Equal(
            $"x.safetensors: the weights do not belong to this network\n  `{variance}` is {length}, the network needs 3",
            said (fun s -> {
                s with
                    Weights = Map.add variance array s.Weights
            })
        )

[<Fact>]
let ``arrays of no layer are refused, whatever their names`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")
        let one = StoredTensor.Single { Shape = [ 1 ]; Data = [| 0.5f |] }

        let tensors =
            Map.toSeq (Map.remove (key ArrayPart.Mean) weights)
            |> Seq.map (fun (key, t) -> ArrayKey.text key, StoredTensor.Single t)
            |> Seq.append (
                [ "conv1.wieght"; "conv9.weight"; "conv"; "@probe/more" ]
                |> Seq.map (fun name -> name, one)
            )
            |> Map.ofSeq

        Folders.ok (
            Safetensors.writeTensors
                path
                tensors
                (NetworkFile.metadata saved.Text [] None Probabilities.Softmax)
        )

        Assert.Equal(
            "x.safetensors: the weights do not belong to this network\n"
            + $"  `{key ArrayPart.Mean}` is missing\n"
            + "  `conv` belongs to no layer\n"
            + "  `conv1.wieght` belongs to no layer\n"
            + "  `conv9.weight` belongs to no layer",
            NetworkFile.read path
            |> Result.bind (NetworkFile.checkSaved path network)
            |> Folders.messageIn folder
        )
    )

[<Fact>]
let ``class names are as many as the network's, each once, or not known`` () =
    Assert.Equal(
        "x.safetensors: at byte 8 of the metadata: names in `sss.classes`: expected 2 (the network's classes), found 5",
        said (fun s -> {
            s with
                Classes = [ "a"; "b"; "c"; "d"; "e" ]
        })
    )

    Assert.Equal(
        "x.safetensors: at byte 8 of the metadata: the class `a` is there twice",
        said (fun s -> { s with Classes = [ "a"; "a" ] })
    )

    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")

        let metadata =
            NetworkFile.metadata saved.Text [] None Probabilities.Softmax
            |> List.map (fun (name, value) ->
                if name = "sss.classes" then
                    name, "[\"a\",null]"
                else
                    name, value
            )

        Folders.ok (Safetensors.write path weights metadata)

        Assert.Equal(
            "x.safetensors: at byte 8 of the metadata: broken sss.classes: not a list of names",
            Folders.messageIn folder (NetworkFile.read path)
        )
    )

    Folders.ok (NetworkFile.checkSaved "x" network { saved with Classes = [] })

[<Fact>]
let ``a normalisation is of as many channels as the input`` () =
    Folders.within (fun folder ->
        let path = Path.Combine(folder, "x.safetensors")

        for channels in [ 0; 1; 4 ] do
            let list value =
                List.replicate channels (string value) |> String.concat ","

            let normalisation = $"{{\"scale\":1,\"mean\":[{list 0}],\"deviation\":[{list 1}]}}"

            let metadata =
                NetworkFile.metadata saved.Text saved.Classes None Probabilities.Softmax
                @ [ "sss.normalisation", normalisation ]

            Folders.ok (Safetensors.write path weights metadata)

            Assert.Equal(
                "x.safetensors: at byte 8 of the metadata: values in `sss.normalisation`: "
                + $"expected 3 (the network's input channels), found {channels}",
                NetworkFile.read path
                |> Result.bind (NetworkFile.checkSaved path network)
                |> Folders.messageIn folder
            )
    )
