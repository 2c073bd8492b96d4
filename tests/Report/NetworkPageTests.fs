namespace Sss.Tests.Report

open System
open System.IO
open System.Xml.Linq
open Xunit
open Sss.Core
open Sss.Report
open Sss.Tests.Report.Made

/// Pictures of networks that have not been trained.
type NetworkPageTests() =

    static let files =
        Directory.GetFiles(
            Path.Combine(Sss.Tests.Repository.root, "examples"),
            "*.sss",
            SearchOption.AllDirectories
        )
        |> Array.sort

    let network (file: string) =
        match Sss.Dsl.Language.load file with
        | Ok(_, parsed) -> parsed.Network
        | Error _ -> failwith file

    let attribute (name: string) (e: XElement) =
        match e.Attribute(XName.Get name) with
        | null -> ""
        | found -> found.Value

    /// The captions of pictures that are cut, or that lie on each other.
    let wrongCaptions =
        """(() => {
            const found = [];
            for (const svg of document.querySelectorAll("svg")) {
                const sheet = svg.getBoundingClientRect();
                const captions = [...svg.querySelectorAll("text")]
                    .map(text => [text.textContent, text.getBoundingClientRect()])
                    .filter(([, box]) => box.width > 0);
                captions.forEach(([text, a], i) => {
                    if (a.left < sheet.left - 1 || a.right > sheet.right + 1 || a.bottom > sheet.bottom + 1)
                        found.push(text + " is cut");
                    for (const [other, b] of captions.slice(i + 1))
                        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
                            found.push(text + " lies on " + other);
                });
            }
            return found;
        })()"""

    let number name e = Double.Parse(attribute name e)

    [<Fact>]
    member _.``an image has a bar for each layer with weights, all of it on the sheet``() =
        Assert.NotEmpty files

        for file in files do
            let network = network file
            let root = nonNull (XDocument.Parse(NetworkPage.svg network)).Root

            let bars =
                root.Descendants()
                |> Seq.filter (fun e -> attribute "class" e = "cut")
                |> List.ofSeq

            let layers =
                Network.layers network
                |> Seq.filter (fun l -> (Op.facts l.Op).Family = Family.Weights)
                |> Seq.length

            Assert.Equal(layers, bars.Length)

            for bar in bars do
                Assert.InRange(number "x" bar, 0.0, number "width" root - number "width" bar)
                Assert.InRange(number "y" bar, 0.0, number "height" root - number "height" bar)

    [<Fact>]
    member _.``an image of too many layers says so``() =
        let text =
            "network Large {\n  input 1x8x8\n  classes 4\n  repeat 1500 { conv 2 3x3; relu }\n  flatten\n  dense 4\n}\n"

        match Sss.Dsl.Language.parse text with
        | Ok parsed ->
            let image = NetworkPage.svg parsed.Network
            Assert.Contains("The network has 3,002 layers; pictures are drawn up to 2,000.", image)
            Assert.DoesNotContain("class=\"cut\"", image)
        | Error _ -> failwith text

    [<TheoryNeedsChromium>]
    [<InlineData(false)>]
    [<InlineData(true)>]
    member _.``pages open without errors and ask for nothing``(dark: bool) =
        use folder = new Folder()
        use page = new Browser.Page(folder.File "profile")
        page.Dark dark
        page.Resize(1200, 900)

        // The scheme changes colours alone: some are enough.
        let some =
            if dark then
                files
                |> Array.indexed
                |> Array.filter (fun (i, _) -> i % 5 = 0)
                |> Array.map snd
            else
                files

        for file in some do
            let target = folder.File "net.html"
            File.WriteAllText(target, NetworkPage.html (network file))
            page.Open target
            Assert.Empty page.Told.Console
            Assert.Equal<string list>([ Uri(target).AbsoluteUri ], page.Told.Requests)

            let wide = page.Value "document.documentElement.scrollWidth > window.innerWidth"

            Assert.False(wide.GetBoolean(), file)
            Assert.Equal($"{file}: []", $"{file}: {(page.Value wrongCaptions).GetRawText()}")
