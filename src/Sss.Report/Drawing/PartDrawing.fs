namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core

/// What a picture shows: a network, and what became of it.
type internal Scene = {
    /// None: everything stays.
    Outcome: SelectionOutcome option
    /// The number of channels of the tallest bar.
    MostChannels: int
}

/// Networks as boxes. A bar is a layer with weights; its height grows with the square root of its
/// channels, its full part is what is kept, and lines divide it into groups or heads.
[<RequireQualifiedAccess>]
module internal PartDrawing =

    let private barWidth = 9.0
    let private gap = 5.0

    let private height scene (channels: int) =
        6.0 + 40.0 * sqrt (float channels / float (max 1 scene.MostChannels))

    /// The channels of a layer, and how many of them are kept.
    let private channels scene gone (layer: Layer) =
        let total = layer.Output.Channels

        match scene.Outcome with
        | _ when gone -> 0, total
        | None -> total, total
        | Some outcome ->
            let kept =
                SelectionOutcome.layer outcome layer
                |> Option.map (fun left -> left.Output.Channels)
                |> Option.defaultValue 0

            kept, total

    /// How many groups or heads a layer has, and the word for them; None: its channels form none.
    let private groups (layer: Layer) : (int * string) option =
        match (Op.facts layer.Op).Carries with
        | Carries.Factors(Grouping.Groups count) ->
            Some(count, (if Op.word layer.Op = "attention" then "heads" else "groups"))
        | Carries.Factors Grouping.One
        | Carries.Factors Grouping.Depthwise
        | Carries.FactorsOfLayerBefore
        | Carries.Nothing -> None

    /// Whether the channels of a layer with weights form groups or heads.
    let isDivided (layer: Layer) =
        (Op.facts layer.Op).Family = Family.Weights && (groups layer).IsSome

    /// `conv1: 12 of 64 channels kept, 1,024 of 9,216 macs`.
    let describe scene gone (layer: Layer) =
        let kept, total = channels scene gone layer
        let head = $"{layer.Name} ({Op.word layer.Op}), {layer.Output}"
        let macs = Cost.macs layer

        match scene.Outcome with
        | None -> $"{head}, {ReadableNumber.grouped macs} macs"
        | Some outcome ->
            let left = if gone then None else SelectionOutcome.layer outcome layer

            let macsLeft = left |> Option.map Cost.macs |> Option.defaultValue 0L

            let groups =
                match groups layer with
                | None -> ""
                | Some(count, word) ->
                    let kept =
                        match left, Option.bind groups left with
                        | None, _ -> 0
                        | Some _, Some(kept, _) -> kept
                        // A single group is none.
                        | Some _, None -> 1

                    $", {kept} of {count} {word} kept"

            $"{head}: {kept} of {total} channels kept{groups}, {ReadableNumber.grouped macsLeft} of \
              {ReadableNumber.grouped macs} macs"

    /// Lines narrower than this apart would hide a bar.
    let private narrowest = 3.0

    /// Lines between the groups of a bar of this height; none where they are too many.
    let private divisions (layer: Layer) x top full : XmlNode list =
        match groups layer with
        | Some(count, _) when full / float count >= narrowest -> [
            DrawnBox.lines "divide" [
                for i in 1 .. count - 1 do
                    "M", [ x; top + full * float i / float count ]
                    "H", [ x + barWidth ]
            ]
          ]
        | Some _
        | None -> []

    let private bar scene gone (layer: Layer) : DrawnBox =
        let kept, total = channels scene gone layer
        let full = height scene total
        let part = full * float kept / float (max 1 total)
        let half = full / 2.0

        {
            Width = barWidth
            Up = half
            Down = half
            Marks =
                fun x y -> [
                    DrawnBox.told (describe scene gone layer) [
                        DrawnBox.rectangle "cut" x (y - half) barWidth full
                        if kept > 0 then
                            DrawnBox.rectangle "kept" x (y + half - part) barWidth part
                        yield! divisions layer x (y - half) full
                    ]
                ]
        }

    /// A pool: the signal gets narrower.
    let private pool scene gone (layer: Layer) : DrawnBox =
        let gone = gone || fst (channels scene gone layer) = 0

        {
            Width = 8.0
            Up = 10.0
            Down = 10.0
            Marks =
                fun x y -> [
                    DrawnBox.told $"{layer.Name} ({Op.word layer.Op}), {layer.Output}" [
                        DrawnBox.path gone [
                            "M", [ x; y - 10.0 ]
                            "L", [ x + 8.0; y - 4.0 ]
                            "V", [ y + 4.0 ]
                            "L", [ x; y + 10.0 ]
                            "Z", []
                        ]
                    ]
                ]
        }

    /// The box of a node; None: it is not drawn (a normalisation, an activation, a dropout, a flatten).
    let rec node scene gone (node: Node) : DrawnBox option =
        match node with
        | Node.Layer layer ->
            match (Op.facts layer.Op).Family with
            | Family.Weights -> Some(bar scene gone layer)
            | Family.Pooling -> Some(pool scene gone layer)
            | Family.Norm
            | Family.Pointwise
            | Family.Other -> None
        | Node.Residual r ->
            let struct (branch, shortcut) =
                match scene.Outcome with
                | None -> struct (true, true)
                | Some outcome -> SelectionOutcome.sides outcome r

            let branchGone, shortcutGone = gone || not branch, gone || not shortcut

            DrawnBox.residual
                gone
                r.Scale.IsSome
                (body scene branchGone r.Branch, branchGone)
                (body scene shortcutGone r.Shortcut, shortcutGone)
            |> Some
        | Node.Gate g -> Some(DrawnBox.gate gone (body scene gone g.Body))
        | Node.Output o -> Some(DrawnBox.output gone o.Name (body scene gone o.Body))
        | Node.Concat c ->
            let branches =
                c.Branches
                |> List.map (fun b ->
                    let isLeft =
                        match scene.Outcome with
                        | None -> true
                        | Some outcome -> SelectionOutcome.branch outcome c b

                    let branchGone = gone || not isLeft
                    body scene branchGone b.Body, branchGone
                )

            Some(DrawnBox.concat gone branches)

    /// The box of a body: its nodes one after the other.
    and body scene gone (nodes: Node list) : DrawnBox =
        match List.choose (node scene gone) nodes with
        | [] -> DrawnBox.wire gone 14.0
        | boxes -> DrawnBox.row gone gap boxes
