namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core

/// The picture of a network that has not been trained: as a page with its layers, or as an image.
[<RequireQualifiedAccess>]
module NetworkPage =

    let private scene (network: Network) : Scene = {
        Outcome = None
        MostChannels = Picture.mostChannels network
    }

    let private row (total: Cost) (layer: Layer) : XmlNode list list =
        let cost = Cost.ofLayer layer
        let share = ReadableNumber.share cost.Macs total.Macs

        [
            [ code [] [ str layer.Name ] ]
            [ str (Op.word layer.Op) ]
            [ str (string layer.Output) ]
            [ str (ReadableNumber.grouped cost.Params) ]
            [ str (ReadableNumber.grouped cost.Macs) ]
            if cost.Macs > 0L then
                [
                    span [ _class "share" ] [ str (ReadableNumber.percent share) ]
                    Markup.bar share
                ]
            else
                []
            if cost.Factors > 0L then
                [ str (ReadableNumber.grouped cost.Factors) ]
            else
                []
        ]

    let private table (network: Network) (total: Cost) : XmlNode =
        Markup.table "The layers of the network" [
            "layer", Markup.Text
            "kind", Markup.Text
            "output", Markup.Text
            "params", Markup.Number
            "macs", Markup.Number
            "share of the macs", Markup.Drawing
            "factors", Markup.Number
        ] [
            for layer in Network.layers network do
                if Cost.macs layer > 0L || layer.Scale.IsSome then
                    row total layer
        ]

    /// A page with the picture of a network and its layers, complete in one file.
    let html (network: Network) : string =
        let total = Cost.ofNetwork network
        let number = ReadableNumber.grouped

        let outputs =
            match network.OutputKind with
            | OutputKind.Classes -> "classes"
            | OutputKind.Numbers when network.Classes = 1 -> "number"
            | OutputKind.Numbers -> "numbers"

        let factors = if total.Factors = 1L then "factor" else "factors"

        Page.make
            network.Name
            $"{network.Input} in, {network.Classes} {outputs} out: {number total.Params} params, \
              {number total.Macs} macs, {number total.Factors} {factors}"
            []
            [] [
                Markup.section "picture" "Picture" [
                    Markup.note
                        "The signal runs from left to right; a bar is a layer with weights, its \
                         height grows with the square root of its channels. Numbers like 32x32 are \
                         the images' extent. Rest the pointer on a bar for its numbers."
                    Picture.draw "The network" (scene network) network
                ]
                Markup.section "layers" "Layers" [ table network total ]
            ] []

    /// The picture of a network as an SVG image; its colours follow the reader's light or dark scheme.
    let svg (network: Network) : string =
        Sheet.draw (Page.own "picture.css") (scene network) network
