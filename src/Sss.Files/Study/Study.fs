namespace Sss.Files

open Sss.Core

/// Channels that a layer of the whole network has left.
type LayerKept = {
    Layer: string
    /// 0: the layer is gone.
    Kept: int
    Total: int
}

/// A run of a study that is at its end.
type StudyRun = {
    Kind: StudyKind
    /// The point's label; None: it serves all points.
    Point: string option
    Seed: int
    /// Below the study's.
    Folder: string
    Result: RunResult
    /// Of a selected network: what selection left of each layer with weights.
    Layers: LayerKept list
    /// Of a selected network: its text, from which its controls are made.
    Selected: string option
}

/// Runs that were planned together, as far as they are done.
type Study = {
    /// What the study is, item by item: another plan in the same folder is refused.
    Plan: (string * string) list
    /// The network's name.
    Network: string
    /// The data set, as it was named.
    Data: string
    /// Labels, in order.
    Points: string list
    Seeds: int list
    /// Whether controls were requested.
    Control: bool
    Runs: StudyRun list
    /// `bench.json` of a point's first seed, by the point's label.
    Benches: (string * string) list
    /// Runs that are planned and not there: their folders.
    Missing: string list
}

/// Studies as tables.
[<RequireQualifiedAccess>]
module Study =

    let private hasWeights (layer: Layer) =
        (Op.facts layer.Op).Family = Family.Weights

    /// What a selected network has left of each layer with weights.
    let layersKept (whole: Network) (selected: Network) : LayerKept list =
        let left = Network.channels selected

        [
            for layer in Network.layers whole do
                if hasWeights layer then
                    {
                        Layer = layer.Name
                        Kept = Map.tryFind layer.Name left |> Option.defaultValue 0
                        Total = layer.Output.Channels
                    }
        ]

    /// A run of selection, whichever is done: it tells the whole network's size and the recipe's length.
    let anySelected (study: Study) : StudyRun option =
        study.Runs |> List.tryFind (fun run -> run.Kind = StudyKind.Selected)

    /// The runs of a kind at a point, in the order of the seeds; the shared ones among them.
    let runsOf (point: string) kind (study: Study) : StudyRun list =
        study.Seeds
        |> List.collect (fun seed ->
            study.Runs
            |> List.filter (fun run ->
                run.Kind = kind
                && run.Seed = seed
                && (run.Point.IsNone || run.Point = Some point)
            )
        )

    let private seedRuns point kind study =
        runsOf point kind study |> List.map (fun run -> SeedRows.seedRun run.Result)

    /// The rows of a point: the selected networks, and each control that has runs.
    let rows (point: string) (study: Study) : SeedRow list =
        let selected = seedRuns point StudyKind.Selected study

        [
            if not selected.IsEmpty then
                SeedRows.ofRuns (StudyKind.word StudyKind.Selected) [] selected
            for kind in StudyKind.controls do
                match seedRuns point kind study with
                | [] -> ()
                | runs -> SeedRows.ofRuns (StudyKind.word kind) selected runs
        ]

    /// Mean channels left of each layer over a point's selected networks, with the whole's, and in
    /// how many of the runs the layer is gone.
    let meanLayers (point: string) (study: Study) : (string * float * int * int) list =
        match runsOf point StudyKind.Selected study with
        | [] -> []
        | runs -> [
            for layer in runs.Head.Layers do
                let all =
                    runs
                    |> List.choose (fun run ->
                        run.Layers |> List.tryFind (fun l -> l.Layer = layer.Layer)
                    )

                layer.Layer,
                all |> List.averageBy (fun l -> float l.Kept),
                layer.Total,
                all |> List.filter (fun l -> l.Kept = 0) |> List.length
          ]

    /// Items of two plans that are not the same: name, there, here.
    let differences (there: (string * string) list) (here: (string * string) list) = [
        for name, value in here do
            match List.tryFind (fun (n, _) -> n = name) there with
            | Some(_, other) when other = value -> ()
            | Some(_, other) when name = "recipe" -> yield! RecipeJson.differences other value
            | Some _ when name = "network" -> "network", "another text", "this one"
            | Some(_, other) -> name, other, value
            | None -> name, "nothing", value
        for name, value in there do
            if not (List.exists (fun (n, _) -> n = name) here) then
                name, value, "nothing"
    ]
