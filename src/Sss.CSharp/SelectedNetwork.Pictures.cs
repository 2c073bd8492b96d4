using Microsoft.FSharp.Core;
using Sss.Internal;

namespace Sss;

/// <content>Images of data sets, and picture files.</content>
public sealed partial class SelectedNetwork
{
    /// <summary>The longest picture file that the decoder takes, in bytes.</summary>
    private const long LongestPicture = 512L << 20;

    /// <summary>
    /// The scores of one image of a data set, which may be another than the one that the network was trained on:
    /// pictures are read as those in training were, and numbers are converted to their units.
    /// </summary>
    /// <param name="images">Images of the network's input shape.</param>
    /// <param name="index">From 0.</param>
    /// <exception cref="ArgumentException">The images do not have the network's input shape.</exception>
    /// <exception cref="SssException">
    /// The image is a picture file that cannot be read, or its pixels cannot be converted to those of the training.
    /// </exception>
    public float[] Predict(ImageSet images, int index)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, images.Count);
        if (images.Shape != Network.Input)
        {
            throw new ArgumentException(
                $"The images are {images.Shape}; the network takes {Network.Input}.",
                nameof(images));
        }

        return Predict(InUnits(images.Dataset, images.Value, index));
    }

    /// <summary>The scores of a JPEG or PNG file, which is read as the pictures in training were.</summary>
    /// <exception cref="SssException">
    /// The file cannot be read, or the network takes no pictures: which of its training pixels are black and white
    /// is not known, or its input is not an image.
    /// </exception>
    public float[] PredictFile(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var data = Torch.Predict.dataset(Loaded("the network"), new[] { path }.ToFSharpList()).OrThrow(Engine.FileFailure);
        return Predict(InUnits(data, data.Test, 0));
    }

    /// <summary>Classifies a picture file: decoded and prepared exactly as the pictures in training were.</summary>
    /// <exception cref="SssException">
    /// The file cannot be read, or the network takes no pictures; see <see cref="PredictFile"/>.
    /// </exception>
    public Prediction PredictImage(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        TakesPictures();
        return Classified(Files.PreparedPicture.ofFile(preparation, Network.Value.Input, path));
    }

    /// <summary>The same for a picture that is read from a stream to its end; the stream stays open.</summary>
    /// <exception cref="SssException">It cannot be read or has more than 512 MiB, or the network takes no pictures.</exception>
    public Prediction PredictImage(Stream picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        var content = PictureBytes.Read(picture, LongestPicture)
            ?? throw new SssException($"{PictureBytes.Name}: it has more than {LongestPicture} bytes");
        return PredictContent(content);
    }

    /// <summary>The same for the content of a picture file.</summary>
    /// <exception cref="SssException">It cannot be read, or the network takes no pictures.</exception>
    public Prediction PredictImage(ReadOnlySpan<byte> picture) => PredictContent(picture.ToArray());

    private Prediction PredictContent(ReadOnlyMemory<byte> content)
    {
        TakesPictures();
        return Classified(
            Files.PreparedPicture.ofContent(preparation, Network.Value.Input, PictureBytes.Name, content));
    }

    private Prediction Classified(FSharpResult<byte[], Files.FileError> pixels) =>
        new(classes, probabilities, Predict(Files.PreparedPicture.inUnits(preparation, pixels.OrThrow(Engine.FileFailure))));

    /// <summary>Fails where the network takes no pictures.</summary>
    private void TakesPictures() =>
        Torch.Predict.preparation(Loaded("the network")).OrThrow(Engine.FileFailure);

    /// <summary>An image in the units of the training data, which is what the predictor takes.</summary>
    private float[] InUnits(Files.Dataset data, Files.Split split, int index)
    {
        var prepared = Files.DatasetModule.preparedBy(preparation, WithTest(data, split)).OrThrow(Engine.FileFailure);
        var plan = Files.Batch.plain(prepared, prepared.Test);
        var image = new float[checked((int)Network.Input.Count)];
        Files.Batch.inUnits(plan, index, image).OrThrow(Engine.FileFailure);
        return image;
    }

    private static Files.Dataset WithTest(Files.Dataset data, Files.Split split) => new(
        data.Name, data.Classes, data.Train, split, data.Preparation, data.Range, data.Facts, data.Skipped, data.Notes);
}
