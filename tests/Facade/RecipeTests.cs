using Xunit;

namespace Sss.Facade.Tests;

/// <summary>How a network says that it is trained.</summary>
public class RecipeTests
{
    [Fact]
    public void TheRecipeGoesWithTheNetworkAndComesBackFromItsText()
    {
        var recipe = new TrainingOptions
        {
            Epochs = 7,
            Batch = 9,
            LearningRate = 0.25,
            Schedule = Schedule.Constant,
            Warmup = 2,
            HeadRate = 10,
            Momentum = 0.5,
            Decay = 0.001,
            Gamma = new Gamma { Neuron = 0.1, Group = 0.2, Block = 0.3, Shared = 0.4 },
            Penalty = FactorPenalty.NonNegative,
            Loss = Loss.Focal(1.5),
            Optimizer = Optimizer.AdamW(0.8, 0.9, 1e-6),
            TargetMacs = 0.5,
            TargetBy = 1.5,
            ShrinkEvery = 3,
            StopAfter = 7,
            Seed = 11,
            Augment = new Augmentation { Resize = 9, Background = new Rgb(1, 2, 3), Area = 0.25, Crop = 1, Flip = true, Jitter = 0.4, Pca = 0.1, RandAugment = 3, RandAugmentMagnitude = 4, Erase = 0.2, Mixup = 0.3, Cutmix = 1.5 },
            Ema = 0.99,
            Teacher = new Teacher { Weight = 0.25, Temperature = 3 },
        };
        var net = Network.Build("Recipe", (1, 8, 8), 2, b => b.Dense(b.Classes), recipe);

        Assert.Equal(recipe, net.Recipe);
        Assert.Equal(recipe, Network.Parse(net.ToText()).Recipe);
        Assert.Equal("constant", net.Recipe!.Schedule!.ToString());
        Assert.Equal("step 0.5 at 2, 5", Schedule.Step(0.5, 2, 5).ToString());
        Assert.Equal("cosine restart", Schedule.CosineRestart.ToString());
        Assert.NotEqual(Schedule.Cosine, Schedule.CosineRestart);
        var again = net.WithRecipe(new TrainingOptions { Schedule = Schedule.CosineRestart });
        Assert.Contains("lr 0.1 cosine restart", again.ToText());
        Assert.Equal(Schedule.CosineRestart, Network.Parse(again.ToText()).Recipe!.Schedule);
        Assert.Null(net.WithRecipe(null).Recipe);
        Assert.DoesNotContain("train", net.WithRecipe(null).ToText());

        // What is not said is as the language has it; what belongs to a run is not part of it.
        var plain = net.WithRecipe(new TrainingOptions { Threads = 1, Validation = 0.1 }).Recipe!;
        Assert.Equal((30, 128, 0.1, 0), (plain.Epochs, plain.Batch, plain.LearningRate, plain.Warmup));
        Assert.Equal((0.9, 1e-4, 1), (plain.Momentum, plain.Decay, plain.Seed));
        Assert.Equal((Schedule.Cosine, new Augmentation(), new Gamma()), (plain.Schedule, plain.Augment, plain.Gamma));
        Assert.Equal(FactorPenalty.NonNegative, plain.Penalty);
        Assert.Equal((Loss.CrossEntropy(), Optimizer.Nag), (plain.Loss, plain.Optimizer));
        Assert.Equal((null, null, null), (plain.TargetMacs, plain.ShrinkEvery, plain.StopAfter));
        Assert.Equal((null, null), (plain.Threads, plain.Validation));
    }

    [Fact]
    public void ThePenaltyIsPartOfTheRecipe()
    {
        var net = Network.Build("N", (1, 8, 8), 2, b => b.Dense(b.Classes));
        foreach (var (penalty, text) in new[]
        {
            (FactorPenalty.L1, "l1"),
            (FactorPenalty.L0, "l0"),
            (FactorPenalty.GroupL2, "groupl2"),
            (FactorPenalty.Mcp(0.5), "mcp theta=0.5"),
            (FactorPenalty.Scad(3.7), "scad a=3.7"),
        })
        {
            var with = net.WithRecipe(new TrainingOptions { Penalty = penalty });
            Assert.Equal(text, penalty.ToString());
            Assert.Contains($"\n  penalty {text}\n", with.ToText());
            Assert.Equal(penalty, Network.Parse(with.ToText()).Recipe!.Penalty);
            Assert.NotEqual(FactorPenalty.NonNegative, penalty);

            // A target cannot steer it.
            Assert.Equal(
                $"Penalty must be nonneg where there is a target, not {text}. (Parameter 'Penalty')",
                Assert.Throws<ArgumentException>(
                    () => net.WithRecipe(new TrainingOptions { Penalty = penalty, TargetMacs = 0.5 })).Message);
        }

        Assert.DoesNotContain(
            "penalty",
            net.WithRecipe(new TrainingOptions { Penalty = FactorPenalty.NonNegative }).ToText());
        Assert.Throws<ArgumentException>(() => FactorPenalty.Mcp(0));
        Assert.Throws<ArgumentException>(() => FactorPenalty.Mcp(1e39));
        Assert.Throws<ArgumentException>(() => FactorPenalty.Scad(2));
        Assert.Throws<ArgumentException>(() => FactorPenalty.Scad(double.NaN));
    }

    [Fact]
    public void TheColourBehindTransparencyIsPartOfTheRecipe()
    {
        var net = Network.Build("N", (3, 8, 8), 2, b => b.Dense(b.Classes));
        Network With(Rgb colour) =>
            net.WithRecipe(new TrainingOptions { Augment = new Augmentation { Background = colour } });

        Assert.Contains("background=black", With(Rgb.Black).ToText());
        Assert.DoesNotContain("background", With(Rgb.White).ToText());
        var read = Network.Parse(With(new Rgb(1, 2, 3)).ToText()).Recipe!.Augment!.Background;
        Assert.Equal((1, 2, 3), (read.Red, read.Green, read.Blue));
    }

    [Fact]
    public void SchedulesAreRefusedWhereTheyMakeNoSense()
    {
        Assert.Throws<ArgumentException>(() => Schedule.Step(0, 1));
        Assert.Throws<ArgumentException>(() => Schedule.Step(0.1));
        Assert.Throws<ArgumentException>(() => Schedule.Step(0.1, 5, 5));
        Assert.Equal(Schedule.Step(0.1, 3), Schedule.Step(0.1, 3));
        Assert.Equal(Schedule.Step(0.1, 3).GetHashCode(), Schedule.Step(0.1, 3).GetHashCode());
        Assert.NotEqual(Schedule.Step(0.1, 3), Schedule.Step(0.1, 4));

        var net = Network.Build("N", (1, 8, 8), 2, b => b.Dense(b.Classes));
        foreach (var wrong in new TrainingOptions[]
        {
            new() { Warmup = -1 },
            new() { Momentum = 1 },
            new() { Decay = -1 },
            new() { Seed = -1 },
            new() { TargetMacs = 0 },
            new() { TargetBy = 2 },
            new() { TargetMacs = 0.5, TargetBy = 0 },
            new() { TargetMacs = 0.5, TargetBy = 4, Epochs = 3 },
            new() { LearningRate = double.NaN },
            new() { LearningRate = 1e39 },
            new() { Decay = 1e300 },
            new() { Augment = new Augmentation { Crop = -1 } },
            new() { Augment = new Augmentation { Area = 2 } },
            new() { Augment = new Augmentation { Erase = 2 } },
            new() { Augment = new Augmentation { RandAugment = -1 } },
            new() { Augment = new Augmentation { RandAugment = 2, RandAugmentMagnitude = 31 } },
            new() { Augment = new Augmentation { Mixup = -1 } },
            new() { Augment = new Augmentation { Cutmix = -1 } },
            new() { Ema = 1 },
        })
        {
            Assert.Throws<ArgumentException>(() => net.WithRecipe(wrong));
        }
    }
}
