namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core

/// A network as one SVG image, its tiles in lines of a fixed width.
[<RequireQualifiedAccess>]
module internal Sheet =

    let private width = 1100.0
    let private margin = 16.0
    /// Room for the extent above a line of tiles.
    let private head = 22.0
    let private captionHeight = 13.0
    let private gap = 18.0
    let private stageGap = 14.0

    /// A tile with its place in its line.
    type private Placed = {
        Tile: Tile
        X: float
        Width: float
        /// The first tile of a stage in its line.
        IsFirst: bool
    }

    let private tileWidth (tile: Tile) = max tile.Box.Width 64.0

    /// Tiles in lines. A tile that is wider than a line has one of its own.
    let private lines (tiles: Tile list) : Placed list list =
        let place (lines: Placed list list) (tile: Tile) =
            let own = tileWidth tile

            let first = {
                Tile = tile
                X = margin
                Width = own
                IsFirst = true
            }

            match lines with
            | (last :: _ as line) :: rest ->
                let isNew = last.Tile.Extent <> tile.Extent
                let x = last.X + last.Width + (if isNew then stageGap else 0.0)

                if x + own > width - margin then
                    [ first ] :: lines
                else
                    ({ first with X = x; IsFirst = isNew } :: line) :: rest
            | _ -> [ [ first ] ]

        tiles |> List.fold place [] |> List.map List.rev |> List.rev

    let private words kind x y (text: string) =
        tag "text" [
            _class kind
            attr "x" (ReadableNumber.coordinate x)
            attr "y" (ReadableNumber.coordinate y)
        ] [ str text ]

    /// As much of a text as there is room for, by the mean width of a letter.
    let private fitting (room: float) (text: string) =
        let most = max 3 (int (room / 5.4))

        if text.Length <= most then
            text
        else
            text.Substring(0, most - 1) + "…"

    let private drawTile (axis: float) (below: float) (p: Placed) : XmlNode =
        let padding = (p.Width - p.Tile.Box.Width) / 2.0

        let box =
            if padding > 0.0 then
                DrawnBox.row false padding [ p.Tile.Box ]
            else
                p.Tile.Box

        let middle = p.X + p.Width / 2.0

        let captions =
            [ p.Tile.Scope; p.Tile.Label ] |> List.filter (fun text -> text <> "")

        tag "g" [] [
            tag "title" [] [ str p.Tile.Told ]
            yield! box.Marks p.X axis

            for i, text in List.indexed captions do
                words
                    "caption"
                    middle
                    (axis + below + captionHeight * float (i + 1))
                    (fitting p.Width text)
        ]

    /// One line and how high it is.
    let private drawLine (top: float) (line: Placed list) : XmlNode list * float =
        let most measure =
            line |> List.map (fun p -> measure p.Tile.Box) |> List.fold max 0.0

        let axis = top + head + most _.Up + 4.0
        let below = most _.Down + 4.0

        let rows =
            if line |> List.exists (fun p -> p.Tile.Scope <> "") then
                2.0
            else
                1.0

        let right = line |> List.map (fun p -> p.X + p.Width) |> List.max

        [
            for p in line do
                if p.IsFirst then
                    words "extent" p.X (top + 12.0) p.Tile.Extent

            DrawnBox.lines "rule" [ "M", [ margin; top + 17.0 ]; "H", [ right ] ]

            for p in line do
                drawTile axis below p
        ],
        axis + below + captionHeight * rows + gap - top

    /// The image of a network; `style`: its style sheet.
    let draw (style: string) (scene: Scene) (network: Network) : string =
        let placed, first =
            match Picture.refusal network with
            | Some reason -> [], [ words "extent" margin (margin + 12.0) reason ]
            | None -> Tiles.ofNetwork scene network |> lines, []

        let marks, height =
            ((first, margin), placed)
            ||> List.fold (fun (marks, top) line ->
                let more, height = drawLine top line
                marks @ more, top + height
            )

        let right =
            placed
            |> List.collect (List.map (fun p -> p.X + p.Width))
            |> List.fold max (if first.IsEmpty then 200.0 else 600.0)

        let height = if first.IsEmpty then height else 2.0 * margin + 20.0
        let size = [ right + margin; height ] |> List.map ReadableNumber.coordinate

        let image =
            tag "svg" [
                attr "xmlns" "http://www.w3.org/2000/svg"
                attr "width" size[0]
                attr "height" size[1]
                attr "viewBox" $"0 0 {size[0]} {size[1]}"
            ] [
                tag "title" [] [ str network.Name ]
                tag "style" [] [ rawText style ]
                DrawnBox.rectangle "paper" 0.0 0.0 (right + margin) height
                yield! marks
            ]

        RenderView.AsString.xmlNode image + "\n"
