namespace Sss.Report

open System
open Giraffe.ViewEngine
open Plotly.NET
open Plotly.NET.LayoutObjects

/// A chart of the page. Colours are given as roles, which the page's script turns into the colours of
/// the light or the dark page.
type internal PageChart = {
    /// Unique on the page.
    Id: string
    Title: string
    /// How to read it, for eyes and for screen readers.
    Note: string
    /// `accent`, `ink` or `muted`, one per trace.
    Roles: string list
    /// In pixels.
    Height: int
    Chart: GenericChart
}

/// A line of a chart: its name and its points; points that are not finite are left out.
type internal Series = {
    Name: string
    Points: (float * float) list
}

[<RequireQualifiedAccess>]
module internal Charts =

    let private roles = [ "accent"; "ink"; "muted" ]

    let private dashes = [
        StyleParam.DrawingStyle.Solid
        StyleParam.DrawingStyle.Dash
        StyleParam.DrawingStyle.Dot
    ]

    /// More than there are roles, so that series of one colour still look different.
    let private symbols = [
        StyleParam.MarkerSymbol.Circle
        StyleParam.MarkerSymbol.Square
        StyleParam.MarkerSymbol.Diamond
        StyleParam.MarkerSymbol.TriangleUp
        StyleParam.MarkerSymbol.Cross
    ]

    let private role i = roles[i % roles.Length]

    /// plotly.js reads a few tags in texts; this is text.
    let private plain (text: string) =
        text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;")

    let private axes (x: string) (y: string) (range: (float * float) option) (chart: GenericChart) =
        let styled = chart |> Chart.withXAxisStyle (TitleText = plain x)

        match range with
        | Some range -> styled |> Chart.withYAxisStyle (TitleText = plain y, MinMax = range)
        | None ->
            styled
            |> Chart.withYAxisStyle (TitleText = plain y)
            |> Chart.withYAxis (LinearAxis.init (RangeMode = StyleParam.RangeMode.ToZero))

    /// Charts of overlaid series, one role each; a legend where there is more than one.
    let private together id title note height axes (charts: GenericChart list) : PageChart = {
        Id = id
        Title = title
        Note = note
        Roles = charts |> List.mapi (fun i _ -> role i)
        Height = height
        Chart =
            charts
            |> Chart.combine
            |> axes
            |> Chart.withLayoutStyle (ShowLegend = (charts.Length > 1))
    }

    /// Lines over epochs.
    let lines id title note (y: string) range (series: Series list) : PageChart =
        let line i (s: Series) =
            let points =
                s.Points |> List.filter (fun (x, y) -> Double.IsFinite x && Double.IsFinite y)

            Chart.Line(
                x = List.map fst points,
                y = List.map snd points,
                Name = plain s.Name,
                // A single point would be no line.
                ShowMarkers = (points.Length = 1),
                LineDash = dashes[i / roles.Length % dashes.Length],
                LineWidth = 2.0,
                UseDefaults = false
            )

        series |> List.mapi line |> together id title note 280 (axes "epoch" y range)

    /// Rows of shares from 0 to 1 over epochs, one per name; the first name on top.
    let shares id title note (epochs: float list) (rows: (string * float list) list) : PageChart =
        let rows = List.rev rows

        {
            Id = id
            Title = title
            Note = note
            Roles = [ "heat" ]
            Height = 140 + 15 * rows.Length
            Chart =
                Chart.Heatmap(
                    zData = List.map snd rows,
                    X = epochs,
                    Y = List.map (fst >> plain) rows,
                    UseDefaults = false
                )
                |> axes "epoch" "" (Some(-0.5, float rows.Length - 0.5))
        }

    /// Points with names, for accuracy against cost. Each series is a set of points.
    let points id title note x y (series: (string * (string * float * float) list) list) =
        let middle =
            match
                [
                    for _, points in series do
                        for _, x, _ in points -> x
                ]
                |> List.filter Double.IsFinite
            with
            | [] -> 0.0
            | xs -> (List.min xs + List.max xs) / 2.0

        /// Names of the first series are above its points, those of others below.
        let beside series x =
            match series, x > middle with
            | 0, true -> StyleParam.TextPosition.TopLeft
            | 0, false -> StyleParam.TextPosition.TopRight
            | _, true -> StyleParam.TextPosition.BottomLeft
            | _, false -> StyleParam.TextPosition.BottomRight

        let one i (name: string, points: (string * float * float) list) =
            Chart.Point(
                x = [ for _, x, _ in points -> x ],
                y = [ for _, _, y in points -> y ],
                Name = plain name,
                MultiText = [ for text, _, _ in points -> plain text ],
                // Towards the middle, where there is room.
                MultiTextPosition = [ for _, x, _ in points -> beside i x ],
                MarkerSymbol = symbols[i % symbols.Length],
                UseDefaults = false
            )

        // Names of points at the ends stay inside.
        let padded share (values: float list) =
            match values |> List.filter Double.IsFinite with
            | [] -> None
            | values ->
                let low, high = List.min values, List.max values
                let room = share * max (high - low) (0.02 * max 1.0 (abs high))
                Some(low - room, high + room)

        let all = List.collect snd series

        let named (chart: GenericChart) =
            let chart =
                match padded 0.16 [ for _, x, _ in all -> x ] with
                | Some range -> chart |> Chart.withXAxisStyle (TitleText = plain x, MinMax = range)
                | None -> chart |> Chart.withXAxisStyle (TitleText = plain x)

            match padded 0.12 [ for _, _, y in all -> y ] with
            | Some range -> chart |> Chart.withYAxisStyle (TitleText = plain y, MinMax = range)
            | None -> chart |> Chart.withYAxisStyle (TitleText = plain y)

        series |> List.mapi one |> together id title note 420 named

    /// The place of a chart in the page. Without scripts its heading and note stay, and the numbers
    /// are in a table.
    let place (figure: PageChart) : XmlNode =
        Giraffe.ViewEngine.HtmlElements.figure [ _class "chart-box" ] [
            figcaption [ _id (figure.Id + "-title") ] [
                strong [] [ str figure.Title ]
                span [ _class "note" ] [ str (" " + figure.Note) ]
            ]
            div [
                _class "chart"
                _id figure.Id
                _style $"height:{figure.Height}px"
                attr "role" "img"
                attr "aria-labelledby" (figure.Id + "-title")
            ] []
        ]

    /// What the page's script reads: `[{"id","roles","figure":{"data","layout"}}]`, safe inside a
    /// script element.
    let json (figures: PageChart list) : string =
        let one (figure: PageChart) =
            let roles =
                figure.Roles |> List.map (fun role -> $"\"{role}\"") |> String.concat ","

            $"{{\"id\":\"{figure.Id}\",\"roles\":[{roles}],\"figure\":\
              {GenericChart.toFigureJson figure.Chart}}}"

        let text = "[" + (figures |> List.map one |> String.concat ",\n") + "]"
        text.Replace("<", "\\u003c")
