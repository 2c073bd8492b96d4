namespace Sss.Tests.Report

open System
open System.IO
open System.Text.Json
open Xunit
open Sss.Report
open Sss.Tests.Report.Made

/// One browser and the pages of two runs, for all tests of this file.
type Opened() =
    let folder = new Folder()

    let page =
        Browser.program |> Option.map (fun _ -> new Browser.Page(folder.File "profile"))

    let write name file epochs =
        let run = folder.File name
        Directory.CreateDirectory run |> ignore
        let network, recipe = example file
        Made.run run network { recipe with Epochs = epochs } factor |> ignore
        File.WriteAllText(Path.Combine(run, "bench.json"), Made.bench)
        Made.withControls run "scratch-<b>E</b>"
        Report.write run |> must

    let five = lazy (write "five" "examples/digits.sss" 30)
    let fiftyFour = lazy (write "fifty-four" "examples/zoo/resnet164-cifar.sss" 240)

    let sweep =
        lazy
            (let path = folder.File "sweep.html"
             File.WriteAllText(path, Report.ofSweep (Made.sweep ()))
             path)

    member _.Page = Option.get page

    /// The page of a sweep.
    member _.Sweep = sweep.Value

    member _.File(blocks: int) =
        if blocks > 6 then fiftyFour.Value else five.Value

    interface IDisposable with
        member _.Dispose() =
            page |> Option.iter (fun p -> (p :> IDisposable).Dispose())
            (folder :> IDisposable).Dispose()

/// The report as people see it.
type BrowserTests(opened: Opened, output: Xunit.Abstractions.ITestOutputHelper) =

    let page = lazy opened.Page

    /// Where pictures of the pages are left, for whoever wants to look.
    let screenshots = Path.Combine(root, "build", "out", "screenshots")

    /// The page with a window as high as itself, all charts drawn.
    let show blocks width dark =
        let page = page.Value
        page.Dark dark
        page.Resize(width, 900)
        page.Open(opened.File blocks)
        let height = (page.Value "document.documentElement.scrollHeight").GetInt32()
        page.Resize(width, height)

        let all = (page.Value "document.querySelectorAll('.chart').length").GetInt32()

        page.Value
            "new Promise(done => { const wait = () => \
             [...document.querySelectorAll('.chart')].every(e => e.querySelector('.plot')) \
             ? done(true) : setTimeout(wait, 20); wait(); })"
        |> ignore

        page, all

    let list (value: JsonElement) = [ for item in value.EnumerateArray() -> string item ]

    /// Tables that are wider than their boxes, by their captions.
    let cut (page: Browser.Page) =
        page.Value
            "[...document.querySelectorAll('.scroll > table')]\
             .filter(t => t.checkVisibility() && t.offsetWidth > t.parentElement.clientWidth + 1)\
             .map(t => `${t.caption.textContent}: ${t.offsetWidth} in ${t.parentElement.clientWidth}`)"
        |> list

    interface IClassFixture<Opened>

    [<TheoryNeedsChromium>]
    [<InlineData(6, 1300)>]
    [<InlineData(54, 1300)>]
    [<InlineData(54, 1920)>]
    member _.``no column of a table is cut on a desktop, and no caption of the picture``
        (blocks, width)
        =
        let page, _ = show blocks width false
        Assert.Empty(cut page)

        let captions =
            page.Value
                "[...document.querySelectorAll('.tile figcaption, .tile figcaption span')]\
                 .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"

        Assert.Empty(list captions)

    [<TheoryNeedsChromium>]
    [<InlineData(6)>]
    [<InlineData(54)>]
    member _.``on paper nothing is cut and nothing overlaps``(blocks) =
        // An A4 sheet without its margins.
        let width = 700
        let page, _ = show blocks width false
        page.Paper true
        page.Value "void window.dispatchEvent(new Event('beforeprint'))" |> ignore
        page.Value "new Promise(done => setTimeout(done, 300))" |> ignore

        try
            page.Screenshot(Path.Combine(screenshots, $"report-{blocks}-paper.png"))
            Assert.Empty(cut page)

            let wide =
                page.Value
                    "[...document.querySelectorAll('.chart .main-svg')]\
                     .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.closest('.chart').id)"

            Assert.Empty(list wide)

            let overlapping =
                page.Value
                    "(all => all.flatMap((a, i) => all.slice(i + 1).filter(b => {\
                       const r = a.getBoundingClientRect(), s = b.getBoundingClientRect();\
                       return r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 1 && s.top < r.bottom - 1;\
                     }).map(b => `${a.className} ${a.id} and ${b.className} ${b.id}`)))\
                     ([...document.querySelectorAll('.chart-box, .scroll, .card, .mistake, h2, h3, main p')]\
                       .filter(e => e.checkVisibility()))"

            Assert.Empty(list overlapping)
        finally
            page.Value "void window.dispatchEvent(new Event('afterprint'))" |> ignore
            page.Paper false

    [<TheoryNeedsChromium>]
    [<InlineData(6, 1440, false)>]
    [<InlineData(6, 390, true)>]
    [<InlineData(54, 1440, true)>]
    [<InlineData(54, 390, false)>]
    [<InlineData(6, 500, false)>]
    [<InlineData(6, 1300, true)>]
    [<InlineData(6, 1920, false)>]
    member _.``opens without errors, asks for nothing, and fits its window``
        (blocks: int)
        (width: int)
        (dark: bool)
        =
        let page, charts = show blocks width dark
        let scheme = if dark then "dark" else "light"

        page.Screenshot(Path.Combine(screenshots, $"report-{blocks}-{width}-{scheme}.png"))

        // Marks that a browser nests into each other are not drawn.
        let nested =
            page.Value "document.querySelectorAll('svg :is(rect, circle, path) > *').length"

        Assert.Equal(0, nested.GetInt32())

        let reported = page.Told
        let size = (FileInfo(opened.File blocks)).Length
        output.WriteLine $"{blocks} blocks: {size} bytes, loaded in {reported.Load:F0} ms"
        Assert.Empty reported.Console
        Assert.Equal<string list>([ Uri(opened.File blocks).AbsoluteUri ], reported.Requests)
        Assert.Equal(5, charts)

        Assert.Equal(width, (page.Value "document.documentElement.scrollWidth").GetInt32())

        // What is wider than its box scrolls inside it, and nothing else reaches out of the window.
        let out =
            page.Value(
                "[...document.querySelectorAll('body *')].filter(e => \
                 !e.closest('.scroll') && !e.closest('svg') && !e.matches('.skip') && \
                 !e.closest('.js-plotly-plot') && \
                 e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"
            )

        Assert.Empty(list out)

        let drawn = page.Value "getComputedStyle(document.body).backgroundColor"
        Assert.Equal((if dark then "rgb(20, 23, 27)" else "rgb(251, 251, 249)"), string drawn)

    [<TheoryNeedsChromium>]
    [<InlineData(390)>]
    [<InlineData(500)>]
    [<InlineData(1300)>]
    [<InlineData(1920)>]
    member _.``no picture is cut, and no text of its card reaches out of it``(width) =
        let page, _ = show 6 width false

        let pictures =
            (page.Value
                "[...document.querySelectorAll('.mistake img')].filter(e => e.complete && e.naturalWidth > 0).length")
                .GetInt32()

        // Of the selected network and of the dense one.
        Assert.Equal(12 + 5, pictures)

        let out =
            page.Value
                "[...document.querySelectorAll('.mistake')].flatMap(card => [...card.querySelectorAll('*')]\
                 .filter(e => e.getBoundingClientRect().right > card.getBoundingClientRect().right + 0.5)\
                 .map(e => e.outerHTML.slice(0, 80)))"

        Assert.Empty(list out)

    [<TheoryNeedsChromium>]
    [<InlineData(390)>]
    [<InlineData(500)>]
    [<InlineData(1300)>]
    [<InlineData(1920)>]
    member _.``a sweep's labels are not cut``(width: int) =
        let page = page.Value
        page.Dark false
        page.Resize(width, 900)
        page.Open opened.Sweep
        let height = (page.Value "document.documentElement.scrollHeight").GetInt32()
        page.Resize(width, height)

        page.Value
            "new Promise(done => { const wait = () => \
             [...document.querySelectorAll('.chart')].every(e => e.querySelector('.plot')) \
             ? done(true) : setTimeout(wait, 20); wait(); })"
        |> ignore

        page.Screenshot(Path.Combine(screenshots, $"sweep-{width}.png"))
        Assert.Empty page.Told.Console
        Assert.Equal(width, (page.Value "document.documentElement.scrollWidth").GetInt32())

        // Every text of a chart is inside of the chart.
        let cut =
            page.Value
                "[...document.querySelectorAll('.chart')].flatMap(chart => { const r = chart.getBoundingClientRect();\
                 return [...chart.querySelectorAll('svg text')].filter(e => { const t = e.getBoundingClientRect();\
                 return t.width > 0 && (t.left < r.left - 1 || t.right > r.right + 1 || t.bottom > r.bottom + 1); })\
                 .map(e => `${chart.id}: ${e.textContent}`); })"

        Assert.Empty(list cut)

        let reaching =
            page.Value
                "[...document.querySelectorAll('body *')].filter(e => \
                 !e.closest('.scroll') && !e.closest('svg') && !e.matches('.skip') && \
                 !e.closest('.js-plotly-plot') && \
                 e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.outerHTML.slice(0, 80))"

        Assert.Empty(list reaching)

    [<NeedsChromium>]
    member _.``the page and its charts follow the system from light to dark``() =
        let page, _ = show 6 1440 false

        let colours =
            "[...document.querySelectorAll('.chart')].map(e => e.querySelector('.xtick text').style.fill)"

        let light = list (page.Value colours)
        page.Dark true

        // Changes come with the next frame; a page that never changes runs into the driver's limit.
        page.Value
            $"new Promise(done => {{ const wait = () => {colours}.every(c => c !== '{light.Head}') \
              ? done(true) : setTimeout(wait, 20); wait(); }})"
        |> ignore

        let dark = list (page.Value colours)
        Assert.Equal(light.Length, dark.Length)
        Assert.All(List.zip light dark, fun (a, b) -> Assert.NotEqual<string>(a, b))
        Assert.Empty page.Told.Console

    [<NeedsChromium>]
    member _.``text and background differ enough in both schemes``() =
        // Relative luminance and contrast as WCAG 2 defines them; 4.5 is its bound for text.
        let contrast =
            "(() => { const c = n => { const v = getComputedStyle(document.documentElement)\
             .getPropertyValue('--' + n).trim(); return [1, 3, 5].map(i => \
             parseInt(v.slice(i, i + 2), 16) / 255).map(x => x <= 0.03928 ? x / 12.92 : \
             ((x + 0.055) / 1.055) ** 2.4).reduce((s, x, i) => s + x * [0.2126, 0.7152, 0.0722][i], 0) }; \
             const r = (a, b) => (Math.max(c(a), c(b)) + 0.05) / (Math.min(c(a), c(b)) + 0.05); \
             return ['ink', 'muted', 'accent', 'good', 'bad'].flatMap(a => \
             ['page', 'surface'].map(b => r(a, b))) })()"

        for dark in [ false; true ] do
            let page, _ = show 6 1440 dark

            for value in (page.Value contrast).EnumerateArray() do
                Assert.InRange(value.GetDouble(), 4.5, 21.0)

    [<NeedsChromium>]
    member _.``the keyboard reaches everything, in the order of the page``() =
        let page, _ = show 6 1440 false

        let name =
            "(e => e.id || e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40))"

        let all =
            list (
                page.Value(
                    "[...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')]"
                    + $".filter(e => e.checkVisibility()).map({name})"
                )
            )

        Assert.Equal("Skip to the content", all.Head)
        Assert.True(all.Length > 10, $"%A{all}")

        let reached = [
            for _ in all do
                page.Tab()
                string (page.Value $"{name}(document.activeElement)")
        ]

        Assert.Equal<string list>(all, reached)

        // Each shows where it is.
        let outline = page.Value "getComputedStyle(document.activeElement).outlineStyle"
        Assert.Equal("solid", string outline)

    [<NeedsChromium>]
    member _.``names with markup are shown as text``() =
        let page, _ = show 6 390 false

        let text =
            string (page.Value "document.querySelector('#controls table').textContent")

        Assert.Contains("scratch-<b>E</b>", text)
