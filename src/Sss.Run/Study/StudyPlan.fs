namespace Sss.Torch

open System.Globalization
open Sss.Core
open Sss.Files

/// One point of a sweep.
type StudyPoint = {
    /// Its label: `γ 0.01`, `macs 0.5`. Unique in the study.
    Label: string
    /// Below the study's folder.
    Folder: string
    /// None: the recipe's.
    Gamma: Gamma option
    /// None: the recipe's.
    TargetMacs: float option
}

/// One training of a study.
type StudyJob = {
    Kind: StudyKind
    /// None: it serves all points.
    Point: StudyPoint option
    Seed: int
    /// The run's folder, below the study's; unique in the study. Parts are joined by `/`.
    Folder: string
    /// The folder of the run that must be finished first.
    After: string option
}

/// Which runs a study is made of: a pure function of the options.
[<RequireQualifiedAccess>]
module StudyPlan =

    let private text (value: float) =
        value.ToString("R", CultureInfo.InvariantCulture)

    let private gammaText (gamma: Gamma) =
        let shared =
            if gamma.Shared = gamma.Neuron then
                ""
            else
                $",shared={text gamma.Shared}"

        if gamma.Neuron = gamma.Group && gamma.Group = gamma.Block && shared = "" then
            text gamma.Neuron
        else
            $"neuron={text gamma.Neuron},group={text gamma.Group},block={text gamma.Block}{shared}"

    /// The points of a sweep over γ. Without a target: γ is what varies.
    let ofGammas (gammas: Gamma list) : StudyPoint list =
        gammas
        |> List.distinct
        |> List.map (fun gamma -> {
            Label = $"γ {gammaText gamma}"
            Folder = $"gamma-{gammaText gamma}"
            Gamma = Some gamma
            TargetMacs = None
        })

    /// The points of a sweep over targets of macs.
    let ofTargets (targets: float list) : StudyPoint list =
        targets
        |> List.distinct
        |> List.map (fun target -> {
            Label = $"macs {text target}"
            Folder = $"macs-{text target}"
            Gamma = None
            TargetMacs = Some target
        })

    /// The one point of a sweep that varies nothing: the recipe as it is.
    let asGiven: StudyPoint = {
        Label = "as the recipe"
        Folder = "run"
        Gamma = None
        TargetMacs = None
    }

    /// The one point of a run that is not varied; its first seed is the folder itself.
    let single: StudyPoint = {
        Label = "run"
        Folder = ""
        Gamma = None
        TargetMacs = None
    }

    let private under (folder: string) (name: string) =
        if folder = "" then name else $"{folder}/{name}"

    let private control (point: StudyPoint) seed after kind =
        let folder = under point.Folder (StudyKind.controlFolder kind seed)

        {
            Kind = kind
            Point = if kind = StudyKind.Dense then None else Some point
            Seed = seed
            Folder = folder
            After = if kind = StudyKind.Dense then None else Some after
        }

    /// A run's seeds, each followed by its controls.
    let private seedsOf (point: StudyPoint) (own: int -> string) (seeds: int list) kinds = [
        for seed in List.distinct seeds do
            {
                Kind = StudyKind.Selected
                Point = Some point
                Seed = seed
                Folder = own seed
                After = None
            }

            yield! kinds |> List.map (control point seed (own seed))
    ]

    /// The runs of `sss sweep`, in the order in which they are best begun. One dense control serves
    /// all points.
    let sweep (points: StudyPoint list) (seeds: int list) (withControls: bool) : StudyJob list = [
        if withControls then
            for seed in List.distinct seeds do
                {
                    Kind = StudyKind.Dense
                    Point = None
                    Seed = seed
                    Folder = $"dense/seed-{seed}"
                    After = None
                }
        for point in points do
            yield!
                seedsOf
                    point
                    (fun seed -> $"{point.Folder}/seed-{seed}")
                    seeds
                    (if withControls then
                         StudyKind.controls |> List.filter ((<>) StudyKind.Dense)
                     else
                         [])
    ]

    /// The runs of `sss train --control --seeds`; the first seed's run is the folder itself.
    let ofRun (seeds: int list) (withControls: bool) : StudyJob list =
        let first = List.tryHead seeds

        seedsOf
            single
            (fun seed -> if Some seed = first then "" else $"seeds/seed-{seed}")
            seeds
            (if withControls then StudyKind.controls else [])
