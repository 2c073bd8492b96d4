namespace Sss.Tests.Docs

open System
open System.Collections.Concurrent
open System.Diagnostics
open System.Net.Http
open System.Text.Json
open System.Threading.Tasks
open Xunit
open Sss.Tests.Files

/// `examples/service` at work, with the network that README trains.
type PictureService() =
    inherit Running("service", "Service.dll", "runs/digits/selected.onnx")

    /// Status and body of an upload. `part`: the name that the picture has in the form.
    member service.Upload(part: string, content: byte[]) : Task<int * string> =
        task {
            use form = new MultipartFormDataContent()
            form.Add(new ByteArrayContent(content), part, "picture")
            use request = new HttpRequestMessage(HttpMethod.Post, service.Address + "/predict")
            request.Content <- form
            // As curl does: a body that is too large is refused before it is sent.
            request.Headers.ExpectContinue <- Nullable(content.Length > (1 <<< 20))
            use! answer = service.Client.SendAsync request
            let! text = answer.Content.ReadAsStringAsync()
            return int answer.StatusCode, text
        }

/// The service around `Sss.Serving`: what it answers to pictures, to what is none, and to many at once.
type PictureServiceTests(service: PictureService, output: Xunit.Abstractions.ITestOutputHelper) =

    let png =
        Pngs.plain 40 30 2 8 (fun x y c -> (x * 5 + y * 3 + c * 60) % 256) |> Pngs.write

    /// Pictures of all kinds, which are answered, and other uploads, which are refused.
    let uploads: (bool * byte[])[] = [|
        for _, jpeg in Jpegs.kinds do
            true, jpeg
        true, png
        true,
        Pngs.plain 33 21 6 16 (fun x y c -> (x * 991 + y * 77 + c * 13) % 65536)
        |> Pngs.write
        true, Pngs.plain 1 50 0 8 (fun _ y _ -> y * 5) |> Pngs.write
        false, png[.. png.Length / 2]
        false, (snd Jpegs.kinds.Head)[..200]
        false, "no picture"B
        false, [||]
        // Claims 100,000 × 100,000 pixels.
        false, Array.concat [ Pngs.signature; Pngs.header 100_000 100_000 8 2 0uy; png[33..] ]
    |]

    let percentile (share: float) (sorted: float[]) =
        sorted[min (sorted.Length - 1) (int (share * float sorted.Length))]

    interface IClassFixture<PictureService>

    [<NeedsAspNet>]
    member _.``pictures are classified, and what is none is refused with a reason``() =
        task {
            for isPicture, content in uploads do
                let! status, text = service.Upload("picture", content)
                let answer = JsonDocument.Parse(text).RootElement

                if isPicture then
                    Assert.Equal(200, status)
                    let classes = [ for c in answer.GetProperty("classes").EnumerateArray() -> c ]
                    let number (name: string) (c: JsonElement) = c.GetProperty(name).GetDouble()
                    Assert.Equal(3, classes.Length)

                    Assert.Equal(
                        string (answer.GetProperty "label"),
                        string (classes.Head.GetProperty "name")
                    )

                    Assert.InRange(number "probability" classes.Head, 0.1, 1.0)
                else
                    Assert.Equal(422, status)
                    Assert.StartsWith("the picture", string (answer.GetProperty "detail"))

            let! status, _ = service.Upload("other", png)
            Assert.Equal(400, status)
            let! status, _ = service.Upload("picture", Array.zeroCreate (9 <<< 20))
            Assert.Equal(413, status)
            let! health = service.Client.GetStringAsync(service.Address + "/health")
            Assert.Equal("ok", health)
            let! model = service.Client.GetStringAsync(service.Address + "/model")
            Assert.Contains("\"classes\":[\"0\",\"1\",\"2\"", model)
            Assert.Contains("pictures: upright", model)
        }

    [<NeedsAspNet>]
    member _.``eight clients at once, broken pictures among them: every upload gets its answer``() =
        task {
            let clients = 8
            let each = if Sss.Tests.Repository.isLong then 1250 else 40
            let times = ConcurrentBag<float>()
            let wrong = ConcurrentBag<string>()
            // Started, and warm: the first requests compile what the others use.
            let! _ = service.Upload("picture", png)

            let memory () =
                service.Process.Refresh()
                service.Process.WorkingSet64 / 1048576L

            let readings = ResizeArray [ memory () ]
            let rounds = 5

            for _ in 1..rounds do
                let client seed =
                    task {
                        let random = Random seed

                        for _ in 1 .. each / rounds do
                            let isPicture, content = uploads[random.Next uploads.Length]
                            let watch = Stopwatch.StartNew()
                            let! status, text = service.Upload("picture", content)
                            times.Add watch.Elapsed.TotalMilliseconds

                            if status <> (if isPicture then 200 else 422) then
                                wrong.Add $"{status}: {text}"
                    }
                    :> Task

                do! [| 1..clients |] |> Array.map client |> Task.WhenAll
                readings.Add(memory ())

            let sorted = times.ToArray() |> Array.sort
            let list = String.Join(", ", readings)

            output.WriteLine
                $"{sorted.Length} uploads by {clients} clients: median {percentile 0.5 sorted:f1} ms, \
                  p99 {percentile 0.99 sorted:f1} ms, most {Array.last sorted:f1} ms; MiB: {list}"

            Assert.Empty wrong
            Assert.Equal(clients * (each / rounds) * rounds, sorted.Length)
            // After the first round nothing grows: what a request takes is given back.
            Assert.True(readings[rounds] <= readings[1] + 100L, list)
        }

    [<NeedsAspNet>]
    member _.``it refuses at the start what it cannot serve, and tells the way out``() =
        let folder = Readme.folder ()

        let cases = [
            [], 2, "usage: Service MODEL.onnx [--urls http://localhost:5000]"
            [ "no.onnx" ], 1, "no.onnx: no such file or folder"
            [ "runs/digits/selected.sss" ],
            1,
            "runs/digits/selected.sss: ONNX Runtime cannot use it: "
        ]

        for args, code, first in cases do
            let ended = Shell.run folder "dotnet" (service.Program :: args)
            Assert.Equal(code, ended.Code)
            Assert.StartsWith(first, ended.Lines.Head)

    [<NeedsAspNet>]
    member _.``from its start to its first answer``() =
        task {
            use second = new PictureService()
            let watch = Stopwatch.StartNew()
            let! status, _ = second.Upload("picture", png)

            output.WriteLine
                $"{watch.Elapsed.TotalMilliseconds:f0} ms from the start to the first answer"

            Assert.Equal(200, status)
            // A second on a machine of its own; tests share one.
            Assert.InRange(watch.Elapsed.TotalSeconds, 0.0, 10.0)
        }
