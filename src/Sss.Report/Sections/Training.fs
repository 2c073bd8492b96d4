namespace Sss.Report

open System
open Giraffe.ViewEngine
open Sss.Core

/// The course of training, from the columns that `metrics.csv` has.
[<RequireQualifiedAccess>]
module internal Training =

    /// Each layer's own count of factors that are not zero.
    let private perLayer = "nonzero."

    /// Beyond this many layers a line each is a tangle.
    let private mostLines = 6

    let private column (rows: (string * float) list list) name =
        rows
        |> List.choose (fun row ->
            let find name =
                row |> List.tryFind (fst >> (=) name) |> Option.map snd

            Option.map2 (fun epoch value -> epoch, value) (find "epoch") (find name)
        )

    let private series rows (pairs: (string * string) list) : Series list =
        pairs
        |> List.map (fun (name, title) -> {
            Name = title
            Points = column rows name
        })
        |> List.filter (fun s -> s.Points |> List.exists (snd >> Double.IsFinite))

    let private scaled factor (s: Series) = {
        s with
            Points = s.Points |> List.map (fun (x, y) -> x, y * factor)
    }

    /// The first epoch may have a loss so large that all others would be on the axis.
    let private mostTimes = 3.0

    /// The range of the loss's axis where the first epoch would flatten the rest, and what is said of it.
    let private lossRange (lines: Series list) : (float * float) option * string =
        let values (points: (float * float) list) =
            points |> List.map snd |> List.filter Double.IsFinite

        let later =
            lines
            |> List.collect (fun s -> values (List.skip (min 1 s.Points.Length) s.Points))

        let all = lines |> List.collect (fun s -> values s.Points)

        match later, all with
        | [], _
        | _, [] -> None, ""
        | _ ->
            let most, top = List.max all, List.max later

            if top > 0.0 && most > mostTimes * top then
                Some(0.0, 1.1 * top),
                $" The first epoch's {ReadableNumber.brief most} is above the plot."
            else
                None, ""

    let private quality (facts: RunFacts) rows = [
        match series rows [ "loss", "training"; "validation_loss", "validation" ] with
        | [] -> ()
        | lines ->
            let range, said = lossRange lines

            let what =
                match facts.Result |> Option.map _.Recipe.Loss with
                | None
                | Some(Loss.CrossEntropy 0.0) -> "Mean cross-entropy of an epoch."
                | Some loss ->
                    $"Mean of an epoch: in training `{Loss.word loss}`, in validation the plain loss of the task."

            Charts.lines "loss" "Loss" (what + said) "loss" range lines

        match series rows [ "accuracy", "training"; "validation_accuracy", "validation" ] with
        | [] -> ()
        | lines ->
            let answers =
                match facts.Result |> Option.map _.Test.Quality with
                | Some(Quality.Segmentation _) ->
                    "Pixels of the epoch's images that were classified correctly, in percent."
                | Some(Quality.MultiLabel _) ->
                    "Answers of the epoch, a yes or no for each image and class, that were right, in percent."
                | Some(Quality.Classification _)
                | Some(Quality.Regression _)
                | None -> "Images of the epoch that were classified correctly, in percent."

            Charts.lines "accuracy" "Accuracy" answers "%" None (List.map (scaled 100.0) lines)

        match facts.Result |> Option.map (fun r -> Quality.main r.Test.Quality) with
        | Some main when main.Column <> "accuracy" ->
            match series rows [ $"validation_{main.Column}", "validation" ] with
            | [] -> ()
            | lines ->
                Charts.lines
                    "quality"
                    (string (Char.ToUpperInvariant main.Name[0]) + main.Name.Substring 1)
                    "On the validation images after each epoch."
                    main.Name
                    None
                    lines
        | Some _
        | None -> ()
    ]

    let private macs (facts: RunFacts) rows = [
        match series rows [ "macs", "would-be network" ], facts.Dense with
        | lines, Some dense when not lines.IsEmpty ->
            let dense = max 1L (Cost.ofNetwork dense.Network).Macs

            let target: Series list = [
                match facts.Result |> Option.bind _.Recipe.Target.Macs with
                | Some fraction ->
                    let epochs = lines.Head.Points |> List.map fst

                    {
                        Name = "target"
                        Points = epochs |> List.map (fun e -> e, 100.0 * fraction)
                    }
                | None -> ()
            ]

            Charts.lines
                "macs"
                "Macs of the network that selection would give"
                "In percent of the whole network's."
                "%"
                None
                (List.map (scaled (100.0 / float dense)) lines @ target)
        | _ -> ()
    ]

    let private totals (facts: RunFacts) =
        facts.Dense
        |> Option.map (fun dense -> Network.scales dense.Network |> List.ofSeq)
        |> Option.defaultValue []

    let private kinds (facts: RunFacts) rows = [
        let total kind =
            totals facts
            |> List.filter (fun (_, s: Scale) -> s.Kind = kind)
            |> List.sumBy (fun (_, s) -> s.Count)

        let part column kind = [
            match total kind, series rows [ column, column ] with
            | 0, _
            | _, [] -> ()
            | n, lines -> yield! List.map (scaled (100.0 / float n)) lines
        ]

        match
            part "neurons" Neuron
            @ part "groups" Group
            @ part "blocks" Block
            @ part "shared" Shared
        with
        | [] -> ()
        | lines ->
            Charts.lines
                "factors"
                "Factors that are not zero"
                "In percent of their number."
                "%"
                None
                lines
    ]

    let private histories (facts: RunFacts) (rows: (string * float) list list) = [
        let counts =
            totals facts |> List.map (fun (owner, s: Scale) -> owner, s.Count) |> Map.ofList

        let layers =
            rows
            |> List.tryHead
            |> Option.defaultValue []
            |> List.choose (fun (name, _) ->
                if name.StartsWith(perLayer, StringComparison.Ordinal) then
                    Some(name.Substring perLayer.Length)
                else
                    None
            )

        let share owner value =
            match Map.tryFind owner counts with
            | Some n -> value / float (max 1 n)
            | None -> value

        let lines =
            layers
            |> List.map (fun owner -> owner, column rows (perLayer + owner))
            |> List.map (fun (owner, points) ->
                owner, points |> List.map (fun (x, y) -> x, share owner y)
            )

        match lines with
        | [] -> ()
        | lines when lines.Length <= mostLines ->
            Charts.lines
                "histories"
                "Factors that are not zero, layer by layer"
                "In percent of the layer's factors."
                "%"
                None
                (lines
                 |> List.map (fun (name, points) -> scaled 100.0 { Name = name; Points = points }))
        | lines ->
            Charts.shares
                "histories"
                "Factors that are not zero, layer by layer"
                "Full colour: all of the layer's factors; the page's own colour: none."
                (lines.Head |> snd |> List.map fst)
                (lines |> List.map (fun (name, points) -> name, List.map snd points))
    ]

    let private number (name: string) (value: float) =
        match name with
        | "accuracy"
        | "validation_accuracy" -> ReadableNumber.percent value
        | "macs"
        | "params" when Double.IsFinite value -> ReadableNumber.grouped (int64 value)
        | _ -> ReadableNumber.brief value

    let private table (rows: (string * float) list list) =
        // A column without any number is one that this run had no use for.
        let used name =
            rows
            |> List.exists (List.exists (fun (n, value) -> n = name && Double.IsFinite value))

        let shown =
            rows.Head
            |> List.map fst
            |> List.filter used
            |> List.filter (fun name -> not (name.StartsWith(perLayer, StringComparison.Ordinal)))

        let cells row =
            shown
            |> List.map (fun name ->
                match List.tryFind (fst >> (=) name) row with
                | Some(_, value) -> [ str (number name value) ]
                | None -> [ str "" ]
            )

        details [] [
            summary [] [ str "The numbers, epoch by epoch" ]
            Markup.table
                "Epochs"
                (shown |> List.map (fun name -> name.Replace('_', ' '), Markup.Number))
                (List.map cells rows)
        ]

    /// The charts, and the section that holds them.
    let section (facts: RunFacts) : PageChart list * XmlNode list =
        match facts.Epochs with
        | [] -> [], []
        | rows ->
            let small = quality facts rows @ macs facts rows @ kinds facts rows
            let wide = histories facts rows

            small @ wide,
            [
                Markup.section "training" "Training" [
                    div [ _class "charts" ] (List.map Charts.place small)
                    yield! List.map Charts.place wide
                    table rows
                ]
            ]
