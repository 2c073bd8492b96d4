// A web service that serves a selected network without Sss: it needs only ONNX Runtime.
// At the root of the repository, after a training on digits:
//   ./sss export runs/digits --onnx digits.onnx
//   dotnet run -c Release --project examples/DrawDigit -- digits.onnx
// then open http://localhost:5000 and draw.
using DrawDigit;

if (args is not [var file, .. var rest] || file.StartsWith('-'))
{
    Console.Error.WriteLine("usage: DrawDigit MODEL.onnx [--urls http://localhost:5000]");
    return 2;
}

Classifier classifier;
try
{
    classifier = Classifier.Load(file);
}
catch (UnusableModelException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

using var _ = classifier;
var builder = WebApplication.CreateBuilder(new WebApplicationOptions
{
    Args = rest,
    ContentRootPath = AppContext.BaseDirectory,
});
var app = builder.Build();

// The page connects only to this service.
app.Use((context, next) =>
{
    context.Response.Headers.ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:";
    return next(context);
});
app.UseDefaultFiles();
app.UseStaticFiles();

app.MapGet("/model", () => new ModelFacts(classifier.Name, classifier.Classes, Drawing.Side));

// The body is a drawing: a byte per pixel, 0 for paper and 255 for ink, row by row.
app.MapPost("/predict", async (HttpRequest request, CancellationToken stop) =>
{
    var ink = new byte[Drawing.Side * Drawing.Side + 1];
    var length = await request.Body.ReadAtLeastAsync(ink, ink.Length, throwOnEndOfStream: false, stop);
    if (length != ink.Length - 1)
    {
        return Results.Problem(
            $"A drawing has {Drawing.Side}x{Drawing.Side} bytes.",
            statusCode: StatusCodes.Status400BadRequest);
    }

    return Drawing.Reduce(ink.AsSpan(0, length), classifier.Height, classifier.Width) is { } image
        ? Results.Ok(classifier.Predict(image))
        : Results.Problem("Nothing is drawn.", statusCode: StatusCodes.Status422UnprocessableEntity);
});

app.Run();
return 0;

/// <summary>What the page needs before the first drawing.</summary>
internal sealed record ModelFacts(string Name, IReadOnlyList<string> Classes, int Side);
