namespace Sss.Torch

open System
open System.Text.Json
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// Checks that the parts of a state from a file fit each other. A checksum shows that a file is as it was
/// written, not that this program wrote it.
[<RequireQualifiedAccess>]
module internal StateCheck =

    let private fault path what : Result<unit, FileError> =
        Error(SafetensorsFile.metadataFault path (Syntax("checkpoint", what)))

    let private dims (shape: int list) = String.Join("x", shape)

    /// Every array that is expected, of its shape and finite.
    let private arrays
        path
        prefix
        (expected: (ArrayKey * int list) list)
        (found: Weights<float32>)
        =
        expected
        |> List.tryPick (fun (key, shape) ->
            let name = prefix + ArrayKey.text key

            match Map.tryFind key found with
            | None -> Some $"`{name}` is missing"
            | Some t when t.Shape <> shape || int64 t.Data.Length <> Parameters.size shape ->
                Some $"`{name}` is {dims t.Shape}; it must be {dims shape}"
            | Some t ->
                t.Data
                |> Array.tryFindIndex (fun value -> not (Single.IsFinite value))
                |> Option.map (fun i -> $"`{name}` has {t.Data[i]} at index {i}")
        )
        |> Option.map (fault path)
        |> Option.defaultValue (Ok())

    /// Whether training can compute with it.
    let private isPress (press: Press) =
        let gamma = float32 (Press.gamma press)
        Single.IsFinite gamma && gamma >= 0.0f

    let private lengths path (count: int) (items: (string * int) list) =
        items
        |> List.tryFind (fun (_, length) -> length <> 0 && length <> count)
        |> Option.map (fun (name, length) ->
            fault path $"`{name}` has {length} values; the network has {count} factors"
        )
        |> Option.defaultValue (Ok())

    let private zeroSteps path (factors: (ArrayKey * int list) list) (found: Map<ArrayKey, int[]>) =
        factors
        |> List.tryPick (fun (key, shape) ->
            match Map.tryFind key found with
            | Some steps when int64 steps.Length <> Parameters.size shape ->
                Some
                    $"`@zero-steps/{ArrayKey.text key}` has {steps.Length} values; it must have {Parameters.size shape}"
            | Some steps when steps |> Array.exists (fun n -> n < 0) ->
                Some
                    $"`@zero-steps/{ArrayKey.text key}` has {Array.min steps}; it must be 0 or more"
            | _ -> None
        )
        |> Option.map (fault path)
        |> Option.defaultValue (Ok())

    let private uncut path (state: TrainState) (uncut: UncutNetwork<float32>) =
        let keyIn = Parameters.keyIn uncut.Network

        let bad =
            Map.toList uncut.Places
            |> List.tryPick (fun (key, places) ->
                match Map.tryFind key state.Numbers, Map.tryFind (keyIn key) uncut.Weights with
                | Some now, Some before ->
                    if places.Length <> now.Data.Length then
                        Some
                            $"`@places/{ArrayKey.text key}` has {places.Length} values; it must have {now.Data.Length}"
                    else
                        places
                        |> Array.tryFind (fun place -> place < 0 || place >= before.Data.Length)
                        |> Option.map (fun place ->
                            $"`@places/{ArrayKey.text key}` has {place}; it must be 0 to {before.Data.Length - 1}"
                        )
                | _ -> None
            )

        let badFolded =
            Map.toList uncut.Folded
            |> List.tryPick (fun (key, folded) ->
                match Map.tryFind key state.Numbers with
                | Some now when now.Data.Length <> folded.Data.Length ->
                    Some
                        $"`@folded/{ArrayKey.text key}` has {folded.Data.Length} values; it must have {now.Data.Length}"
                | _ -> None
            )

        result {
            do! NetworkFile.check path uncut.Network uncut.Weights

            match bad |> Option.orElse badFolded with
            | Some what -> return! fault path what
            | None -> ()
        }

    /// Fails unless every array is there, finite and of the shape that the state's networks need.
    let check (path: string) (state: TrainState) : Result<unit, FileError> =
        let factors =
            Parameters.factors state.Network |> List.map (fun f -> f.Key, [ f.Scale.Count ])

        let weights =
            Parameters.ofNetwork state.Network |> List.map (fun p -> p.Key, p.Shape)

        let count = factors |> List.sumBy (fun (_, shape) -> int (Parameters.size shape))

        result {
            do! NetworkFile.check path state.Network state.Numbers
            do! arrays path "@probe/" factors state.Probe
            do! arrays path "@factor-velocity/" factors state.FactorVelocity
            do! arrays path "@squares/" factors state.Squares
            do! arrays path "@velocity/" weights state.Velocity

            if not state.SquareMeans.IsEmpty then
                do! arrays path "@square-means/" weights state.SquareMeans

            if not state.Averages.IsEmpty then
                let statistics =
                    Parameters.statistics state.Network |> List.map (fun s -> s.Key, s.Spec.Shape)

                do! arrays path "@average/" (weights @ statistics) state.Averages

            do! zeroSteps path factors state.ZeroSteps

            match state.Pressure with
            | None -> ()
            | Some p ->
                do!
                    lengths path count [
                        "@gammas", p.Presses.Length
                        "@marked", p.Budget.Marked.Length
                        "@kept", p.Budget.Kept.Length
                        "@previous", p.Budget.Previous.Length
                    ]

                if p.Presses |> Array.exists (isPress >> not) then
                    return!
                        fault path "`@gammas` has a value that is not a finite number of 0 or more"

            match state.Uncut with
            | None -> ()
            | Some it -> do! uncut path state it

            match state.Best with
            | None -> ()
            | Some best -> do! NetworkFile.check path best.Network best.Numbers

        }

    /// The run's own recipe, where the file has it as JSON.
    let private recipeOf (text: string option) : Recipe option =
        text
        |> Option.bind (fun text ->
            try
                use document = JsonDocument.Parse text
                Some(RecipeJson.read document.RootElement)
            with
            | :? JsonException
            | :? FormatException
            | :? InvalidOperationException
            | :? Collections.Generic.KeyNotFoundException -> None
        )

    /// How often a network may be right for one image: once for each position, or for each class of which several may be there.
    let private answers (network: Network) (recipe: Recipe option) : int64 =
        match recipe with
        | Some recipe when not (Loss.takesClass recipe.Loss) -> int64 (Network.scores network)
        | Some _
        | None -> Shape.area (Network.output network)

    /// Fails unless epochs, steps and right answers are those of the run's own recipe, where the file has it as JSON.
    let checkEpochs path (recipe: string option) (state: TrainState) : Result<unit, FileError> =
        let recipe = recipeOf recipe
        let most = state.Sums.Images * answers state.Network recipe

        match recipe with
        | _ when state.Sums.Right > most ->
            fault path $"`right` is {state.Sums.Right}; it must be 0 to {most} (`images`)"
        | Some { Epochs = epochs } when state.Epoch > epochs ->
            fault path $"`epoch` is {state.Epoch}; it must be 0 to {epochs} (the recipe's epochs)"
        | _ when state.Step < int64 state.Epoch ->
            fault path $"`step` is {state.Step}; it must be {state.Epoch} (`epoch`) or more"
        | _ -> Ok()
