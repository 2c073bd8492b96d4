/// Factors that layers share, from the first step to the files of a run.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Torch.SharedTrainTests

open System.IO
open System.Threading
open Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch.Small

let private withFolder (work: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("sss-shared-").FullName

    try
        work folder
    finally
        Directory.Delete(folder, true)

/// Two stages that share. The first one's factors are declared in its first block, which a strong
/// penalty removes.
let private stages firstStage block inner secondStage =
    let text =
        "network Stages {\n  input 1x8x8\n  classes 10\n  conv 16 3x3; bn; relu\n"
        + "  residual @scale(block, gamma=40) { conv 8 3x3; bn; relu; conv 16 3x3; bn @scale(neuron, shared"
        + firstStage
        + ") }\n  relu\n"
        + "  residual @scale(block"
        + block
        + ") { conv 8 3x3; bn @scale(neuron"
        + inner
        + "); relu; conv 16 3x3; bn }\n"
        + "  relu; conv 16 3x3 stride=2; bn @scale(neuron, shared"
        + secondStage
        + "); relu\n"
        + "  residual { conv 8 3x3; bn @scale(neuron); relu; conv 16 3x3; bn }\n"
        + "  relu; avgpool global; dense classes\n}\n"

    match Sss.Dsl.Language.parse text with
    | Ok parsed -> parsed.Network
    | Error problems -> failwith $"%A{problems}"

let private network = stages "" "" "" ""

let private first = "residual1.branch.bn2"

let private shrinking = {
    recipe with
        Epochs = 5
        ShrinkEvery = Some 1
        Gamma = {
            Neuron = 0.02
            Group = 0.0
            Block = 0.05
            Shared = 0.1
        }
}

let private owners (network: Network) =
    Network.scales network
    |> Seq.filter (fun (_, scale) -> scale.Kind = Shared)
    |> Seq.map fst
    |> List.ofSeq

let private run from watch stop =
    Train.run (settings from) network dataset.Value shrinking watch stop

[<Fact>]
let ``a cut may remove the layer that declares factors, and a stop changes no bit`` () =
    Assert.Equal<string list>([ first; "bn2" ], owners network)
    let whole = Engine.ok (run None ignore CancellationToken.None)

    use stop = new CancellationTokenSource()

    let watch event =
        match event with
        | Stepped s when s.Epoch = 3 && s.Step = 5 -> stop.Cancel()
        | _ -> ()

    match run None watch stop.Token with
    | Error(Stopped state) ->
        // The block is gone, and the stem declares what is left.
        Assert.Equal<string list>([ "bn1"; "bn2" ], owners state.Network)

        withFolder (fun folder ->
            let path = Path.Combine(folder, "state.safetensors")

            let identity =
                Checkpoint.identity network shrinking dataset.Value FactorMethod.Apg None

            Engine.ok (CheckpointFile.write path identity state)
            let _, again = Engine.ok (CheckpointFile.read path)
            Assert.Equal<TrainState>(state, again)
            let rest = Engine.ok (run (Some again) ignore CancellationToken.None)
            Assert.Equal<TrainState>(timeless whole.State, timeless rest.State)
            Assert.Equal<Weights<float32>>(whole.Numbers, rest.Numbers)
        )
    | other -> Assert.Fail $"%A{other}"

let private job folder network recipe =
    jobIn folder network recipe dataset.Value

let private outcomeOf job =
    match Pipeline.run job (Listener.ofTraining ignore) CancellationToken.None with
    | Ok { Selected = Some(outcome, ()) } -> outcome
    | Ok other -> invalidOp $"%A{other}"
    | Error error -> invalidOp (PipelineError.message error)

[<Fact>]
let ``a target takes channels from whole stages, exactly, and the files say so`` () =
    withFolder (fun folder ->
        let recipe = {
            recipe with
                Epochs = 6
                Target = { Target.none with Macs = Some 0.25 }
                ShrinkEvery = Some 1
        }

        let outcome = outcomeOf (job folder network recipe)
        let plan = outcome.Selected.Plan
        Assert.Equal(Exact, outcome.Exactness.Verdict)
        Assert.Equal(32, plan.Shared.Total)
        Assert.InRange(plan.Shared.Kept, 2, 31)
        Assert.True(plan.After.Macs * 4L <= plan.Before.Macs)

        // Every layer that shares has the same channels.
        let width = Network.channels outcome.Selected.Network

        for KeyValue(_, members) in Network.carriers network do
            if members.Length > 1 then
                let widths = members |> List.choose (fun l -> Map.tryFind l.Name width)
                Assert.True((List.distinct widths).Length <= 1, $"%A{widths}")

        let result = Engine.ok (ResultFile.read (RunFolder.file folder "result.json"))
        Assert.Equal(plan.Shared, result.Shared)

        let rows = Engine.ok (MetricsFile.read (RunFolder.file folder "metrics.csv"))
        Assert.Equal(float plan.Shared.Kept, Map.find "shared" (Map.ofList (List.last rows)))
    )

[<Fact>]
let ``a target leaves what a declaration keeps, and as many as it wants at least`` () =
    withFolder (fun folder ->
        let network = stages ", min=12" ", keep" ", keep" ", gamma=2, min=5"

        let outcome =
            outcomeOf (
                job folder network {
                    recipe with
                        Epochs = 6
                        Target = { Target.none with Macs = Some 0.35 }
                        ShrinkEvery = Some 1
                }
            )

        let goes owner =
            outcome.Selected.Plan.Goes
            |> List.filter (fun s -> s.Owner = owner)
            |> List.length

        Assert.Equal(Exact, outcome.Exactness.Verdict)
        Assert.InRange(goes first, 1, 4)
        Assert.InRange(goes "bn2", 1, 11)
        Assert.Equal(0, goes "residual2.branch.bn1")
        Assert.Equal(0, goes "residual2")
    )
