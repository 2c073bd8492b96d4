// The main job from C#: a text file in, a smaller network that computes the same function out.
// Run it at the root of the repository:
//   dotnet run --project examples/CSharpQuickstart -- examples/digits.sss out 30
using Sss;

if (args is not [var file, var folder, ..])
{
    Console.Error.WriteLine("usage: CSharpQuickstart NETWORK.sss FOLDER [EPOCHS]");
    return 2;
}

try
{
    Network network = Network.Load(file);
    Console.WriteLine(network);

    var data = Dataset.Digits();
    var options = new TrainingOptions { Seed = 1, Epochs = args.Length > 2 ? int.Parse(args[2]) : null };
    var progress = new Progress<EpochProgress>(
        e => Console.WriteLine($"epoch {e.Epoch}: loss {e.Loss:0.0000}, {e.ImagesPerSecond:0} images/s"));

    using TrainedNetwork trained = await network.TrainAsync(data, options, progress);
    using SelectedNetwork small = trained.Select(); // exact, or throws with the verdict
    small.Save(folder);
    small.ExportOnnx(Path.Combine(folder, "selected.onnx"));

    Console.WriteLine(small.Network);
    Console.WriteLine($"exact: {small.Exactness.IsExact}, accuracy {small.Evaluate(data.Test).Accuracy:P1}");

    using var again = SelectedNetwork.Load(folder);
    float[] scores = again.Predict(data.Test.Image(0));
    Console.WriteLine($"the first test image is a {again.Classes[Array.IndexOf(scores, scores.Max())]}");
    return 0;
}
catch (SssException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
