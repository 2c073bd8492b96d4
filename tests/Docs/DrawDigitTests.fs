namespace Sss.Tests.Docs

open System
open System.IO
open System.IO.Compression
open System.Text.Json
open System.Threading.Tasks
open Xunit
open Sss.Tests.Report
open Sss.Tests.Repository

/// The web service that serves a selected network: what it answers, and its page in a browser.
type DrawDigitTests(service: Service, output: Xunit.Abstractions.ITestOutputHelper) =

    /// Pixels of a drawing's side.
    let side = 128

    /// A digit of 8×8 pixels from 0 to 16, drawn large.
    let drawn (digit: int[]) =
        Array.init
            (side * side)
            (fun i -> byte (digit[i / side / 16 * 8 + i % side / 16] * 255 / 16))

    /// The test images of the data set, with their labels.
    let testImages () =
        use packed =
            new GZipStream(
                File.OpenRead(Path.Combine(root, "data", "digits.csv.gz")),
                CompressionMode.Decompress
            )

        use reader = new StreamReader(packed)

        reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
        |> Array.indexed
        |> Array.filter (fun (i, _) -> i % 5 = 4)
        |> Array.map (fun (_, line) ->
            let numbers = line.Split ',' |> Array.map (float >> int)
            Array.truncate 64 numbers, numbers[64]
        )

    let label (answer: JsonElement) = string (answer.GetProperty "label")

    interface IClassFixture<Service>

    [<NeedsAspNet>]
    member _.``real digits are recognised, by many requests at once``() =
        task {
            let images = testImages () |> Array.truncate 200
            let! answers = images |> Array.map (fst >> drawn >> service.Post) |> Task.WhenAll

            let right =
                Seq.zip images answers
                |> Seq.filter (fun ((_, wanted), (_, got)) -> string wanted = label got)
                |> Seq.length

            output.WriteLine $"{right} of {images.Length} right"
            Assert.All(answers, (fun (status, _) -> Assert.Equal(200, status)))
            // Cut out and scaled again, an image is not quite the one of the data set.
            Assert.True(right >= 180, $"{right} of {images.Length}")
        }

    [<NeedsAspNet>]
    member _.``an answer has all classes, probabilities, and the image that the network saw``() =
        task {
            let image, _ = (testImages ())[0]
            let! _, answer = service.Post(drawn image)

            let scores = [
                for s in answer.GetProperty("scores").EnumerateArray() ->
                    string (s.GetProperty "name"), s.GetProperty("probability").GetDouble()
            ]

            Assert.Equal<string list>([ for d in 0..9 -> string d ], List.map fst scores)
            Assert.InRange(List.sumBy snd scores, 0.9999, 1.0001)
            Assert.Equal(label answer, fst (List.maxBy snd scores))
            Assert.Equal(64, answer.GetProperty("seen").GetArrayLength())
        }

    [<NeedsAspNet>]
    member _.``what is no drawing is refused with a reason``() =
        task {
            for bytes in [ 0; 10; side * side - 1; side * side + 1; 1_000_000 ] do
                let! status, answer = service.Post(Array.zeroCreate bytes)
                Assert.Equal(400, status)
                Assert.Equal("A drawing has 128x128 bytes.", string (answer.GetProperty "detail"))

            let! status, answer = service.Post(Array.zeroCreate (side * side))
            Assert.Equal(422, status)
            Assert.Equal("Nothing is drawn.", string (answer.GetProperty "detail"))
        }

    [<NeedsAspNet>]
    member _.``a model that it cannot serve is refused at the start, with the way out``() =
        let folder = Readme.folder ()

        let run args =
            Shell.run folder "dotnet" (service.Program :: args)

        let exported =
            Shell.run folder "bash" [ "-c"; "./sss export runs/digits --onnx raw.onnx --raw" ]

        Assert.Equal(0, exported.Code)

        let cases = [
            [], 2, "usage: DrawDigit MODEL.onnx [--urls http://localhost:5000]"
            [ "no.onnx" ], 1, "no.onnx cannot be opened: "
            [ "runs/digits/selected.sss" ], 1, "runs/digits/selected.sss cannot be opened: "
            [ "raw.onnx" ],
            1,
            "raw.onnx does not take pixels; write it with 'sss export DIR --onnx FILE', without --raw."
        ]

        for args, code, first in cases do
            let ended = run args
            Assert.Equal(code, ended.Code)
            Assert.StartsWith(first, ended.Lines.Head)

    [<NeedsAspNetAndChromium>]
    member _.``a stroke of the pointer is predicted, in light and dark, on a screen and a phone``
        ()
        =
        use profile = new Folder()
        use page = new Browser.Page(profile.Path)

        let number (expression: string) = (page.Value expression).GetDouble()
        let text (expression: string) = string (page.Value expression)

        /// A point of the drawing, from 0 to 1, in the window.
        let at (x, y) =
            let box =
                page.Value
                    "(b => [b.left, b.top, b.width, b.height])(document.getElementById('drawing').getBoundingClientRect())"

            let b = [ for v in box.EnumerateArray() -> v.GetDouble() ]
            b[0] + x * b[2], b[1] + y * b[3]

        let zero = [
            for i in 0..40 ->
                let a = float i * Math.PI / 20.0
                0.5 + 0.22 * sin a, 0.5 - 0.36 * cos a
        ]

        let two = [
            for i in 0..30 ->
                let a = Math.PI * (-0.5 + 1.25 * float i / 30.0)
                0.5 + 0.2 * sin a, 0.33 - 0.18 * cos a
            for i in 1..12 -> 0.64 - 0.34 * float i / 12.0, 0.46 + 0.39 * float i / 12.0
            for i in 1..8 -> 0.3 + 0.42 * float i / 8.0, 0.85
        ]

        let draw wanted points =
            page.Stroke(List.map at points)

            page.Value
                "new Promise(done => { const wait = () => \
                 document.getElementById('label').value !== '?' ? done(true) : setTimeout(wait, 20); \
                 wait(); })"
            |> ignore

            Assert.Equal(wanted, text "document.getElementById('label').value")

            Assert.Equal(
                wanted,
                text "document.querySelector('#scores .best').firstChild.textContent"
            )

        for width, dark in [ 1440, false; 1440, true; 390, false; 390, true ] do
            page.Dark dark
            page.Resize(width, 900)
            page.Open service.Address

            page.Value
                "new Promise(done => { const wait = () => \
                 document.querySelectorAll('#scores li').length === 10 ? done(true) : setTimeout(wait, 20); \
                 wait(); })"
            |> ignore

            draw "0" zero
            page.Value "document.getElementById('clear').click()" |> ignore
            Assert.Equal("?", text "document.getElementById('label').value")
            draw "2" two
            // The bar's transition.
            page.Value "new Promise(done => setTimeout(done, 300))" |> ignore
            let scheme = if dark then "dark" else "light"

            page.Screenshot(
                Path.Combine(root, "build", "out", "screenshots", $"draw-{width}-{scheme}.png")
            )

            // It fits the window, and follows the system.
            Assert.Equal(float width, number "document.documentElement.scrollWidth")

            Assert.Equal(
                (if dark then "rgb(20, 23, 27)" else "rgb(251, 251, 249)"),
                text "getComputedStyle(document.body).backgroundColor"
            )

            let reported = page.Told
            Assert.Empty reported.Console
            Assert.All(reported.Requests, (fun url -> Assert.StartsWith(service.Address, url)))
