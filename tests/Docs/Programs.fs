namespace Sss.Tests.Docs

open System
open System.IO
open System.Text.RegularExpressions

/// The code blocks of a page that belong together: those after one heading share their names.
type PageProgram = {
    Page: string
    /// From 1 on its page.
    Number: int
    Blocks: Block list
} with

    member program.IsRun = program.Blocks |> List.forall (fun b -> not (b.Has CompileOnly))

/// C# and F# of the pages, each language in one project. Compilers get the page and line that they
/// read, so that their messages name these.
[<RequireQualifiedAccess>]
module Programs =

    /// The programs of a language on a page.
    let ofPage (language: string) (page: string) (blocks: Block list) : PageProgram list =
        blocks
        |> List.filter (fun b ->
            b.Language = language
            && not (
                b.Directives
                |> List.exists (
                    function
                    | Skip _
                    | Save _
                    | PartOf _ -> true
                    | _ -> false
                )
            )
        )
        |> List.fold
            (fun programs block ->
                match programs with
                | current :: earlier when not (block.Has NewProgram) ->
                    (block :: current) :: earlier
                | _ -> [ block ] :: programs
            )
            []
        |> List.rev
        |> List.mapi (fun i blocks -> {
            Page = page
            Number = i + 1
            Blocks = List.rev blocks
        })

    /// A program's name in its project.
    let label (program: PageProgram) =
        Regex.Replace(program.Page, "[^A-Za-z0-9]", "_") + $"_{program.Number}"

    let private root = Sss.Tests.Repository.root

    /// Lines that must stand at the top of a file, and the others, which keep their places.
    let private hoisted (isTop: string -> bool) (program: PageProgram) =
        let top =
            program.Blocks
            |> List.collect (fun b -> List.filter isTop b.Lines)
            |> List.distinct

        let rest =
            program.Blocks
            |> List.collect (fun b ->
                $"#line {b.Line} \"{root}/{b.Page}\""
                :: (b.Lines |> List.map (fun line -> if isTop line then "" else line))
            )

        top, rest

    let csharp (program: PageProgram) : string =
        let isUsing (line: string) =
            Regex.IsMatch(line, @"^using [A-Za-z.]+;$")

        let top, rest = hoisted isUsing program

        String.Join(
            "\n",
            [
                yield! top
                $"static class {label program}"
                "{"
                "    public static async Task Run()"
                "    {"
                "        await Task.CompletedTask;"
                yield! rest
                "#line default"
                "    }"
                "}"
                ""
            ]
        )

    let private csharpMain (programs: PageProgram list) =
        let line program =
            $"    case \"{label program}\": await {label program}.Run(); break;"

        String.Join("\n", [ "switch (args[0])"; "{"; yield! List.map line programs; "}"; "" ])

    let fsharp (program: PageProgram) : string =
        let top, rest = hoisted (fun line -> line.StartsWith "open ") program

        let indented (line: string) =
            if line = "" || line.StartsWith '#' then
                line
            else
                "    " + line

        String.Join(
            "\n",
            [
                $"module {label program}"
                yield! top
                "let run () : unit ="
                yield! List.map indented rest
                "    ()"
                ""
            ]
        )

    let private fsharpMain (programs: PageProgram list) =
        let line program =
            $"    | [| \"{label program}\" |] -> {label program}.run ()"

        String.Join(
            "\n",
            [
                "module Main"
                "[<EntryPoint>]"
                "let main args ="
                "    match args with"
                yield! List.map line programs
                "    | _ -> ()"
                "    0"
                ""
            ]
        )

    /// Where the tests were built: all libraries with their native parts.
    let private bin = AppContext.BaseDirectory.TrimEnd('/')

    let private project (libraries: string list) (sources: string list) =
        let items name (files: string list) =
            files |> List.map (fun file -> $"    <{name} Include=\"{file}\" />")

        String.Join(
            "\n",
            [
                "<Project Sdk=\"Microsoft.NET.Sdk\">"
                "  <PropertyGroup>"
                "    <OutputType>Exe</OutputType>"
                "    <ImplicitUsings>enable</ImplicitUsings>"
                "    <EnableDefaultCompileItems>false</EnableDefaultCompileItems>"
                "    <UseAppHost>false</UseAppHost>"
                "    <TreatWarningsAsErrors>false</TreatWarningsAsErrors>"
                $"    <OutDir>{bin}/</OutDir>"
                "  </PropertyGroup>"
                "  <ItemGroup>"
                yield! items "Compile" sources
                for library in libraries do
                    $"    <Reference Include=\"{bin}/{library}.dll\" Private=\"false\" />"
                "  </ItemGroup>"
                "</Project>"
                ""
            ]
        )

    /// What is built of a language: what the compiler said, and a way to run a program in a folder.
    type Built = {
        Compiled: Ended
        Run: string -> PageProgram -> Ended
    }

    let private build
        (name: string)
        (extension: string)
        libraries
        (text: PageProgram -> string)
        (main: PageProgram list -> string)
        (programs: PageProgram list)
        : Built =
        let folder = Path.Combine(root, "build", "out", "docs", name)
        Directory.CreateDirectory folder |> ignore
        let sources = [ for p in programs -> label p + extension, text p ]
        let sources = sources @ [ "Main" + extension, main programs ]

        for file, text in sources do
            File.WriteAllText(Path.Combine(folder, file), text)

        let file = Path.Combine(folder, $"{name}.{extension.Substring 1}proj")
        File.WriteAllText(file, project libraries (List.map fst sources))

        let compiled =
            Shell.run folder "dotnet" [ "build"; file; "-c"; "Release"; "-v"; "q"; "--nologo" ]

        // Places as a reader writes them, each message once.
        let compiled = {
            compiled with
                Lines =
                    compiled.Lines
                    |> List.map (fun line -> line.Replace(root + "/", ""))
                    |> List.distinct
        }

        let run folder program =
            Shell.run folder "dotnet" [
                "exec"
                "--depsfile"
                $"{bin}/Sss.Tests.Docs.deps.json"
                "--runtimeconfig"
                $"{bin}/Sss.Tests.Docs.runtimeconfig.json"
                $"{bin}/{name}.dll"
                label program
            ]

        { Compiled = compiled; Run = run }

    /// The pages' C#, against what a user of the facade references.
    let buildCSharp =
        build
            "PagesCSharp"
            ".cs"
            [ "Sss.CSharp"; "Sss.Serving"; "Microsoft.ML.OnnxRuntime"; "TorchSharp" ]
            csharp
            csharpMain

    /// The pages' F#, against the libraries.
    let buildFSharp =
        build
            "PagesFSharp"
            ".fs"
            [
                "FSharp.Core"
                "FsToolkit.ErrorHandling"
                "Sss.Core"
                "Sss.Dsl"
                "Sss.Files"
                "Sss.LibTorch"
                "Sss.Torch"
                "Sss.Run"
                // Comes with the package of Sss.LibTorch.
                "TorchSharp"
            ]
            fsharp
            fsharpMain
