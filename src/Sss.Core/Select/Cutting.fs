namespace Sss.Core

open System.Numerics
open Sss.Core.Select

/// What a cut in the middle of training leaves: a network that continues exactly where the larger one
/// was, and the way back.
type Cut<'T> = {
    Network: Network
    /// Numbers of the smaller network, its factors among them.
    Weights: Weights<'T>
    /// By array: where each of its values stood in the larger network's array. An array that the
    /// larger network did not have (a bias, for constants) is not here.
    Places: Map<ArrayKey, int[]>
    /// By array of factors that has another key in the larger network: that key. (The layer that declared
    /// them for others to share was removed.)
    Renamed: Map<ArrayKey, ArrayKey>
    /// By array: what constants added to it; only arrays to which something was added.
    Folded: Weights<'T>
    /// Factors that stay and were multiplied into weights: owner and index.
    Merged: (string * int) list
    /// Constants that arrive at channels of a `bn` which went: layer, channel, value.
    Settled: (string * int * float) list
    Plan: Plan
}

/// Selection while training continues.
[<RequireQualifiedAccess>]
module Cutting =

    let private isFactor = ArrayKey.isPart ArrayPart.Factor

    /// Constants in front of channels of a `bn` that go.
    let private settled numbers (a: Selection.Analysis) =
        let states = ForwardAnalysis.states numbers a.Graph

        [
            for struct (part, step) in a.Graph.Steps do
                match DataFlow.layerOf step with
                | ValueSome(struct (layer, input, output)) when Op.usesBatch layer.Op layer.Input ->
                    let isGone = not (DataFlow.exists a.Graph a.Channels.Gone part)
                    let kept = a.Channels.Kept[output]

                    for c, state in Array.indexed states[input] do
                        if Known.isConstant state && (isGone || not kept[c]) then
                            layer.Name, c, Known.value state
                | ValueSome _
                | ValueNone -> ()
        ]

    /// The arrays without what constants add, and with numbers as given by `at` where the analysis
    /// multiplies with weights and factors.
    let private plain<'U when 'U :> INumberBase<'U>>
        (at: ArrayKey -> int -> float)
        (weights: Weights<'U>)
        (a: Selection.Analysis)
        : Weights<'U> =
        let numbers = {
            At = Some at
            IsZero = fun _ _ -> false
            InTraining = true
        }

        let quiet = {
            a.Sums with
                Shifts = Map.map (fun _ shift -> Array.map (fun _ -> 0.0) shift) a.Sums.Shifts
        }

        SelectedWeights.weights weights numbers a.Graph quiet a.Channels a.Rewrite

    /// Where each value of the arrays that are left stood: positions go the way of the numbers.
    let private places
        (keyIn: ArrayKey -> ArrayKey)
        (weights: Weights<'T>)
        (a: Selection.Analysis)
        : Map<ArrayKey, int[]> =
        let positions =
            weights
            |> Map.map (fun _ t -> {
                Shape = t.Shape
                Data = Array.init t.Data.Length float
            })

        plain (fun key _ -> if isFactor key then 1.0 else 0.0) positions a
        |> Map.filter (fun key _ -> weights.ContainsKey(keyIn key))
        |> Map.map (fun _ t -> Array.map int t.Data)

    let private minus<'T when 'T :> INumberBase<'T>> (x: Tensor<'T>) (y: Tensor<'T>) =
        let data = Array.map2 (fun (a: 'T) (b: 'T) -> a - b) x.Data y.Data

        if Array.forall 'T.IsZero data then
            None
        else
            Some { x with Data = data }

    /// Biases, shifts and means less what they are without the constants.
    let private folded<'T when 'T :> INumberBase<'T>> (all: Weights<'T>) (without: Weights<'T>) =
        all
        |> Map.toList
        |> List.choose (fun (key, t) ->
            if isFactor key || ArrayKey.isPart ArrayPart.Weight key then
                None
            else
                minus t without[key] |> Option.map (fun d -> key, d)
        )
        |> Map.ofList

    /// Factors that the smaller network still has, or has multiplied into its weights: owner and index.
    let private left (a: Selection.Analysis) : (string * int) list =
        [
            for struct (part, step) in a.Graph.Steps do
                if DataFlow.exists a.Graph a.Channels.Gone part then
                    match DataFlow.layerOf step, DataFlow.residualOf step with
                    | ValueSome(struct ({ Scale = Some scale } as layer, _, output)), _ ->
                        let kept = a.Channels.Kept[output]

                        for i, channels in
                            Array.indexed (Array.chunkBySize (kept.Length / scale.Count) kept) do
                            if Array.contains true channels then
                                Scale.ownerOf layer.Name scale, i
                    | _, ValueSome(struct ({ Scale = Some _ } as residual, branch, _, _)) when
                        not a.Channels.Gone[branch.Part]
                        ->
                        residual.Name, 0
                    | _, ValueSome _
                    | _, ValueNone -> ()
        ]
        // Several layers may share them.
        |> List.distinct

    /// A factor at 0 may have to stay, for a channel that a layer or a round number needs, and what
    /// stays may come back. So all that it switches has to stay with it: it counts as other than 0, until no
    /// factor at 0 is left that counts as 0.
    let rec private analyse options (numbers: WeightReader) network =
        Selection.analyse options (fun _ _ -> 0.0) numbers network
        |> Result.bind (fun a ->
            match
                left a |> List.filter (fun (owner, i) -> numbers.IsZero owner i) |> Set.ofList
            with
            | stays when stays.IsEmpty -> Ok(numbers, a)
            | stays ->
                let isZero owner i =
                    numbers.IsZero owner i && not (stays.Contains(owner, i))

                analyse options { numbers with IsZero = isZero } network
        )

    /// Takes out what is 0 permanently while training continues. `isZero` says whether a factor is, by
    /// owner and index; its number must be 0 too. What is constant is taken as it is in training, so
    /// that the loss of a batch in training mode is the same before and after, up to rounding (a
    /// network with dropout draws other random numbers, since its arrays are smaller). Factors stay.
    /// `round`: layers keep a multiple of this many channels where they had as many, as
    /// `SelectOptions.Round`; what stays for that is 0 as before, and may go with a later cut.
    /// Errors as `Selection.select`.
    let cut<'T when 'T :> INumberBase<'T>>
        (round: int)
        (isZero: string -> int -> bool)
        (network: Network)
        (weights: Weights<'T>)
        : Result<Cut<'T>, SelectionError> =
        let numbers = {
            WeightReader.ofWeights weights with
                IsZero = isZero
                InTraining = true
        }

        let options = { Round = round; KeepFactors = true }

        match Selection.misfit network weights with
        | Some error -> Error error
        | None ->
            analyse options numbers network
            |> Result.map (fun (numbers, a) ->
                let all =
                    SelectedWeights.weights weights numbers a.Graph a.Sums a.Channels a.Rewrite

                // Factors as they are; with weights of 0 nothing is taken up.
                let at key =
                    if isFactor key then numbers.At.Value key else fun _ -> 0.0

                let keyIn = Parameters.keyIn network
                let places = places keyIn weights a

                {
                    Network = a.Rewrite.Network
                    Weights = all
                    Places = places
                    Renamed =
                        Map.ofSeq (
                            seq {
                                for key in places.Keys do
                                    if keyIn key <> key then
                                        key, keyIn key
                            }
                        )
                    Folded = folded all (plain at weights a)
                    Merged =
                        left a |> List.filter (fun (owner, _) -> a.Rewrite.Folded.Contains owner)
                    Settled = settled numbers a
                    Plan = Selection.planOf network numbers a
                }
            )
