namespace Sss.Torch

open System
open Sss.Core

/// Estimates the memory that a network needs before it is allocated. Every number is a lower bound,
/// so only networks that cannot fit are rejected.
[<RequireQualifiedAccess>]
module Footprint =

    /// What this process may use: the machine's memory, or the limit of its container.
    let private available () =
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes

    let private shown = 3

    let private largestOf (count: Layer -> int64) (network: Network) =
        Network.layers network
        |> Seq.map (fun layer -> layer.Name, count layer)
        |> Seq.filter (fun (_, n) -> n > 0L)
        |> Seq.sortByDescending snd
        |> Seq.truncate shown
        |> List.ofSeq

    let private weightsOf (layer: Layer) =
        Parameters.ofLayer false layer |> List.sumBy (fun p -> Parameters.size p.Shape)

    let private weights (network: Network) = (Cost.ofNetwork network).Params

    /// Whether a backward pass needs what the layer reads; what it writes is another place in memory.
    let private keepsInput (layer: Layer) = (Op.facts layer.Op).KeepsInput

    /// Values of one image before and after a layer, where both are in memory together.
    let private step (layer: Layer) =
        if keepsInput layer then
            Shape.count layer.Input + Shape.count layer.Output
        else
            0L

    /// The most values that one image has before and after a layer.
    let largestStep (network: Network) : int64 =
        (1L, Network.layers network)
        ||> Seq.fold (fun most layer -> max most (step layer))

    /// Values of one image that a backward pass needs, each counted once: what two layers read in
    /// common counts with the first. `isShared`: the input has been counted, or is read elsewhere.
    let rec private keptOf isShared nodes : int64 =
        ((0L, isShared), nodes)
        ||> List.fold (fun (sum, isShared) node ->
            match node with
            | Node.Layer layer when keepsInput layer ->
                sum + (if isShared then 0L else Shape.count layer.Input), false
            | Node.Layer _ -> sum, isShared
            | Node.Residual r -> sum + keptOf isShared r.Branch + keptOf true r.Shortcut, false
            // The product's backward pass reads both of its factors.
            | Node.Gate g ->
                let own = if isShared then 0L else Shape.count g.Output
                sum + own + keptOf true g.Body, false
            | Node.Output o -> sum + keptOf true o.Body, true
            | Node.Concat c ->
                let first, others = List.head c.Branches, List.tail c.Branches

                sum
                + keptOf isShared first.Body
                + (others |> List.sumBy (fun b -> keptOf true b.Body)),
                false
        )
        |> fst

    let private enough purpose (parts: (string * int64) list) largest remedy =
        let available = available ()
        let bytes = parts |> List.sumBy snd

        if bytes > available then
            Error(
                TooMuchMemory(
                    purpose,
                    {
                        Bytes = bytes
                        Available = available
                        Parts = parts
                        Largest = largest
                        Remedy = remedy
                    }
                )
            )
        else
            Ok()

    /// Whether every vector of a model at numbers of this many bytes has a length that LibTorch's memory
    /// can be seen through: a span's, which is an Int32.
    let fits (size: int64) (network: Network) : Result<unit, ModelError> =
        let limit = int64 Int32.MaxValue / size
        let weights = weights network
        let image = Shape.count network.Input

        if weights > limit then
            Error(TooManyNumbers("weights", weights, limit, largestOf weightsOf network))
        elif image > limit then
            Error(TooManyNumbers("values in an image", image, limit, []))
        else
            Ok()

    /// Whether there is memory for a model with numbers of this many bytes (values and gradients) and for
    /// one image on its way through the largest layer.
    let model (size: int64) (network: Network) : Result<unit, ModelError> =
        fits size network
        |> Result.bind (fun () ->
            enough
                "this network"
                [
                    "Weights and their gradients", 2L * size * weights network
                    "One image in its largest layer", size * largestStep network
                ]
                (largestOf step network)
                "Use a smaller network, or smaller images."
        )

    /// Whether there is memory to verify a network, on random weights at double precision.
    let verification (network: Network) : Result<unit, ModelError> =
        fits 8L network
        |> Result.bind (fun () ->
            enough
                "verifying this network"
                [
                    "Weights at double precision", 3L * 8L * weights network
                    "One image in its largest layer", 8L * largestStep network
                ]
                (largestOf step network)
                "Verify a narrower network of the same form."
        )

    /// Whether there is memory to train on the CPU with batches of this many images. `size`: bytes of a
    /// value between layers.
    let training (size: int64) (batch: int) (network: Network) : Result<unit, ModelError> =
        let images = int64 batch
        let between = size * images * keptOf false network.Body
        let weights = 4L * 4L * weights network

        fits 4L network
        |> Result.bind (fun () ->
            enough
                $"training with a batch of {batch} images"
                [
                    "Weights, gradients, momentum and start values", weights
                    "Values between layers", between
                ]
                (largestOf step network)
                (if between > weights then
                     "Use a smaller `batch`, or a smaller network."
                 else
                     "Use a smaller network.")
        )
