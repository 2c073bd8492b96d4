namespace Sss.Tests.Language

open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Tests.Language.Support

/// What the language reference says of recipes.
type RecipeTests() =

    [<Fact>]
    member _.``a recipe fills in its defaults``() =
        let text recipe =
            "network T {\n input 3x8x8\n classes 10\n conv 8 3x3; bn @scale(neuron); relu\n avgpool global\n dense classes\n}\n"
            + recipe

        let recipe rest = (parse (text rest)).Recipe
        Assert.Equal(None, recipe "")

        let zero = {
            Neuron = 0.0
            Group = 0.0
            Block = 0.0
            Shared = 0.0
        }

        Assert.Equal(Some Recipe.defaults, recipe "train { }")
        Assert.Equal<string list>([ "SSS651" ], codes (text "train { }"))

        let all =
            "train {\n epochs 7\n batch 9\n lr 0.5 step 0.1 at 3, 5 warmup 2 head=10\n momentum 0.8\n decay 0\n"
            + " gamma 0.5 block=0.25\n penalty nonneg\n loss focal gamma=1.5\n optimizer adamw beta2=0.99\n target macs=0.5 by=2.5\n shrink every 4\n stop after=6\n seed 42\n augment jitter=0.4 crop=2 flip"
            + " area=0.08 pca=0.1 resize=40 background=1, 2,3\n teacher temperature=2\n randaugment m=5\n erase p=0.25\n mixup alpha=0.2\n cutmix alpha=1\n ema 0.999\n}"

        Assert.Equal(
            Some {
                Epochs = 7
                Batch = 9
                Lr = 0.5
                Schedule = Step(0.1, [ 3; 5 ])
                Warmup = 2
                Head = 10.0
                Outputs = Map.empty
                Momentum = 0.8
                Decay = 0.0
                Gamma = {
                    Neuron = 0.5
                    Group = 0.5
                    Block = 0.25
                    Shared = 0.5
                }
                Penalty = FactorPenalty.NonNegative
                Loss = Loss.Focal 1.5
                Optimizer = Optimizer.AdamW(0.9, 0.99, 1e-8)
                Target = { Target.none with Macs = Some 0.5 }
                TargetBy = Some 2.5
                ShrinkEvery = Some 4
                StopAfter = Some 6
                Seed = 42
                Augment = {
                    Resize = 40
                    Background = { Red = 1uy; Green = 2uy; Blue = 3uy }
                    Area = 0.08
                    Crop = 2
                    Flip = true
                    Jitter = 0.4
                    Pca = 0.1
                    Rand = Some { Count = 2; Magnitude = 5 }
                    Erase = 0.25
                    Mixup = 0.2
                    Cutmix = 1.0
                }
                Teacher = Some { Weight = 0.5; Temperature = 2.0 }
                Ema = Some 0.999
            },
            recipe all
        )

        let penalty rest =
            (recipe ("train { gamma 1; penalty " + rest + " }")).Value.Penalty

        let losses = [
            "crossentropy", Loss.CrossEntropy 0.0
            "crossentropy smoothing=0.1", Loss.CrossEntropy 0.1
            "focal", Loss.Focal 2.0
            "focal gamma=0.5", Loss.Focal 0.5
            "bce", Loss.Bce
        ]

        for text, expected in losses do
            Assert.Equal(expected, (recipe $"train {{ gamma 1; loss {text} }}").Value.Loss)

        let optimizers = [
            "nag", Optimizer.Nag
            "adamw", Optimizer.AdamW(0.9, 0.999, 1e-8)
            "adamw eps=1e-6 beta1=0.5", Optimizer.AdamW(0.5, 0.999, 1e-6)
        ]

        for text, expected in optimizers do
            Assert.Equal(
                expected,
                (recipe $"train {{ gamma 1; optimizer {text} }}").Value.Optimizer
            )

        let texts = [
            "nonneg", FactorPenalty.NonNegative
            "l1", FactorPenalty.L1
            "mcp theta=0.5", FactorPenalty.Mcp 0.5
            "scad a=3.7", FactorPenalty.Scad 3.7
            "l0", FactorPenalty.L0
            "groupl2", FactorPenalty.GroupL2
        ]

        Assert.Equal<string list>(FactorPenalty.words, List.map (snd >> FactorPenalty.word) texts)

        for said, meant in texts do
            Assert.Equal(meant, penalty said)

            // Printed as it is written; the default is not.
            let printed = Language.printRecipe { Recipe.defaults with Penalty = meant }
            Assert.Equal(meant <> FactorPenalty.standard, printed.Contains $"\n  penalty {said}\n")
            Assert.Equal(meant <> FactorPenalty.standard, printed.Contains "penalty")

        let target rest =
            (recipe ("train { target " + rest + " }")).Value.Target

        let limits = [
            "macs=0.5", { Target.none with Macs = Some 0.5 }
            "params=0.25", { Target.none with Params = Some 0.25 }
            "size=200000",
            {
                Target.none with
                    Size = Some 200_000L
            }
            "latency=0.5",
            {
                Target.none with
                    Latency = Some(LatencyLimit.OfDense 0.5)
            }
            "latency=1.5ms",
            {
                Target.none with
                    Latency = Some(LatencyLimit.Milliseconds 1.5)
            }
            "macs=0.5 params=0.25 size=7 latency=0.1ms",
            {
                Macs = Some 0.5
                Params = Some 0.25
                Size = Some 7L
                Latency = Some(LatencyLimit.Milliseconds 0.1)
            }
        ]

        for said, meant in limits do
            Assert.Equal(meant, target said)
            let printed = Language.printRecipe { Recipe.defaults with Target = meant }
            Assert.Contains($"\n  target {said}\n", printed)

        // When it holds: printed after the limits, and read anywhere among them.
        let by = (recipe "train { target by=0.5 macs=0.25 }").Value
        Assert.Equal((Some 0.25, Some 0.5), (by.Target.Macs, by.TargetBy))
        Assert.Contains("\n  target macs=0.25 by=0.5\n", Language.printRecipe by)
        Assert.Equal(Some 3.0, (recipe "train { target macs=1 by=3; epochs 3 }").Value.TargetBy)

        // Units of bytes, and any order.
        Assert.Equal(
            {
                Target.none with
                    Size = Some 1_500_000L
            },
            target "size=1.5MB"
        )

        Assert.Equal(
            {
                Target.none with
                    Size = Some 200_000L
                    Macs = Some 0.5
            },
            target "size=200kB macs=0.5"
        )

        let gamma rest =
            (recipe ("train { gamma " + rest + " }")).Value.Gamma

        // Shared factors follow neurons.
        Assert.Equal({ zero with Neuron = 0.5; Shared = 0.5 }, gamma "neuron=0.5")

        Assert.Equal(
            {
                zero with
                    Neuron = 0.5
                    Shared = 0.25
            },
            gamma "shared=0.25 neuron=0.5"
        )

        Assert.Equal({ zero with Shared = 0.25 }, gamma "shared=0.25")

        Assert.Equal(
            {
                Neuron = 0.5
                Group = 0.5
                Block = 0.5
                Shared = 0.5
            },
            gamma "0.5"
        )
