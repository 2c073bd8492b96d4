namespace Sss.Report

open Giraffe.ViewEngine
open Sss.Core

/// Kept and removed, layer by layer.
[<RequireQualifiedAccess>]
module internal LayerTable =

    /// A part that costs something or carries factors.
    type private Row = {
        Name: string
        Kind: string
        Output: Shape
        /// Kept and all; None: the part has no channels of its own.
        Channels: (int * int) option
        /// After and before; None: it costs nothing.
        Macs: (int64 * int64) option
        Scale: Scale option
    }

    let private row (outcome: SelectionOutcome option) node : Row option =
        let left layer =
            outcome
            |> Option.map (fun o -> SelectionOutcome.layer o layer)
            |> Option.defaultValue (Some layer)

        match node with
        | Node.Layer layer when Cost.macs layer > 0L || layer.Scale.IsSome ->
            let after = left layer
            let total = layer.Output.Channels
            let macs = Cost.macs layer

            Some {
                Name = layer.Name
                Kind = Op.word layer.Op
                Output = layer.Output
                Channels =
                    Some(
                        (match after with
                         | Some l -> l.Output.Channels
                         | None -> 0),
                        total
                    )
                Macs =
                    if macs = 0L then
                        None
                    else
                        Some(after |> Option.map Cost.macs |> Option.defaultValue 0L, macs)
                Scale = layer.Scale
            }
        | Node.Residual r when r.Scale.IsSome ->
            let struct (branch, _) =
                outcome
                |> Option.map (fun o -> SelectionOutcome.sides o r)
                |> Option.defaultValue (struct (true, true))

            let inside f =
                Network.layersOf r.Branch |> Seq.sumBy f

            let after layer =
                left layer |> Option.map Cost.macs |> Option.defaultValue 0L

            Some {
                Name = r.Name
                Kind = "residual"
                Output = r.Output
                Channels = None
                Macs = Some((if branch then inside after else 0L), inside Cost.macs)
                Scale = r.Scale
            }
        | Node.Layer _
        | Node.Residual _
        | Node.Gate _
        | Node.Concat _
        | Node.Output _ -> None

    /// A stroke a factor, as high as its value; many factors share a stroke, which shows the largest.
    let private strip (values: float32[]) : XmlNode =
        let strokes = min 64 values.Length
        let top = values |> Array.map abs |> Array.fold max 0.0f
        let width, height = float strokes * 2.5, 18.0

        let stroke i =
            let first = i * values.Length / strokes
            let next = max (first + 1) ((i + 1) * values.Length / strokes)
            let value = Seq.max (seq { for j in first .. next - 1 -> abs values[j] })
            let x = ReadableNumber.coordinate (float i * 2.5 + 1.0)

            if value = 0.0f || top = 0.0f then
                ""
            else
                let y = height - max 1.5 (height * float value / float top)
                $"M{x} {ReadableNumber.coordinate height}V{ReadableNumber.coordinate y}"

        tag "svg" [
            _class "strip"
            attr "width" (ReadableNumber.coordinate width)
            attr "height" "19"
            attr "viewBox" $"0 0 {ReadableNumber.coordinate width} 19"
            attr "aria-hidden" "true"
        ] [
            tag "path" [ _class "floor"; attr "d" $"M0 18.5H{ReadableNumber.coordinate width}" ] []
            tag "path" [ _class "stroke"; attr "d" (List.init strokes stroke |> String.concat "") ] []
        ]

    let private factors (facts: RunFacts) (row: Row) =
        match row.Scale, Map.tryFind row.Name facts.Factors with
        | None, _ -> [ str "" ], [ str "" ]
        // Drawn once, where they are declared.
        | Some { Owner = Some owner }, _ ->
            [ str "shared with "; code [] [ str owner ] ], [ str "" ]
        | Some scale, None ->
            [
                str $"{ReadableNumber.grouped (int64 scale.Count)} {Plan.kindWord scale.Kind}"
            ],
            [ str "" ]
        | Some scale, Some values ->
            let nonZero = values |> Array.filter (fun v -> v <> 0.0f) |> Array.length

            [ str $"{nonZero} of {scale.Count} {Plan.kindWord scale.Kind}" ], [ strip values ]

    let private cells (facts: RunFacts) (row: Row) =
        let counts, drawing = factors facts row

        let share =
            match row.Macs, row.Channels with
            | Some(after, before), _ -> ReadableNumber.share after before
            | None, Some(kept, total) -> ReadableNumber.share (int64 kept) (int64 total)
            | None, None -> 1.0

        [
            [ code [] [ str row.Name ] ]
            [ str row.Kind ]
            [ str (row.Output.ToString()) ]
            [
                match row.Channels with
                | Some(kept, total) when kept = total -> str (string total)
                | Some(kept, total) -> str $"{kept} of {total}"
                | None -> str (if share = 0.0 then "removed" else "kept")
            ]
            [
                match row.Macs with
                | Some(after, before) when after = before -> str (ReadableNumber.grouped before)
                | Some(after, before) ->
                    str $"{ReadableNumber.grouped after} of {ReadableNumber.grouped before}"
                | None -> str "–"
            ]
            [
                span [ _class "share" ] [ str (ReadableNumber.percent share) ]
                Markup.bar share
            ]
            counts
            drawing
        ]

    let private reasons (facts: RunFacts) =
        match facts.Stays with
        | [] -> []
        | stays ->
            let byOwner =
                stays
                |> List.groupBy (fun (s, rule) -> s.Owner, Plan.describeStay rule)
                |> List.map (fun ((owner, why), group) -> owner, why, group.Length)

            [
                details [] [
                    summary [] [
                        str
                            $"{stays.Length} structures are kept although their factor is zero, and why"
                    ]
                    ul [] [
                        for owner, why, count in byOwner do
                            li [] [ code [] [ str owner ]; str $" ({count}): {why}" ]
                    ]
                ]
            ]

    let private names = [
        "layer", Markup.Text
        "kind", Markup.Text
        "output", Markup.Text
        "channels kept", Markup.Number
        "macs kept", Markup.Number
        "part", Markup.Drawing
        "factors not zero", Markup.Number
        "factors λ", Markup.Drawing
    ]

    /// The table.
    let section (facts: RunFacts) : XmlNode list =
        match facts.Dense with
        | None -> []
        | Some dense ->
            let outcome =
                facts.Selected |> Option.map (fun s -> SelectionOutcome.ofSelected s.Network)

            let rows = Network.nodes dense.Network |> Seq.choose (row outcome) |> List.ofSeq

            [
                Markup.section "layers" "Kept and removed, layer by layer" [
                    yield
                        Markup.note
                            "Layers with weights, and whatever carries scaling factors. Strokes are \
                             the factors λ at the end of training; a gap is a factor of zero."
                    yield Markup.table "Kept and removed" names (List.map (cells facts) rows)
                    yield! reasons facts
                ]
            ]
