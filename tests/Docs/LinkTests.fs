namespace Sss.Tests.Docs

open System.IO
open Xunit
open Sss.Tests.Repository

/// Links inside the repository lead somewhere.
type LinkTests() =

    let pages = [ "CHANGELOG.md"; "CONTRIBUTING.md" ] @ Pages.all

    let fault (page: string) (line: int, target: string) =
        let file, anchor =
            match target.Split '#' with
            | [| file; anchor |] -> file, Some anchor
            | _ -> target, None

        let path =
            if file = "" then
                Path.Combine(root, page)
            else
                Path.Combine(root, Path.GetDirectoryName page |> string, file)

        if target.StartsWith "https:" then
            None
        elif not (Path.Exists path) then
            Some $"{page}:{line}: there is no {target}"
        else
            match anchor with
            | Some anchor when not (List.contains anchor (Markdown.anchors (File.ReadAllText path))) ->
                Some $"{page}:{line}: {file} has no heading #{anchor}"
            | _ -> None

    [<Fact>]
    member _.``links of README and docs lead to files and headings that are there``() =
        let links = [ for page in pages -> page, Markdown.links (Pages.read page) ]
        Assert.True(links |> List.sumBy (fun (_, l) -> l.Length) > 50)
        Assert.Empty(links |> List.collect (fun (page, l) -> List.choose (fault page) l))

    [<Fact>]
    member _.``every page is reached from the index``() =
        let index = Markdown.links (Pages.read "docs/README.md") |> List.map snd

        // Pages in folders of their own (errors, results) are reached from the pages above them.
        for page in Pages.all do
            match page.Split '/' with
            | [| "docs"; name |] when name <> "README.md" -> Assert.Contains(name, index)
            | _ -> ()
