// A web service that classifies pictures. Of Sss it needs only Sss.Serving: no LibTorch, no training.
// At the root of the repository, after a training:
//   dotnet run -c Release --project examples/service -- runs/pictures/selected.onnx
//   curl -F picture=@cat.jpg http://localhost:5000/predict
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.RateLimiting;
using Sss;
using Sss.Serving;

// The largest picture that is accepted, and the largest body around it.
const int MostBytes = 8 << 20;
const int MostBody = MostBytes + (64 << 10);

if (args is not [var file, .. var rest] || file.StartsWith('-'))
{
    Console.Error.WriteLine("usage: Service MODEL.onnx [--urls http://localhost:5000]");
    return 2;
}

// One for all requests. It is loaded, and tried on a small picture, while the server is being built: the first request
// finds everything compiled.
var loading = Task.Run(() =>
{
    var loaded = Classifier.Load(file, new ClassifierOptions { MaxPictureBytes = MostBytes });
    loaded.Predict(Convert.FromBase64String(WarmUp.Png));
    return loaded;
});
var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
{
    Args = rest,
    ContentRootPath = AppContext.BaseDirectory,
});
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = MostBody);
builder.Services.Configure<FormOptions>(form =>
{
    // Longer ones are kept in a temporary file while they arrive.
    form.MemoryBufferThreshold = 1 << 20;
    form.MultipartBodyLengthLimit = MostBody;
    form.ValueCountLimit = 8;
});
builder.Services.AddProblemDetails();
builder.Services.AddRateLimiter(limits =>
{
    // As many at a time as there are cores. Others wait, and when too many wait the next is told to come later.
    limits.RejectionStatusCode = StatusCodes.Status503ServiceUnavailable;
    limits.AddConcurrencyLimiter("pictures", pictures =>
    {
        pictures.PermitLimit = Environment.ProcessorCount;
        pictures.QueueLimit = 256;
    });
});

var app = builder.Build();
Classifier classifier;
try
{
    classifier = await loading;
}
catch (ModelException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

using var closing = classifier;
app.UseStatusCodePages();
app.UseRateLimiter();

app.MapGet("/health", () => "ok");
app.MapGet("/model", () => new ModelFacts(classifier.Name, classifier.Classes, classifier.Preparation));
app.MapPost("/predict", async (IFormFile picture, int? top, CancellationToken stop) =>
    {
        try
        {
            await using var content = picture.OpenReadStream();
            var prediction = await classifier.PredictAsync(content, stop);
            return Results.Ok(new Answer(prediction.Best.Name, prediction.Top(Math.Max(1, top ?? 3))));
        }
        catch (PictureException e)
        {
            // The client's fault: no JPEG or PNG, damaged, or too large.
            return Results.Problem(e.Message, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
    })
    .DisableAntiforgery()
    .RequireRateLimiting("pictures");

await app.RunAsync();
return 0;

/// <summary>A picture of 8 x 8 pixels.</summary>
internal static class WarmUp
{
    internal const string Png =
        "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAzklEQVR42gXBMQeEYAAA0I+IIyJaIyIiojUiIiJaIyIi4taIOCKiNSIiIlojIiKiNSIiIvob9x4AABAEIQiCYRi+72dZ1nXdtm0AgiCSJEVRNE0zCII8z/u+3/cdwDBMUZQkSZZlhWFYFMUwDMdxgM/nQ9O0LMu2bf9+v7Isx3E8zxMgCMIwjKIojuNEUVRV1TRN13UBFEVZllVV1XXdOI7rup7n+b5vgGEYx3GapnmelyRJ0zTLsjzPA3Ac53le1/Xv95umadu267q+7/sHT2lWocxLjLsAAAAASUVORK5CYII=";
}

/// <summary>What a client may want to know before its first picture.</summary>
internal sealed record ModelFacts(string Name, IReadOnlyList<string> Classes, string Preparation);

/// <summary>The most likely class, and the most likely ones with their scores and probabilities.</summary>
internal sealed record Answer(string Label, IReadOnlyList<ClassScore> Classes);
