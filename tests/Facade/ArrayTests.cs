using Xunit;

namespace Sss.Facade.Tests;

/// <summary>Data sets from arrays: what they are divided into, and what is not an image or label.</summary>
public class ArrayTests
{
    private static readonly Shape Shape = new(1, 2, 2);

    private static float[][] Images(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new[] { i, i + 1f, 2f, 3f })];

    [Fact]
    public void EveryClassIsTrainedAndTested()
    {
        // By position every fifth image, and so all of class 4, would be for testing.
        int[] labels = [.. Enumerable.Range(0, 103).Select(i => i % 5)];
        var data = Dataset.FromArrays(Images(103), labels, Shape);

        Assert.Equal([17, 17, 17, 16, 16], Counts(data.Train));
        Assert.Equal([4, 4, 4, 4, 4], Counts(data.Test));
        Assert.Equal(
            ["split class by class, at random with seed 1: 83 images for training, 20 for testing"],
            data.GetNotes());

        // Every image is in one of them, with its own label.
        var places = Places(data.Train).Concat(Places(data.Test)).ToArray();
        Assert.Equal(Enumerable.Range(0, 103), places.Order());
        Assert.All(Places(data.Test).Zip(data.Test.Labels), p => Assert.Equal(labels[p.First], p.Second));

        // Equal seeds divide alike, another one does not.
        Assert.Equal(Places(data.Test), Places(Dataset.FromArrays(Images(103), labels, Shape, seed: 1).Test));
        Assert.NotEqual(Places(data.Test), Places(Dataset.FromArrays(Images(103), labels, Shape, seed: 2).Test));

        static int[] Counts(ImageSet set) => [.. set.Labels.GroupBy(i => i).OrderBy(g => g.Key).Select(g => g.Count())];

        static int[] Places(ImageSet set) => [.. Enumerable.Range(0, set.Count).Select(i => (int)set.Image(i)[0])];
    }

    [Fact]
    public void ClassesOfFewImagesAreDividedSensibly()
    {
        var data = Dataset.FromArrays(Images(6), [0, 0, 1, 2, 2, 2], Shape, ["a", "b", "c"]);

        Assert.Equal([0, 1, 2, 2], data.Train.Labels.Order());
        Assert.Equal([0, 2], data.Test.Labels.Order());
        Assert.Equal(
            [
                "only one training image of `a`, `b`",
                "split class by class, at random with seed 1: 4 images for training, 2 for testing; "
                    + "the only image of `b` is for training",
            ],
            data.GetNotes());
        Assert.Equal(
            "At least one class needs two images: one to train on and one to test with. (Parameter 'images')",
            Refused(() => Dataset.FromArrays(Images(3), [0, 1, 2], Shape)));
    }

    [Fact]
    public void ATestSetOfOnesOwnIsKeptAsItIs()
    {
        var data = Dataset.FromTrainAndTest(Images(4), [0, 1, 0, 1], Images(3), [2, 1, 0], Shape);

        Assert.Equal(["0", "1", "2"], data.Classes);
        Assert.Equal([2, 1, 0], data.Test.Labels);
        Assert.Equal([0f, 1f, 2f, 3f], data.Train.Image(0));
        Assert.Equal(
            [
                "1 test image of classes that have no training images: `2`",
                "3 of 3 test images are training images too: the accuracy will be too high",
            ],
            data.GetNotes());
    }

    [Fact]
    public void ALimitTakesOfEveryClass()
    {
        int[] labels = [.. Enumerable.Range(0, 100).Select(i => i / 50)];
        var data = Dataset.FromArrays(Images(100), labels, Shape).Limit(20, seed: 3);

        Assert.Equal(10, data.Train.Labels.Count(label => label == 0));
        Assert.Contains(
            "20 training images drawn at random from each class in proportion, seed 3: the first 20 have 1 of 2 classes",
            data.GetNotes());
    }

    [Fact]
    public void WhatIsNoImageOrLabelIsNamedWithItsIndex()
    {
        string WithImage(float[]? image) => Refused(() =>
        {
            var images = Images(10);
            images[7] = image!;
            return Dataset.FromArrays(images, new int[10], Shape);
        });

        string WithLabel(int label, string[]? classes = null) => Refused(() =>
        {
            var labels = new int[10];
            labels[3] = label;
            return Dataset.FromArrays(Images(10), labels, Shape, classes);
        });

        Assert.Equal("Image 7 is null. (Parameter 'images')", WithImage(null));
        Assert.Equal("Image 7 has 3 values; 1x2x2 has 4. (Parameter 'images')", WithImage([1, 2, 3]));
        Assert.Equal(
            "Image 7 has NaN in channel 0, row 1, column 0; pixels must be finite numbers. (Parameter 'images')",
            WithImage([1, 2, float.NaN, 3]));
        Assert.Equal(
            "Image 7 has -Infinity in channel 0, row 0, column 1; pixels must be finite numbers. (Parameter 'images')",
            WithImage([1, float.NegativeInfinity, 1, 3]));
        Assert.Equal("Label 3 is -1; labels are 0 to 65535. (Parameter 'labels')", WithLabel(-1));
        Assert.Equal("Label 3 is 2147483647; labels are 0 to 65535. (Parameter 'labels')", WithLabel(int.MaxValue));
        Assert.Equal("Label 3 is 2; labels are 0 to 1. (Parameter 'labels')", WithLabel(2, ["a", "b"]));
        Assert.Equal("The class name `a` is there twice. (Parameter 'classes')", WithLabel(0, ["a", "a"]));
        Assert.Equal("Class name 1 is null. (Parameter 'classes')", WithLabel(0, ["a", null!]));
        Assert.Equal(
            "There are 2 images and 1 labels. (Parameter 'labels')",
            Refused(() => Dataset.FromArrays(Images(2), [0], Shape)));
        Assert.Equal(
            "There are no images. (Parameter 'images')",
            Refused(() => Dataset.FromArrays([], [], Shape)));
        Assert.StartsWith("The shape is ", Refused(() => Dataset.FromArrays(Images(2), [0, 0], default)));
    }

    [Fact]
    public async Task DataThatNothingCanBeLearnedFromIsRefused()
    {
        var network = Network.Parse(
            "network N {\n input 1x2x2\n classes 2\n conv 4 1x1; relu\n avgpool global\n dense classes\n}\n");
        var data = Dataset.FromArrays(Images(10), new int[10], Shape, ["a", "b"]);

        var error = await Assert.ThrowsAsync<SssException>(() => network.TrainAsync(data));
        Assert.StartsWith(
            "arrays cannot be trained on:\n  all 8 training images are of one class, `a`: there is nothing to classify\n",
            error.Message);
    }

    private static string Refused(Func<Dataset> make) => Assert.Throws<ArgumentException>(() => make()).Message;
}
