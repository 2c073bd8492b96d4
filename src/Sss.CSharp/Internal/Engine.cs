namespace Sss.Internal;

/// <summary>LibTorch, loaded at first need, and the words of its errors.</summary>
internal static class Engine
{
    /// <summary>Errors name members of the classes, not options of the command line.</summary>
    internal static readonly Core.Wording Wording = Core.WordingModule.csharp;

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
            ? new OperationCanceledException(Torch.PipelineErrorModule.messageIn(Wording, error))
            : new SssException(Torch.PipelineErrorModule.messageIn(Wording, error));
    }

    private static bool IsStop(Torch.PipelineError error) =>
        error is Torch.PipelineError.NotTrained { Item: Torch.TrainError.Stopped }
            or Torch.PipelineError.Ended { Item1: Torch.TrainError.Stopped };

    internal static SssException FileFailure(Files.FileError error) => new(Files.FileErrorModule.messageIn(Wording, error));

    internal static SssException ModelFailure(Torch.ModelError error) => new(Torch.ModelErrorModule.messageIn(Wording, error));
}
