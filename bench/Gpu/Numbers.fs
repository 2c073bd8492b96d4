namespace Sss.Bench.Gpu

open System
open System.IO
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch
open TorchSharp

/// One batch of a network forward and backward, all of it in a file: what another program needs to do
/// the same, and what came out.
[<RequireQualifiedAccess>]
module Numbers =

    let get (describe: 'E -> string) (result: Result<'T, 'E>) : 'T =
        match result with
        | Ok value -> value
        | Error e -> raise (InvalidDataException(describe e))

    /// A network from a text, without dropout: nobody else draws its random numbers.
    let network (path: string) : Network =
        let _, parsed = Pipeline.loadText path |> get PipelineError.message
        let network = parsed.Network

        let still (layer: Layer) =
            match layer.Op with
            | Op.Dropout _ -> { layer with Op = Op.Dropout 0.0 }
            | _ -> layer

        Network.map still id network

    /// Start values, with factors between 0.5 and 1.5: that all are 1 would hide what multiplies with them.
    let private weights (network: Network) : Weights<float32> =
        let factors =
            Parameters.factors network
            |> List.mapi (fun i f ->
                let struct (draws, _) = Rng.many Rng.normal f.Scale.Count (Rng.create (100 + i))

                f.Key,
                {
                    Shape = [ f.Scale.Count ]
                    Data = draws |> Array.map (fun z -> float32 (1.0 + 0.5 * tanh z))
                }
            )

        (Init.weights 1 network, factors)
        ||> List.fold (fun all (key, values) -> Map.add key values all)

    let private stored (shape: int list) (data: float32[]) : Tensor<float32> = {
        Shape = shape
        Data = data
    }

    let private values (tensor: torch.Tensor) : float32[] =
        use host = tensor.detach().contiguous().cpu()
        (Memory.span<float32> host).ToArray()

    /// Runs a batch in evaluation mode and in training mode with its backward pass, and writes weights,
    /// images, labels, both scores, the loss, and every gradient as `@grad/KEY`.
    let write (engine: LibTorch) (path: string) (batch: int) (out: string) =
        let network = network path
        let weights = weights network
        use model = Model.createTrained engine network weights |> get ModelError.message
        let images = Exactness.randomImages 7 batch network
        let labels = Array.init batch (fun i -> int64 (i * 7 % network.Classes))
        let s = network.Input
        use _ = torch.NewDisposeScope()

        let x =
            torch
                .tensor(images)
                .reshape([| int64 batch; int64 s.Channels; int64 s.Height; int64 s.Width |])
                .``to``
                model.Place

        let y = torch.tensor(labels).``to`` model.Place

        let evaluated =
            use _ = torch.no_grad ()
            values (model.Run(Evaluation, x))

        let scores = model.Run(Training, x)
        let loss = torch.nn.functional.cross_entropy (scores, y)
        loss.backward ()

        let gradients (vector: FlatVector) =
            Sss.Torch.ArrayCopy.copyOut<float32> vector.Gradient vector.Slots
            |> List.map (fun (key, t) -> "@grad/" + ArrayKey.text key, t)

        let shape = [ batch; network.Classes ]

        let tensors =
            (Map.toList weights |> List.map (fun (key, t) -> ArrayKey.text key, t))
            @ [
                "@images", stored [ batch; s.Channels; s.Height; s.Width ] images
                "@labels", stored [ batch ] (Array.map float32 labels)
                "@evaluated", stored shape evaluated
                "@scores", stored shape (values scores)
                "@loss", stored [ 1 ] (values (loss.reshape ([| 1L |])))
            ]
            @ gradients model.Weights
            @ gradients model.Factors

        Safetensors.writeTensors
            out
            (tensors |> List.map (fun (key, t) -> key, StoredTensor.Single t) |> Map.ofList)
            [ "plan", Plan.text network; "text", Language.print network ]
        |> get FileError.message
