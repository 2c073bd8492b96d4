/// Which checkpoints a run may continue from: the same data wherever it is, and states that fit.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.ResumeRuleTests

open System
open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Files
open Sss.Tests.Torch.Small

let private text =
    "network Test {\n  input 1x8x8\n  classes 10\n  conv 4 3x3; bn @scale(neuron); relu\n"
    + "  avgpool global; dense classes\n}\n"

let private network =
    match Sss.Dsl.Language.parse text with
    | Ok parsed -> parsed.Network
    | Error problems -> failwith $"%A{problems}"

let private recipe = {
    Small.recipe with
        Epochs = 2
        Schedule = Constant
        Batch = 256
        Augment = Augment.none
}

let private trained recipe from =
    Engine.ok (Train.run (settings from) network dataset.Value recipe ignore CancellationToken.None)

let private state = lazy (trained recipe None).State

let private identityOf recipe dataset =
    Checkpoint.identity network recipe dataset FactorMethod.Apg None

let private identity = lazy (identityOf recipe dataset.Value)

let private write folder state =
    let path = Path.Combine(folder, "step-000000010.safetensors")
    Engine.ok (CheckpointFile.write path identity.Value state)
    path

/// What reading a state says.
let private said (change: TrainState -> TrainState) =
    Folders.within (fun folder ->
        let path = write folder (change state.Value)
        Folders.messageIn folder (CheckpointFile.read path)
    )

let private broken what =
    $"step-000000010.safetensors: at byte 8 of the metadata: broken checkpoint: {what}"

[<Fact>]
let ``numbers of a checkpoint that no run can have are refused with the field`` () =
    let most = Int64.MaxValue

    Assert.Equal(
        broken $"`step` is -22; it must be a whole number from 0 to {most}",
        said (fun s -> { s with Step = -22L })
    )

    Assert.Equal(
        broken "`epoch` is -5; it must be a whole number from 0 to 2147483647",
        said (fun s -> { s with Epoch = -5 })
    )

    Assert.Equal(
        broken "`epoch` is 3; it must be 0 to 2 (the recipe's epochs)",
        said (fun s -> { s with Epoch = 3 })
    )

    Assert.Equal(
        broken "`step` is 1; it must be 2 (`epoch`) or more",
        said (fun s -> { s with Step = 1L })
    )

    Assert.Equal(
        broken "`seconds` is -1; it must be a finite number of 0 or more",
        said (fun s -> { s with Seconds = -1.0 })
    )

    Assert.Equal(
        broken "`right` is 7; it must be 0 to 5 (`images`)",
        said (fun s -> {
            s with
                Sums = { Loss = 1.0; Right = 7L; Images = 5L }
        })
    )

/// A checkpoint with other tensors and metadata, and a checksum that holds.
let private rewritten folder change (metadataOf: SafetensorsFile -> Map<string, string>) =
    let path = write folder state.Value
    let file = Engine.ok (Safetensors.read path)
    let tensors: Map<string, StoredTensor> = change file.Tensors
    let metadata = Map.remove "sss.checksum" (metadataOf file)
    let sum = CheckpointFile.checksum metadata tensors

    Engine.ok (
        Safetensors.writeTensors path tensors (Map.toList metadata @ [ "sss.checksum", sum ])
    )

    path

/// A checkpoint with one field of its state put in as text.
let private withField (folder: string) (name: string) (value: string) =
    let changed (file: SafetensorsFile) =
        let node =
            (Text.Json.Nodes.JsonNode.Parse file.Metadata["sss.state"] |> nonNull).AsObject()

        if value = "" then
            node.Remove name |> ignore
        else
            node[name] <- Text.Json.Nodes.JsonNode.Parse value

        Map.add "sss.state" (node.ToJsonString()) file.Metadata

    rewritten folder id changed

[<Fact>]
let ``fields that are missing, too large or of another kind are refused`` () =
    for name, value, what in
        [
            "epoch",
            "9000000000",
            "`epoch` is 9000000000; it must be a whole number from 0 to 2147483647"
            "epoch", "1.5", "`epoch` is 1.5; it must be a whole number from 0 to 2147483647"
            "step",
            "\"x\"",
            $"`step` is \"x\"; it must be a whole number from 0 to {Int64.MaxValue}"
            "step", "", "it has no `step`"
            "loss", "1e999", "`loss` is 1e999; it must be a finite number of 0 or more"
            "phase", "\"Flying\"", "`phase` is \"Flying\"; it must be Ramp, Landing or Holding"
            "whole", "3", "`whole` is 3; it must be a text"
        ] do
        Folders.within (fun folder ->
            // Another field of the controller comes first in the file, so it is given too.
            let path = withField folder name value
            let found = Folders.messageIn folder (CheckpointFile.read path)

            if name = "phase" then
                Assert.StartsWith(broken "", found)
            else
                Assert.Equal(broken what, found)
        )

[<Fact>]
let ``tensors of a checkpoint with names of no array are refused`` () =
    let one = StoredTensor.Single { Shape = [ 1 ]; Data = [| 0.5f |] }

    for name, shown in [ "more", "more"; "@probe/more", "more"; "@velocity/bn1", "bn1" ] do
        Folders.within (fun folder ->
            let path = rewritten folder (Map.add name one) _.Metadata

            Assert.Equal(
                broken $"`{shown}` is not the name of an array",
                Folders.messageIn folder (CheckpointFile.read path)
            )
        )

[<Fact>]
let ``arrays of a checkpoint that do not fit its network are refused by name`` () =
    let key = ArrayKey.make ArrayPart.Factor "bn1"

    let short: Tensor<float32> = {
        Shape = [ 3 ]
        Data = Array.zeroCreate 3
    }

    Assert.Equal(
        broken "`@probe/bn1.factor` is 3; it must be 4",
        said (fun s -> {
            s with
                Probe = Map.add key short s.Probe
        })
    )

    Assert.Equal(
        broken "`@squares/bn1.factor` is missing",
        said (fun s -> { s with Squares = Map.empty })
    )

    Assert.Equal(
        broken "`@zero-steps/bn1.factor` has 2 values; it must have 4",
        said (fun s -> {
            s with
                ZeroSteps = Map.add key [| 1; 2 |] s.ZeroSteps
        })
    )

    Assert.Equal(
        broken "`@velocity/dense1.weight` has NaN at index 0",
        said (fun s ->
            let old = s.Velocity[ArrayKey.make ArrayPart.Weight "dense1"]
            let data = Array.copy old.Data
            data[0] <- nanf

            {
                s with
                    Velocity =
                        Map.add
                            (ArrayKey.make ArrayPart.Weight "dense1")
                            { old with Data = data }
                            s.Velocity
            }
        )
    )

    Assert.Equal(
        "step-000000010.safetensors: the weights do not belong to this network\n  `bn1.var` is 3, the network needs 4",
        said (fun s -> {
            s with
                Numbers = Map.add (ArrayKey.make ArrayPart.Variance "bn1") short s.Numbers
        })
    )

    let negative: Tensor<float32> = {
        Shape = [ 4 ]
        Data = [| 1.0f; -2.0f; 1.0f; 1.0f |]
    }

    Assert.Equal(
        "step-000000010.safetensors: the weights have values that are not valid\n"
        + "  `bn1.var` has -2 at index 1; a running variance is 0 or more",
        said (fun s -> {
            s with
                Numbers = Map.add (ArrayKey.make ArrayPart.Variance "bn1") negative s.Numbers
        })
    )

    // Places in the whole network.
    let uncut = UncutNetwork.start network state.Value.Numbers

    Assert.Equal(
        broken "`@places/bn1.factor` has 4; it must be 0 to 3",
        said (fun s -> {
            s with
                Uncut =
                    Some {
                        uncut with
                            Places = Map.add key [| 0; 1; 4; 3 |] uncut.Places
                    }
        })
    )

[<Fact>]
let ``steps that are not those of the epochs are refused before the first`` () =
    let odd = {
        state.Value with
            Epoch = 1
            Step = 10L
    }

    match
        Train.run (settings (Some odd)) network dataset.Value recipe ignore CancellationToken.None
    with
    | Error error ->
        Assert.Equal(
            "The step to continue from is 10; it must be 5 to 9 after 1 epochs of 5 steps.",
            TrainError.message error
        )
    | Ok _ -> Assert.Fail "it was taken"

/// What resuming says in a folder with one checkpoint.
let private resumed folder identity =
    match Checkpoint.resume folder identity with
    | Ok { Found = Some(_, state) } -> Ok state
    | Ok _ -> failwith "nothing was found"
    | Error error -> Error((CheckpointError.message error).Replace(folder + "/", ""))

let private keep folder identity =
    Engine.ok (Checkpoint.save folder identity state.Value)

[<Fact>]
let ``data is the same wherever it is, and other data with the same counts is not`` () =
    Folders.within (fun root ->
        let load name =
            Engine.ok (Dataset.load (Folder(Path.Combine(root, name))))

        StoredPicturesTests.folder (Path.Combine(root, "here")) 12
        let here = load "here"
        let before = Fingerprint.items here
        Assert.Equal<(string * string) list>(before, Fingerprint.items (load "here/"))
        Assert.Equal<(string * string) list>(before, Fingerprint.items (load "./here"))
        Directory.Move(Path.Combine(root, "here"), Path.Combine(root, "there"))
        Assert.Equal<(string * string) list>(before, Fingerprint.items (load "there"))

        // The folders of the two classes swapped in place.
        let at name = Path.Combine(root, "there", name)
        Directory.Move(at "a", at "x")
        Directory.Move(at "b", at "a")
        Directory.Move(at "x", at "b")

        let changed after =
            List.zip before after
            |> List.filter (fun (a, b) -> a <> b)
            |> List.map (fst >> fst)

        Assert.Equal<string list>(
            [ "training images"; "test images" ],
            changed (Fingerprint.items (load "there"))
        )

        Directory.Move(at "b", at "c")
        Assert.Contains("classes", changed (Fingerprint.items (load "there")))
    )

[<Fact>]
let ``folders that are not kept in memory are distinguished by names and lengths`` () =
    Folders.within (fun root ->
        StoredPicturesTests.folder root 12

        let items () =
            Folders.ok (
                ImageFolder.loadWithin 0L PictureOptions.standard (Some(Shape.create 3 12 12)) root
            )
            |> Fingerprint.items

        let before = items ()
        let at name = Path.Combine(root, name)
        Directory.Move(at "a", at "x")
        Directory.Move(at "b", at "a")
        Directory.Move(at "x", at "b")
        Assert.NotEqual<(string * string) list>(before, items ())
    )

[<Fact>]
let ``a checkpoint of other classes or pixels says which`` () =
    Folders.within (fun folder ->
        keep folder identity.Value

        let renamed = {
            dataset.Value with
                Classes = "zero" :: dataset.Value.Classes.Tail
        }

        Assert.Equal(
            Error(
                "checkpoint/step-000000010.safetensors belongs to another run:\n"
                + "  class 0: `0` there, `zero` here\n"
                + "Continue with the same files and options, or start again with --restart or another --out."
            ),
            resumed folder (identityOf recipe renamed)
        )
    )

[<Fact>]
let ``checkpoints from before classes and pixels were written down go on too`` () =
    Folders.within (fun folder ->
        let earlier =
            identity.Value
            |> List.filter (fun (name, _) ->
                not (List.contains name [ "classes"; "training images"; "test images" ])
            )
            |> List.map (fun (name, value) ->
                name,
                (if name = "data" then
                     "folder:/some, where, " + value
                 else
                     value)
            )

        keep folder earlier
        Assert.Equal(Ok state.Value, resumed folder identity.Value)

        match resumed folder (identityOf recipe (Dataset.limit 1000 dataset.Value)) with
        | Error message -> Assert.Contains("  data: 1438 images of 1x8x8, ", message)
        | Ok _ -> Assert.Fail "it was taken"
    )

[<Fact>]
let ``a checkpoint belongs to the time at which its target holds`` () =
    Folders.within (fun folder ->
        let aimed = {
            recipe with
                Target = { Target.none with Macs = Some 0.5 }
        }

        keep folder (identityOf aimed dataset.Value)
        Assert.Equal(Ok state.Value, resumed folder (identityOf aimed dataset.Value))

        Assert.Equal(
            Error(
                "checkpoint/step-000000010.safetensors belongs to another run:\n"
                + "  targetBy: nothing there, 0.5 here\n"
                + "Continue with the same files and options, or start again with --restart or another --out."
            ),
            resumed folder (identityOf { aimed with TargetBy = Some 0.5 } dataset.Value)
        )
    )

[<Fact>]
let ``checkpoints from before there were penalties go on with the default, and with no other`` () =
    Folders.within (fun folder ->
        let earlier =
            identity.Value
            |> List.map (fun (name, value) -> name, value.Replace("\"penalty\":\"nonneg\",", ""))

        Assert.NotEqual<(string * string) list>(identity.Value, earlier)
        keep folder earlier
        Assert.Equal(Ok state.Value, resumed folder identity.Value)

        let other = {
            recipe with
                Penalty = FactorPenalty.Scad 3.7
        }

        Assert.Equal(
            Error(
                "checkpoint/step-000000010.safetensors belongs to another run:\n"
                + "  penalty: \"nonneg\" there, \"scad\" here\n"
                + "  a: nothing there, 3.7 here\n"
                + "Continue with the same files and options, or start again with --restart or another --out."
            ),
            resumed folder (identityOf other dataset.Value)
        )
    )

[<Fact>]
let ``more epochs: the bits of the longer run where no step depends on their number, else the way``
    ()
    =
    Folders.within (fun folder ->
        keep folder identity.Value
        let longer = { recipe with Epochs = 4 }

        match resumed folder (identityOf longer dataset.Value) with
        | Error message -> Assert.Fail message
        | Ok state ->
            Assert.Equal<TrainState>(
                timeless (trained longer None).State,
                timeless (trained longer (Some state)).State
            )

        for other in
            [
                { longer with Schedule = Cosine }
                {
                    longer with
                        Target = { Target.none with Macs = Some 0.5 }
                }
                { longer with ShrinkEvery = Some 1 }
            ] do
            Engine.ok (Checkpoint.clear folder)
            keep folder (identityOf { other with Epochs = 2 } dataset.Value)

            Assert.Equal(
                Error(
                    "checkpoint/step-000000010.safetensors belongs to another run:\n"
                    + "  epochs: 2 there, 4 here\n"
                    + "A `cosine` schedule, a `target` and `shrink` depend on the number of epochs, so this run cannot be made longer.\n"
                    + "To train its network further, start a new run with --init network.safetensors and another --out."
                ),
                resumed folder (identityOf other dataset.Value)
            )
    )
