namespace Sss.Serving;

/// <summary>A picture cannot be read: it is no JPEG or PNG, is damaged, or is too large. The message says which.</summary>
public sealed class PictureException : Exception
{
    internal PictureException(string message)
        : base(message)
    {
    }
}

/// <summary>An ONNX file cannot classify pictures: it is missing, damaged, or was not exported by Sss. The message says which.</summary>
public sealed class ModelException : Exception
{
    internal ModelException(string message)
        : base(message)
    {
    }
}
