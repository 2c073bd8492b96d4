using Xunit;

namespace Sss.Facade.Tests;

/// <summary>What a network gets wrong, the validation of each epoch, and trainings that end early.</summary>
public class DiagnosisTests
{
    private static readonly Network Net = Network.Parse("""
        network Small {
          input 1x8x8
          classes 10
          conv 16 3x3 stride=2; bn @scale(neuron); relu
          avgpool global
          dense classes
        }
        train {
          epochs 40
          batch 32
          lr 0.1 constant
          stop after=2
        }
        """);

    [Fact]
    public async Task ATrainingEndsEarlyWithItsBestEpochAndSaysWhatIsWrong()
    {
        var data = Dataset.Digits();
        var options = new TrainingOptions { Threads = 1, Validation = 0.2 };
        using var trained = await Net.TrainAsync(data, options);

        Assert.True(trained.EpochsDone < 40, "it did not end early");
        Assert.Equal(trained.EpochsDone, trained.Epochs.Count);
        var validation = trained.Epochs.Select(e => e.Validation!).ToArray();
        var chosen = validation[trained.ChosenEpoch - 1];
        Assert.Equal(validation.Max(v => v.Accuracy), chosen.Accuracy);
        // The last two have no lower loss than all before them.
        Assert.True(validation[^2..].Min(v => v.Loss) >= validation[..^2].Min(v => v.Loss));

        var refused = await Assert.ThrowsAsync<SssException>(() => Net.TrainAsync(data, new TrainingOptions { Threads = 1 }));
        Assert.Equal(
            "The recipe has `StopAfter`, which looks at the loss on images that are held out, and none are. Hold some out, with `Validation = 0.1`, or remove `StopAfter`.",
            refused.Message);
        Assert.Throws<ArgumentException>(() => Net.WithRecipe(new TrainingOptions { StopAfter = 0 }));

        using var small = trained.Select();
        var d = small.Diagnose(data.Test);
        Assert.Equal(small.Evaluate(data.Test), d.Evaluation);
        Assert.Equal(data.Classes, d.Classes.Select(c => c.Name));
        Assert.Equal(15, d.Calibration!.Bins.Count);
        Assert.Equal(359, d.Calibration.Bins.Sum(bin => bin.Count));
        var gap = d.Calibration.Bins.Where(bin => bin.Count > 0).Sum(bin => bin.Count * Math.Abs(bin.Accuracy - bin.Confidence));
        Assert.Equal(gap / 359, d.Calibration.Error, 9);

        Assert.InRange(d.Worst.Count, 1, 12);
        Assert.Equal(d.Worst.OrderByDescending(w => w.Loss).Select(w => w.Index), d.Worst.Select(w => w.Index));
        Assert.All(d.Worst, w =>
        {
            Assert.Equal($"image {w.Index}", w.Name);
            Assert.NotEqual(w.Class, w.TakenFor);
            Assert.Equal(Math.Exp(-w.Loss), w.Probability, 9);
            Assert.True(w.Probability <= w.Confidence);
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], w.Thumbnail!.Take(4));
        });
    }
}
