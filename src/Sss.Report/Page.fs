namespace Sss.Report

open System
open System.IO
open System.Security.Cryptography
open System.Text
open Giraffe.ViewEngine
open Plotly.NET

/// A whole page in one file: styles, scripts, numbers and drawings, and nothing from anywhere else.
[<RequireQualifiedAccess>]
module internal Page =

    let private resource (assembly: Reflection.Assembly) (matches: string -> bool) =
        let name = assembly.GetManifestResourceNames() |> Array.find matches
        use stream = assembly.GetManifestResourceStream name |> nonNull
        use reader = new StreamReader(stream, Encoding.UTF8)
        // One kind of line end, or the hash of a script would not be that of what a browser reads.
        reader.ReadToEnd().Replace("\r\n", "\n").Replace('\r', '\n')

    /// A file that is kept in this library.
    let own name =
        resource (Reflection.Assembly.GetExecutingAssembly()) ((=) name)

    let private plotly (suffix: string) =
        resource
            typeof<GenericChart>.Assembly
            (fun name -> name.Contains "plotly-" && name.EndsWith(suffix, StringComparison.Ordinal))

    /// What the policy below knows a script by.
    let private hash (script: string) =
        "'sha256-"
        + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes script))
        + "'"

    /// Only the page's own scripts run, by their hashes, and nothing is ever fetched. Styles are
    /// inline: plotly.js writes its own. Pictures: what plotly.js makes of a chart when it is saved.
    let private policy scripts =
        let hashes = scripts |> List.map hash |> String.concat " "

        $"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; \
          base-uri 'none'; form-action 'none'"

    let private script (text: string) = script [] [ rawText text ]

    let private headOf (title: string) scripts =
        head [] [
            meta [ _charset "utf-8" ]
            meta [ _httpEquiv "Content-Security-Policy"; _content (policy scripts) ]
            meta [ _name "viewport"; _content "width=device-width, initial-scale=1" ]
            meta [ _name "color-scheme"; _content "light dark" ]
            Giraffe.ViewEngine.HtmlElements.title [] [ str title ]
            style [] [ rawText (own "report.css") ]
        ]

    let private headerOf (title: string) (lead: string) top (links: (string * string) list) =
        header [] [
            h1 [] [ str title ]
            p [ _class "lead" ] [ str lead ]
            yield! top
            if links.Length > 1 then
                nav [ attr "aria-label" "Sections" ] [
                    for id, text in links do
                        a [ _href ("#" + id) ] [ str text ]
                ]
        ]

    /// The charts' numbers, the library that draws them, and the script that calls it.
    let private drawings (figures: PageChart list) library drawing = [
        if not figures.IsEmpty then
            tag "script" [ _type "application/json"; _id "figures" ] [
                rawText (Charts.json figures)
            ]

        // An HTML comment must not hold two hyphens.
        yield!
            library
            |> List.map (fun _ -> comment ((plotly ".LICENSE.txt").Replace("--", "- -")))

        for text in library do
            tag "script" [ _type "text/plain"; _id "plotly" ] [ rawText text ]

        yield! List.map script drawing
    ]

    /// A page. `links` are the sections of the page's own menu.
    let make
        (title: string)
        (lead: string)
        (top: XmlNode list)
        (links: (string * string) list)
        (content: XmlNode list)
        (figures: PageChart list)
        : string =
        let library, drawing =
            if figures.IsEmpty then
                [], []
            else
                [ plotly ".min.js" ], [ own "report.js" ]

        let document =
            html [ _lang "en" ] [
                headOf title (library @ drawing)
                body [] [
                    a [ _class "skip"; _href "#content" ] [ str "Skip to the content" ]
                    headerOf title lead top links
                    main [ _id "content" ] content
                    footer [] [ p [] [ str "Written by sss. This file works offline." ] ]
                    yield! drawings figures library drawing
                ]
            ]

        RenderView.AsString.htmlDocument document + "\n"
