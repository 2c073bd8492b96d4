namespace Sss.Dsl

open Sss.Core
open Sss.Dsl.RecipeItems

/// `target …`: what the selected network may cost, and when.
module internal TargetItem =

    let private arguments = argumentsOf "target"

    /// Bytes of a unit of size.
    let private bytes = Map.ofList Target.sizeUnits

    let private fraction expected run name (value: Located<float>) set =
        real run $"target {name}" value.Span value.Value Target.isFraction expected set

    let private part run name value set =
        fraction "a number above 0 and at most 1" run name value set

    let private above run name (value: Located<float>) set =
        real run $"target {name}" value.Span value.Value isPositive "a number above 0" set

    let private size
        run
        (value: Located<float>)
        (unit: float)
        (change: (Target -> Target) -> unit)
        =
        real
            run
            "target size"
            value.Span
            value.Value
            (Target.bytes unit >> Option.isSome)
            "the size of a file: 200000, 200kB or 1.5MB"
            (fun x ->
                change (fun target -> {
                    target with
                        Size = Target.bytes unit x
                })
            )

    let private latency limit (change: (Target -> Target) -> unit) =
        change (fun target -> { target with Latency = Some limit })

    /// One argument of the item; false: this is not the form of one.
    let private one run word (change: (Target -> Target) -> unit) : bool =
        match word with
        | RecipeWord.Named({ Value = "macs" as name }, value) ->
            part run name value (fun x -> change (fun target -> { target with Macs = Some x }))
            true
        | RecipeWord.Named({ Value = "params" as name }, value) ->
            part run name value (fun x -> change (fun target -> { target with Params = Some x }))
            true
        | RecipeWord.Named({ Value = "latency" as name }, value) ->
            fraction
                "a fraction of the dense network's time, above 0 and at most 1, or milliseconds, as `latency=5ms`"
                run
                name
                value
                (fun x -> latency (LatencyLimit.OfDense x) change)

            true
        | RecipeWord.Measured({ Value = "latency" as name }, value, "ms") ->
            above run name value (fun x -> latency (LatencyLimit.Milliseconds x) change)
            true
        | RecipeWord.Named({ Value = "size" }, value) ->
            size run value 1.0 change
            true
        | RecipeWord.Measured({ Value = "size" }, value, unit) ->
            match Map.tryFind unit bytes with
            | Some bytes ->
                size run value bytes change
                true
            | None -> false
        | RecipeWord.Named({ Value = "by" as name }, value) ->
            above run name value (fun x -> run.Recipe <- { run.Recipe with TargetBy = Some x })
            true
        | RecipeWord.Named(name, _)
        | RecipeWord.Chosen(name, _) ->
            run.Report
                (MeaningProblem.UnknownArgument(
                    "target",
                    name.Value,
                    Suggest.nearest arguments name.Value,
                    arguments
                ))
                name.Span

            true
        | RecipeWord.Measured _
        | RecipeWord.Number _
        | RecipeWord.Word _
        | RecipeWord.Comma _ -> false

    let private nameOf word =
        match word with
        | RecipeWord.Named(name, _)
        | RecipeWord.Chosen(name, _)
        | RecipeWord.Measured(name, _, _) -> Some name
        | RecipeWord.Number _
        | RecipeWord.Word _
        | RecipeWord.Comma _ -> None

    /// `by` says when a limit holds: there must be one.
    let private checkLimits run (names: Located<string> list) =
        match names |> List.partition (fun name -> name.Value = "by") with
        | by :: _, [] ->
            run.Report
                (MeaningProblem.MissingArgument("target", "limit", Some "target macs=0.5 by=2"))
                by.Span
        | _ -> ()

    /// `by` within the recipe's epochs, which are known once all items are.
    let checkBy run (train: Train) =
        let epochs = run.Recipe.Epochs

        for item in train.Items |> List.filter (fun item -> item.Keyword.Value = "target") do
            for word in item.Words do
                match word with
                | RecipeWord.Named({ Value = "by" }, by) when by.Value > float epochs ->
                    run.Report
                        (MeaningProblem.OutOfRange(
                            "target by",
                            by.Value,
                            $"at most {epochs}, the epochs of the recipe"
                        ))
                        by.Span
                | RecipeWord.Named _
                | RecipeWord.Chosen _
                | RecipeWord.Measured _
                | RecipeWord.Number _
                | RecipeWord.Word _
                | RecipeWord.Comma _ -> ()

    let target run (item: RecipeItem) =
        let change edit =
            run.Recipe <- {
                run.Recipe with
                    Target = edit run.Recipe.Target
            }

        let names = item.Words |> List.choose nameOf
        checkLimits run names

        for _, same in names |> List.groupBy _.Value do
            for again in List.tail same do
                run.Report (MeaningProblem.ArgumentTwice again.Value) again.Span

        let isGood = item.Words |> List.map (fun word -> one run word change)

        if item.Words.IsEmpty || List.contains false isGood then
            badForm run item
