namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Core

/// Structures that are removed permanently while training continues. A pure function of the state.
[<RequireQualifiedAccess>]
module internal TrainingCuts =

    /// Two steps at 0 leave the probe at 0 too; then the factor is out of the forward pass.
    let private atRest = 2

    /// Where each array of factors begins in λ.
    let private offsets (network: Network) : Map<ArrayKey, int> =
        (Layout.ofNetwork network).Factors
        |> List.map (fun slot -> slot.Key, int slot.Offset)
        |> Map.ofList

    /// Whether factors are 0 permanently, by owner and index: at every step of one epoch, or held at 0
    /// by the controller of a target.
    let private gone (perEpoch: int) (state: TrainState) : string -> int -> bool =
        let offsets = offsets state.Network

        let isHeld key index =
            match state.Pressure with
            | None -> false
            | Some p -> Press.isHeld p.Presses[offsets[key] + index]

        fun owner index ->
            let key = ArrayKey.make ArrayPart.Factor owner

            match Map.tryFind key state.ZeroSteps with
            | None -> false
            | Some steps ->
                state.Numbers[key].Data[index] = 0.0f
                && state.Probe[key].Data[index] = 0.0f
                && (steps[index] >= perEpoch || (steps[index] >= atRest && isHeld key index))

    /// The key that an array had before a cut.
    let private keyBefore (cut: Cut<float32>) (key: ArrayKey) : ArrayKey =
        Map.tryFind key cut.Renamed |> Option.defaultValue key

    /// The places of λ that stay, by their old index.
    let private kept (before: Network) (cut: Cut<float32>) : int[] =
        let offsets = offsets before

        [|
            for f in Parameters.factors cut.Network do
                for place in cut.Places[f.Key] do
                    offsets[keyBefore cut f.Key] + place
        |]

    /// The averages of the weights. Constants of what goes are those of now, and what goes is kept as it is now.
    let private averages (state: TrainState) (cut: Cut<float32>) : Weights<float32> =
        if state.Averages.IsEmpty then
            state.Averages
        else
            TrainState.averaged state
            |> UncutNetwork.along state.Network cut
            |> Map.filter (fun key _ -> not (ArrayKey.isPart ArrayPart.Factor key))

    let private slice (state: TrainState) (cut: Cut<float32>) : TrainState =
        let shapes = Parameters.ofNetwork cut.Network |> List.map (fun p -> p.Key, p.Shape)

        let gather zero (before: Map<ArrayKey, 'T[]>) key count =
            UncutNetwork.gather cut.Places zero (Map.tryFind (keyBefore cut key) before) key count

        let tensors (before: Weights<float32>) arrays : Weights<float32> =
            let data = before |> Map.map (fun _ t -> t.Data)

            arrays
            |> List.map (fun (key, shape) ->
                key,
                {
                    Shape = shape
                    Data = gather 0.0f data key (int (Parameters.size shape))
                }
            )
            |> Map.ofList

        let factors =
            Parameters.factors cut.Network |> List.map (fun f -> f.Key, [ f.Scale.Count ])

        let uncut =
            state.Uncut
            |> Option.defaultWith (fun () -> UncutNetwork.start state.Network state.Numbers)

        {
            state with
                Network = cut.Network
                Numbers = cut.Weights
                Averages = averages state cut
                Probe = tensors state.Probe factors
                FactorVelocity = tensors state.FactorVelocity factors
                Squares = tensors state.Squares factors
                Velocity = tensors state.Velocity shapes
                SquareMeans =
                    if state.SquareMeans.IsEmpty then
                        state.SquareMeans
                    else
                        tensors state.SquareMeans shapes
                ZeroSteps =
                    factors
                    |> List.map (fun (key, shape) ->
                        key, gather 0 state.ZeroSteps key (int (Parameters.size shape))
                    )
                    |> Map.ofList
                Pressure =
                    state.Pressure
                    |> Option.map (fun p ->
                        let kept = kept state.Network cut

                        {
                            Presses = kept |> Array.map (fun i -> p.Presses[i])
                            Budget = Budget.reindex kept p.Budget
                            Latency = p.Latency
                        }
                    )
                Uncut = Some(UncutNetwork.after state.Numbers cut uncut)
        }

    /// The state without the structures that are gone, with all that belongs to them sliced along;
    /// None where nothing can go. Channels go in whole lanes, as an odd rest of them would make a layer
    /// no faster; the selected network has no such rest. The loss of a batch is the same before and after, up to rounding.
    let cut (perEpoch: int) (state: TrainState) : (TrainState * Plan) option =
        match
            Cutting.cut ChannelMultiple.count (gone perEpoch state) state.Network state.Numbers
        with
        | Ok cut when cut.Plan.After.Params < cut.Plan.Before.Params ->
            Some(slice state cut, cut.Plan)
        // A dead layer is reported at the end, if it is still dead.
        | Ok _
        | Error _ -> None
