namespace Sss.Internal;

/// <summary>LibTorch, loaded at first need, and the words of its errors.</summary>
internal static class Engine
{
    internal static Torch.LibTorch Load() =>
        Torch.LibTorchModule.load()
            .OrThrow(error => new SssException(Torch.LibTorchErrorModule.message(error)));

    internal static Exception Failure(Torch.PipelineError error)
    {
        if (error is Torch.PipelineError.BadText text)
        {
            return new SssException([.. text.Item3.Select(d => Diagnostic.From(text.path, text.text, d))]);
        }

        return IsStop(error)
            ? new OperationCanceledException(Torch.PipelineErrorModule.message(error))
            : new SssException(Torch.PipelineErrorModule.message(error));
    }

    private static bool IsStop(Torch.PipelineError error) =>
        error is Torch.PipelineError.NotTrained { Item: Torch.TrainError.Stopped }
            or Torch.PipelineError.Ended { Item1: Torch.TrainError.Stopped };

    internal static SssException FileFailure(Files.FileError error) => new(Files.FileErrorModule.message(error));

    internal static SssException ModelFailure(Torch.ModelError error) => new(Torch.ModelErrorModule.message(error));
}
