using Sss.Internal;

namespace Sss;

/// <summary>Images with labels, masks or numbers. Immutable; safe to use from several threads.</summary>
public sealed class ImageSet
{
    internal ImageSet(Files.Dataset dataset, Files.Split value)
    {
        Dataset = dataset;
        Value = value;
    }

    /// <summary>The data set of the images.</summary>
    internal Files.Dataset Dataset { get; }

    internal Files.Split Value { get; }

    /// <summary>The number of images.</summary>
    public int Count => Value.Count;

    /// <summary>The shape of one image.</summary>
    public Shape Shape => Shape.From(Value.Shape);

    /// <summary>The class of each image, from 0; empty where images have masks or numbers.</summary>
    public IReadOnlyList<int> Labels => Value.Labels;

    /// <summary>
    /// A copy of what a network should give for an image: its class, the classes of its pixels row by row, or its numbers.
    /// </summary>
    /// <param name="index">From 0.</param>
    public float[] Target(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return Files.TargetsModule.ofImage(index, Value.Targets);
    }

    /// <summary>
    /// A copy of one image, channel by channel and row by row, in the pixel units of the data set: the input
    /// <see cref="SelectedNetwork.Predict(ReadOnlySpan{float})"/> expects for a network that was trained on this data
    /// set. <see cref="SelectedNetwork.Predict(ImageSet, int)"/> accepts images of any data set.
    /// </summary>
    /// <param name="index">From 0.</param>
    /// <exception cref="SssException">The image is a picture file that can no longer be read.</exception>
    public float[] Image(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var image = new float[checked((int)Shape.Count)];
        Files.Batch.stored(Files.Batch.plain(Dataset, Value), index, image).OrThrow(Engine.FileFailure);
        return image;
    }
}

/// <summary>Training and test images. Immutable; safe to use from several threads.</summary>
public sealed partial class Dataset
{
    private Dataset(Files.Dataset value) => Value = value;

    internal Files.Dataset Value { get; }

    /// <summary>The name used in messages.</summary>
    public string Name => Value.Name;

    /// <summary>Class names in the order of the labels; empty where targets are numbers.</summary>
    public IReadOnlyList<string> Classes => [.. Value.Classes];

    /// <summary>The images that training sees.</summary>
    public ImageSet Train => new(Value, Value.Train);

    /// <summary>The images for measuring accuracy. No choice is made by them.</summary>
    public ImageSet Test => new(Value, Value.Test);

    /// <summary>1,797 handwritten digits of 8×8 pixels, embedded; every fifth is a test image.</summary>
    public static Dataset Digits() => Load(Files.DataSource.Digits);

    /// <summary>Fashion-MNIST, from Debian's package or <c>data/fashion-mnist</c>.</summary>
    /// <exception cref="SssException">It was not found; the message lists the folders that were searched.</exception>
    public static Dataset FashionMnist() => Load(Files.DataSource.FashionMnist);

    /// <summary>A folder with the four files of MNIST and its relatives, plain or gzipped.</summary>
    /// <exception cref="SssException">A file is missing or damaged.</exception>
    public static Dataset Idx(string folder) => Load(Files.DataSource.NewIdx(folder));

    /// <summary>The binary files of CIFAR-10.</summary>
    /// <exception cref="SssException">A file is missing or damaged.</exception>
    public static Dataset Cifar10(string folder) => Load(Files.DataSource.NewCifar10(folder));

    /// <summary>The binary files of CIFAR-100, with the fine labels.</summary>
    /// <exception cref="SssException">A file is missing or damaged.</exception>
    public static Dataset Cifar100(string folder) => Load(Files.DataSource.NewCifar100(folder));

    /// <summary>
    /// A folder of JPEG and PNG pictures, a sub-folder per class, cut and scaled to a network's input, with the
    /// <c>Resize</c> and <c>Background</c> of the network's recipe (<see cref="Network.WithRecipe"/>). If it is too large for memory, pictures are decoded when they are needed, so the folder must stay in place.
    /// </summary>
    /// <exception cref="SssException">There are no pictures, or too many of them are broken.</exception>
    public static Dataset Folder(string folder, Network network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var augment = (network.CoreRecipe ?? Core.RecipeModule.defaults).Augment;
        return new Dataset(
            Files.DatasetModule.loadFor(
                network.Value,
                Files.PictureOptionsModule.ofAugment(augment),
                Files.DataSource.NewFolder(folder)).OrThrow(Engine.FileFailure));
    }

    /// <summary>The same in colour, at the size of the first picture.</summary>
    /// <exception cref="SssException">There are no pictures, or too many of them are broken.</exception>
    public static Dataset Folder(string folder) => Load(Files.DataSource.NewFolder(folder));

    /// <summary>
    /// A table with a header: a file of which every fifth row is for testing, or a folder with <c>train.csv</c> and
    /// <c>test.csv</c>. The network says which columns are features (the first ones, as many as its input has channels) and
    /// what the others are: the class, a number from 0 to 1 for each class, or the outputs.
    /// </summary>
    /// <param name="path">The file or the folder.</param>
    /// <param name="network">The network that the table is for; its input is F×1×1 for F features.</param>
    /// <param name="targets">The names of the target columns; none if they are the last ones.</param>
    /// <exception cref="SssException">A value is missing or no number, or the columns are not those of the network.</exception>
    public static Dataset Csv(string path, Network network, params IReadOnlyList<string> targets)
    {
        ArgumentNullException.ThrowIfNull(network);
        return new Dataset(
            Files.DatasetModule.loadFor(
                network.Value,
                Files.PictureOptionsModule.standard,
                Files.DataSource.NewCsv(path, targets.ToFSharpList())).OrThrow(Engine.FileFailure));
    }

    /// <summary>
    /// The same without a network. One target column holds classes if it has text or only whole numbers, and numbers
    /// otherwise; several hold numbers.
    /// </summary>
    /// <param name="path">The file or the folder.</param>
    /// <param name="targets">The names of the target columns; none if the last one is the target.</param>
    /// <exception cref="SssException">A value is missing or no number.</exception>
    public static Dataset Csv(string path, params IReadOnlyList<string> targets) =>
        Load(Files.DataSource.NewCsv(path, targets.ToFSharpList()));

    /// <summary>Pictures that were left out because they are broken, each with the reason.</summary>
    public IReadOnlyList<string> Skipped => [.. Value.Skipped.Select(error => Files.FileErrorModule.messageIn(Engine.Wording, error))];

    /// <summary>The data set for a value of <c>--data</c> on the command line: <c>digits</c>, <c>idx:DIR</c>, …</summary>
    /// <exception cref="SssException">The name is unknown, or a file is missing or damaged.</exception>
    public static Dataset Load(string source) =>
        Load(Files.DataSourceModule.parse(source).OrThrow(Engine.FileFailure));

    /// <summary>
    /// Only this many training images: the first ones if they have all classes in about their
    /// proportions, otherwise a random draw from each class in proportion; <see cref="GetNotes"/> says which.
    /// </summary>
    /// <param name="images">How many; all where there are fewer.</param>
    /// <param name="seed">Equal seeds draw the same images.</param>
    public Dataset Limit(int images, int seed = 1) => new(Files.DatasetModule.limitBy(seed, images, Value));

    /// <summary>
    /// Remarks to read before training: how images were chosen, what a folder contains besides pictures,
    /// copies among the images, classes that cannot be learned or are not tested. Empty if there are none.
    /// This compares the images with each other, so call it once.
    /// </summary>
    public IReadOnlyList<string> GetNotes() =>
        [.. Files.DataChecks.notes(1, Value).Select(Files.DataNoteModule.message)];

    private static Dataset Load(Files.DataSource source) =>
        new(Files.DatasetModule.load(source).OrThrow(Engine.FileFailure));
}
