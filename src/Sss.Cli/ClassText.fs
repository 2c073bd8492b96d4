namespace Sss.Cli

open System
open Sss.Core
open Sss.Files

/// Figures of classes, for people.
[<RequireQualifiedAccess>]
module ClassText =

    let private share (value: float option) =
        match value with
        | Some value -> Number.percent value
        | None -> "-"

    /// A line for each class, the one with the lowest recall first.
    let table (rows: ClassRow list) : string list =
        rows
        |> List.sortBy (fun row -> ClassRow.recall row |> Option.defaultValue infinity)
        |> List.map (fun row -> [
            Escape.line row.Name
            Number.grouped (int64 row.Images)
            share (ClassRow.recall row)
            share (ClassRow.precision row)
            ClassRow.othersText Escape.line row
        ])
        |> fun rows ->
            ""
            :: Terminal.columns ([ "class"; "images"; "recall"; "precision"; "taken for" ] :: rows)

    /// Class names that one line shows.
    let private mostNames = 8

    /// A class pays for the selection where its recall is this much below the dense network's, and so many images.
    let private payment, private payingImages = 0.05, 2

    /// From this difference on it is a warning.
    let private fall = 0.2

    /// Classes that a line on lost recall shows.
    let private mostPaying = 3

    /// Classes whose recall is at least so much below that of the dense network that was trained beside: name,
    /// recall of the dense and of the selected network, what has lost most first.
    let private below (least: float) (result: RunResult) =
        let dense = result.DenseClasses |> List.map (fun row -> row.Name, row) |> Map.ofList

        result.Classes
        |> List.choose (fun row ->
            match ClassRow.recall row, Map.tryFind row.Name dense with
            | Some recall, Some before when before.Right - row.Right >= payingImages ->
                ClassRow.recall before
                |> Option.filter (fun was -> was - recall >= least)
                |> Option.map (fun was -> row.Name, was, recall)
            | _ -> None
        )
        |> List.sortByDescending (fun (_, was, recall) -> was - recall)

    let private shown (classes: (string * float * float) list) =
        let list =
            classes
            |> List.truncate mostPaying
            |> List.map (fun (name, was, now) ->
                $"{Escape.line name} ({Number.percent was} to {Number.percent now})"
            )

        String.Join(", ", list) + (if classes.Length > mostPaying then ", …" else "")

    /// The classes that have lost most against the dense network, where one was trained beside it.
    let paying (result: RunResult) : string list =
        match below payment result with
        | [] -> []
        | classes -> [ $"classes    recognised less than by the dense network: {shown classes}" ]

    /// A warning where a class has lost much of its recall, 20 points or more, against the dense network.
    let fallen (result: RunResult) : string list =
        match below fall result with
        | [] -> []
        | classes -> [
            $"warning: the recall of {classes.Length} of {result.Classes.Length} classes fell by {100.0 * fall:``0``} points or \
              more against the dense network: {shown classes}. Remove less (a larger `target`, a smaller `gamma`), or add \
              pictures of them."
          ]

    /// A warning where the network recognises no image of a class.
    let lost (rows: ClassRow list) : string list =
        match ClassRow.lost rows with
        | [] -> []
        | names ->
            let list =
                names
                |> List.truncate mostNames
                |> List.map (fun name -> $"`{Escape.line name}`")

            let list = String.Join(", ", list)
            let more = if names.Length > mostNames then ", …" else ""

            [
                $"warning: no test image is recognised of {names.Length} of {rows.Length} classes: \
                  {list}{more}. Train longer, remove less (a larger `target`, a smaller \
                  `gamma`), or add pictures of them."
            ]
