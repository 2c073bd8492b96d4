namespace Sss.Report

open Sss.Core

/// How a tile ended.
type internal TileState =
    | Whole
    | Narrowed
    | Gone

/// One node of the network's own body, drawn separately: a block, or a layer between blocks.
type internal Tile = {
    /// The node's name.
    Name: string
    /// Its caption: the shortest beginning of its name that no other tile shares. `Scope` is that without its
    /// last part, empty if there is none.
    Scope: string
    Label: string
    /// The extent of the images that it gives: `32x32`.
    Extent: string
    State: TileState
    /// What became of it, as a sentence.
    Told: string
    Box: DrawnBox
}

/// A network as a row of tiles, which can flow over lines as words do.
[<RequireQualifiedAccess>]
module internal Tiles =

    /// The beginnings of a name: of `a.b.c`, `a`, `a.b` and `a.b.c`.
    let private beginnings (name: string) : (string list * string) list =
        name.Split '.'
        |> Array.scan (fun (scope, label) part -> scope @ [ label ], part) ([], "")
        |> Array.skip 1
        |> Array.map (fun (scope, label) -> List.tail scope, label)
        |> List.ofArray

    /// The scope and the label of a name among these.
    let private caption (names: string list) : string -> string * string =
        let counts = names |> List.collect beginnings |> List.countBy id |> Map.ofList

        fun name ->
            let all = beginnings name

            let scope, label =
                all
                |> List.tryFind (fun start -> Map.tryFind start counts = Some 1)
                |> Option.defaultWith (fun () -> List.last all)

            String.concat "." scope, label

    let private costs (layers: Layer seq) = layers |> Seq.sumBy Cost.macs

    let private state scene node : TileState * string =
        let name = Node.name node
        let before = Network.layersOf [ node ] |> List.ofSeq

        match scene.Outcome with
        | None -> Whole, $"{name}: {ReadableNumber.grouped (costs before)} macs"
        | Some outcome ->
            let gone =
                match node with
                | Node.Layer layer -> SelectionOutcome.layer outcome layer |> Option.isNone
                | Node.Residual r ->
                    let struct (branch, _) = SelectionOutcome.sides outcome r
                    not branch
                | Node.Gate _
                | Node.Concat _
                | Node.Output _ -> not (SelectionOutcome.anyLeft outcome [ node ])

            let after = before |> List.choose (SelectionOutcome.layer outcome)
            let share = ReadableNumber.share (costs after) (costs before)
            let part = ReadableNumber.percent share

            if gone then
                let word =
                    match node with
                    | Node.Residual _ -> "its branch is removed"
                    | Node.Layer _
                    | Node.Gate _
                    | Node.Concat _
                    | Node.Output _ -> "removed"

                Gone, $"{name}: {word}, {part} of its macs remain"
            elif share < 1.0 then
                Narrowed, $"{name}: narrowed, {part} of its macs remain"
            else
                Whole, $"{name}: unchanged"

    /// The tiles of a network, in the order of the signal.
    let ofNetwork (scene: Scene) (network: Network) : Tile list =
        let goneLayer node =
            match scene.Outcome, node with
            | Some outcome, Node.Layer layer -> (SelectionOutcome.layer outcome layer).IsNone
            | Some _, (Node.Residual _ | Node.Gate _ | Node.Concat _ | Node.Output _)
            | None, _ -> false

        let drawn =
            network.Body
            |> List.choose (fun node ->
                PartDrawing.node scene (goneLayer node) node
                |> Option.map (fun box -> node, box)
            )

        let caption = drawn |> List.map (fst >> Node.name) |> caption

        drawn
        |> List.map (fun (node, box) ->
            let output = Node.output node
            let state, told = state scene node
            let scope, label = caption (Node.name node)

            {
                Name = Node.name node
                Scope = scope
                Label = label
                Extent = $"{output.Height}x{output.Width}"
                State = state
                Told = told
                Box = box
            }
        )
