namespace Sss.Torch

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files

/// Networks whose first channel is blue.
[<RequireQualifiedAccess>]
module ChannelOrder =

    /// The inputs of a convolution's weights in reverse order.
    let private turned (t: Tensor<float32>) : Tensor<float32> =
        match t.Shape with
        | [ _; inputs; height; width ] ->
            let taps = height * width

            let from at =
                let tap, row = at % taps, at / taps
                let input, out = row % inputs, row / inputs
                (out * inputs + inputs - 1 - input) * taps + tap

            {
                t with
                    Data = Array.init t.Data.Length (fun at -> t.Data[from at])
            }
        | _ -> t

    let private change (layer: Layer) parts edit (weights: Weights<float32>) =
        (weights, parts)
        ||> List.fold (fun all part ->
            Map.change (ArrayKey.make part layer.Name) (Option.map edit) all
        )

    let rec private go channels (body: Node list) (weights: Weights<float32>) =
        let refused =
            Error "its first layer is no convolution over all channels of the image"

        match body with
        | Node.Layer layer :: rest ->
            let arrays = Op.arrays layer.Op layer.Input
            let shapes = arrays |> List.map (fun a -> a.Part, a.Shape)
            let family = (Op.facts layer.Op).Family

            let isOverAll =
                shapes
                |> List.exists (fun (part, shape) ->
                    match shape with
                    | [ _; inputs; _; _ ] -> part = ArrayPart.Weight && inputs = channels
                    | _ -> false
                )

            let isApart =
                shapes |> List.forall (fun (_, shape) -> shape = [ channels ])
                && (family = Family.Norm || family = Family.Pointwise || family = Family.Pooling)

            if family = Family.Weights && isOverAll && channels > 1 then
                Ok(change layer [ ArrayPart.Weight ] turned weights)
            elif isApart then
                let back (t: Tensor<float32>) = { t with Data = Array.rev t.Data }
                change layer (List.map fst shapes) back weights |> go channels rest
            else
                refused
        | Node.Residual _ :: _
        | Node.Gate _ :: _
        | Node.Concat _ :: _
        | Node.Output _ :: _
        | [] -> refused

    /// The weights with which a network gives for red, green and blue what it gave for blue, green and
    /// red. `path`: the file that it is from, for the message.
    let reversed path (network: Network) (weights: Weights<float32>) =
        go network.Input.Channels network.Body weights
        |> Result.mapError (fun reason ->
            NotImported(
                ImportError.Graph(path, $"the order of its channels cannot be changed: {reason}")
            )
        )
