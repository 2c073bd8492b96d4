using Sss.Internal;

namespace Sss;

public sealed partial class SelectedNetwork
{
    /// <summary>
    /// Writes ONNX in 8 bits, for ONNX Runtime on CPUs: weights int8, activations uint8, sums int32. Inputs, outputs and names are those
    /// of <see cref="ExportOnnx"/>, so <c>Sss.Serving</c> and <c>sss predict</c> read it too. It is calibrated on training images, and
    /// measured on the test images beside the file in float32 before it is written.
    /// </summary>
    /// <param name="path">The file to write.</param>
    /// <param name="data">Its training images are calibrated with (up to 512), its test images measured on.</param>
    /// <param name="maxDrop">
    /// How far the main metric may fall, in points: percentage points of an accuracy, hundredths of R².
    /// </param>
    /// <param name="raw">As in <see cref="ExportOnnx"/>.</param>
    /// <param name="threads">Of ONNX Runtime, for what is measured; all cores where it is null.</param>
    /// <returns>Quality, size and times of the file beside those of the file in float32.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="maxDrop"/> is below 0 or not a number, or <paramref name="threads"/> below 1.
    /// </exception>
    /// <exception cref="SssException">
    /// The metric falls further, the images do not fit the network, it has no layer with an integer kernel, or the file cannot be
    /// written. A file that was there stays.
    /// </exception>
    public Int8File ExportInt8(
        string path,
        Dataset data,
        double maxDrop = 0.5,
        bool raw = false,
        int? threads = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(data);
        ObjectDisposedException.ThrowIf(uses.IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads ?? 1, 1, nameof(threads));
        if (!(maxDrop >= 0.0))
        {
            throw new ArgumentOutOfRangeException(nameof(maxDrop), maxDrop, "It is at least 0.");
        }

        var settings = new Torch.Int8Settings(
            data.Value,
            maxDrop,
            Files.RangeRule.MinMax,
            raw,
            threads ?? Environment.ProcessorCount);
        return Int8File.From(Torch.Int8Export.write(settings, Loaded(path), path).OrThrow(Engine.Failure));
    }
}
