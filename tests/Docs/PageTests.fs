namespace Sss.Tests.Docs

open System
open System.IO
open Xunit
open Sss.Tests.Repository

/// Trainings must not run beside each other.
[<assembly: CollectionBehavior(DisableTestParallelization = true)>]
do ()

/// All commands and blocks of README and docs, page by page.
type PageTests(output: Xunit.Abstractions.ITestOutputHelper) =

    let fail (faults: string list) =
        if not faults.IsEmpty then
            Assert.Fail(String.Join("\n\n", faults))

    let rec copy (source: string) (target: string) =
        Directory.CreateDirectory target |> ignore

        for file in Directory.GetFiles source do
            File.Copy(file, Path.Combine(target, Path.GetFileName file |> string))

        for folder in Directory.GetDirectories source do
            copy folder (Path.Combine(target, Path.GetFileName folder |> string))

    /// A folder for a page to be followed in.
    let folderFor page =
        let folder = new Folder()
        Shell.prepare folder.Path
        let startsWithRun = Markdown.blocks page (Pages.read page) |> snd

        if List.contains StartsWithRun startsWithRun then
            copy
                (Path.Combine(Readme.folder (), "runs", "digits"))
                (Path.Combine(folder.Path, "runs", "digits"))

            File.Copy(
                Path.Combine(Readme.folder (), "digits.onnx"),
                Path.Combine(folder.Path, "digits.onnx")
            )

        folder

    /// Compiles all programs of a language, and runs those that are complete.
    let programs language build =
        let all =
            Pages.all
            |> List.filter (fun page -> not (page.StartsWith "docs/errors/"))
            |> List.collect (fun page -> Programs.ofPage language page (Pages.blocks page))

        Assert.NotEmpty all
        let built: Programs.Built = build all

        if built.Compiled.Code <> 0 then
            Assert.Fail(String.Join("\n", built.Compiled.Lines))

        fail [
            for program in all do
                if program.IsRun then
                    use folder = folderFor program.Page
                    let ended = built.Run folder.Path program
                    output.WriteLine $"{program.Page}, program {program.Number}:"
                    List.iter output.WriteLine ended.Lines

                    if ended.Code <> 0 then
                        String.Join(
                            "\n",
                            $"{program.Blocks.Head.Place} ended with {ended.Code}" :: ended.Lines
                        )
        ]

    /// Pages with anything to run or to parse; those of the errors are parsed by the language's tests.
    static member Pages: TheoryData<string> =
        let data = TheoryData<string>()

        for page in Pages.all do
            if not (page.StartsWith "docs/errors/") && not (Pages.blocks page).IsEmpty then
                data.Add page

        data

    [<TheoryNeedsBash; MemberData(nameof PageTests.Pages)>]
    member _.``the blocks of a page do what the page says``(page: string) =
        if page = "README.md" then
            fail (Readme.faults ())
        else
            use folder = folderFor page
            fail (Pages.run folder.Path (Pages.blocks page))

    [<Fact>]
    member _.``blocks that are not run say why, and are few``() =
        for place, reason in Pages.skipped do
            output.WriteLine $"{place}: not run: {reason}"

        Assert.True(Pages.skipped.Length <= 15, $"%A{Pages.skipped}")
        Assert.All(Pages.skipped, (fun (_, reason) -> Assert.NotEmpty reason))

    [<Fact>]
    member _.``directives stand before a block, or are known to stand alone``() =
        for page in Pages.all do
            let _, loose = Markdown.blocks page (Pages.read page)
            Assert.Empty(loose |> List.filter (fun d -> d <> StartsWithRun))

    [<NeedsBash>]
    member _.``the C# of all pages compiles, and complete programs run``() =
        programs "csharp" Programs.buildCSharp

    [<NeedsBash>]
    member _.``the F# of all pages compiles, and complete programs run``() =
        programs "fsharp" Programs.buildFSharp
