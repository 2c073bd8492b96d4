namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core

/// A network as tiles in stages of equal image extent. The stages flow over as many lines as the
/// page's width needs, so that fifty blocks are as readable as five, on a phone too.
[<RequireQualifiedAccess>]
module internal Picture =

    /// With more layers than this, a picture would be unreadable.
    let private mostLayers = 2000

    /// Room above and below a tile's marks, for the width of lines.
    let private margin = 3.0

    let private stateWord state =
        match state with
        | Whole -> "whole"
        | Narrowed -> "narrowed"
        | Gone -> "gone"

    /// Few tiles are drawn larger: there is room.
    let private zoom (tiles: Tile list) =
        if tiles.Length <= 12 then 1.6
        elif tiles.Length <= 24 then 1.25
        else 1.0

    /// Room for a caption, in pixels of the page: its letters are about so wide, and a very long one is cut.
    let private letter, private leastCaption, private mostCaption = 6.8, 60.0, 170.0

    let private captionWidth (tile: Tile) =
        let letters = max tile.Label.Length tile.Scope.Length
        max leastCaption (min mostCaption (letter * float letters + 6.0))

    /// `down`: the room below the axis. Tiles stand on a common floor, so those of a line share their axis.
    let private tile zoom (down: float) (tile: Tile) =
        // Captions of short tiles would be cut.
        let width = max tile.Box.Width (captionWidth tile / zoom)
        let padding = (width - tile.Box.Width) / 2.0
        let axis = tile.Box.Up + margin
        let height = tile.Box.Up + down + 2.0 * margin

        let box =
            if padding > 0.0 then
                DrawnBox.row false padding [ tile.Box ]
            else
                tile.Box

        figure [ _class ("tile " + stateWord tile.State) ] [
            tag
                "svg"
                [
                    attr "width" (ReadableNumber.coordinate (zoom * width))
                    attr "height" (ReadableNumber.coordinate (zoom * height))
                    attr
                        "viewBox"
                        $"0 0 {ReadableNumber.coordinate width} {ReadableNumber.coordinate height}"
                    attr "role" "img"
                    attr "aria-label" tile.Told
                ]
                (box.Marks 0.0 axis)
            figcaption [
                _title tile.Told
                _style $"max-width:{ReadableNumber.coordinate (zoom * width)}px"
            ] [
                if tile.Scope <> "" then
                    span [] [ str tile.Scope ]
                span [ _class "label" ] [ str tile.Label ]
            ]
        ]

    /// Neighbours of equal extent.
    let private stages (tiles: Tile list) =
        List.foldBack
            (fun tile stages ->
                match stages with
                | (extent, others) :: rest when extent = tile.Extent ->
                    (extent, tile :: others) :: rest
                | _ -> (tile.Extent, [ tile ]) :: stages
            )
            tiles
            []

    /// The largest number of channels of a layer with weights.
    let mostChannels (network: Network) =
        Network.layers network
        |> Seq.filter (fun l -> Cost.macs l > 0L)
        |> Seq.map _.Output.Channels
        |> Seq.fold max 1

    /// Why a network is not drawn; None: it is.
    let refusal (network: Network) : string option =
        let count = Seq.length (Network.layers network)

        if count > mostLayers then
            Some
                $"The network has {ReadableNumber.grouped (int64 count)} layers; pictures are drawn up to \
                  {ReadableNumber.grouped (int64 mostLayers)}."
        else
            None

    /// Draws a network, or says why not.
    let draw (label: string) (scene: Scene) (network: Network) : XmlNode =
        match refusal network with
        | Some reason -> Markup.para (reason + " The table has them all.")
        | None ->
            let tiles = Tiles.ofNetwork scene network
            let zoom = zoom tiles

            let hasScopes = tiles |> List.exists (fun tile -> tile.Scope <> "")

            // Short stages are next to each other and share an axis; long ones have their own lines.
            let below stage =
                (if zoom > 1.0 then tiles else stage)
                |> List.map _.Box.Down
                |> List.fold max 0.0

            div [
                _class (if hasScopes then "picture scoped" else "picture")
                attr "role" "group"
                attr "aria-label" label
            ] [
                for extent, stage in stages tiles do
                    let down = below stage

                    div [ _class "stage" ] [
                        div [ _class "extent" ] [ str extent ]
                        div [ _class "tiles" ] (List.map (tile zoom down) stage)
                    ]
            ]
