namespace Sss;

/// <summary>A file in 8 bits beside the same network's file in float32, both measured in ONNX Runtime.</summary>
/// <param name="Int8">The quality and loss of the file on the test images.</param>
/// <param name="Float32">The same of the file in float32.</param>
/// <param name="Drop">How far the main metric falls, in points; below 0 where it rises.</param>
/// <param name="Bytes">The size of the file.</param>
/// <param name="Float32Bytes">The size of the file in float32.</param>
/// <param name="Times">Of calls of 1 and 64 images.</param>
/// <param name="Machine">The processor that the times were measured on, and its cores.</param>
public sealed record Int8File(
    Evaluation Int8,
    Evaluation Float32,
    double Drop,
    long Bytes,
    long Float32Bytes,
    IReadOnlyList<Int8Time> Times,
    string Machine)
{
    internal static Int8File From(Torch.Int8Result r) => new(
        Evaluation.From(r.Int8),
        Evaluation.From(r.Float),
        r.Drop,
        r.Int8Bytes,
        r.FloatBytes,
        [.. r.Times.Select(Int8Time.From)],
        r.Machine);
}

/// <summary>Times of a call of both files, measured in turn with the same images and threads; the lower quartiles of many calls.</summary>
/// <param name="Batch">Images of a call.</param>
/// <param name="Int8">Of the file in 8 bits.</param>
/// <param name="Float32">Of the file in float32.</param>
public sealed record Int8Time(int Batch, TimeSpan Int8, TimeSpan Float32)
{
    internal static Int8Time From(Torch.Int8Time time) => new(
        time.Batch,
        TimeSpan.FromMilliseconds(time.Int8.Low),
        TimeSpan.FromMilliseconds(time.Float.Low));
}
