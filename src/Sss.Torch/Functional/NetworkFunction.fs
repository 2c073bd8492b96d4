namespace Sss.Torch.Functional

open System
open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Files
open Sss.Torch
open TorchSharp

/// The numbers of a network as values: flat float32 tensors where the engine computes, laid out as `Layout` says. A function
/// never changes the ones that it is given. They belong to the caller that got them: like any tensor, they end with the dispose
/// scope that they were made in, or with `Dispose`.
type Numbers = {
    Weights: torch.Tensor
    Factors: torch.Tensor
    /// Running means and variances.
    Statistics: torch.Tensor
} with

    interface IDisposable with
        member it.Dispose() =
            it.Weights.Dispose()
            it.Factors.Dispose()
            it.Statistics.Dispose()

/// A gradient, laid out as the numbers that it is of.
type Gradient = {
    Weights: torch.Tensor
    Factors: torch.Tensor
} with

    interface IDisposable with
        member it.Dispose() =
            it.Weights.Dispose()
            it.Factors.Dispose()

/// The value of a function of a network's numbers, with its gradient.
type Differentiated = {
    Value: float
    Gradient: Gradient
    /// Running means and variances after the function ran the network in training mode.
    Statistics: torch.Tensor
}

/// Why a function cannot be differentiated.
type FunctionError =
    /// It gives a tensor of this shape, and not one number.
    | NoScalar of shape: int64 list
    /// Its value does not depend on the weights or the factors by operations that have a gradient.
    | NoGradient
    /// The numbers are those of another network: which of them, how many there must be, and how many there are.
    | OtherNumbers of what: string * expected: int64 * found: int64
    | NoModel of ModelError

/// Wording.
[<RequireQualifiedAccess>]
module FunctionError =

    /// What is wrong and what to do.
    let message (error: FunctionError) : string =
        match error with
        | NoScalar shape ->
            let extents = String.Join("x", shape)

            $"The function gives a tensor of {extents} values; it must give one number: take the mean, for example."
        | NoGradient ->
            "The function has no gradient: its value does not depend on the network's weights by operations that have one."
        | OtherNumbers(what, expected, found) ->
            $"The network has {expected} {what}, and {found} were given."
        | NoModel error -> ModelError.message error

/// A compiled network. It has memory to compute in, but no numbers: what one call leaves there, no other sees. One thread at
/// a time may use it. Dispose it at the end.
[<Sealed>]
type NetworkFunction internal (model: Model) =

    member internal _.Model = model

    /// What it computes.
    member _.Network = model.Network

    /// Where each array is in the flat tensors.
    member _.Layout = model.Layout

    interface IDisposable with
        member _.Dispose() = (model :> IDisposable).Dispose()

/// Networks as differentiable functions, in the manner of DiffSharp: a network is a function of its numbers, and
/// `valueAndGrad` differentiates any function that is computed with it.
[<RequireQualifiedAccess; CompilationRepresentation(CompilationRepresentationFlags.ModuleSuffix)>]
module NetworkFunction =

    let private copyOf (tensor: torch.Tensor) = tensor.detach().clone()

    /// The numbers that training begins with, for a seed.
    let private numbersOf (f: NetworkFunction) : Numbers = {
        Weights = copyOf f.Model.Weights.Values
        Factors = copyOf f.Model.Factors.Values
        Statistics = copyOf f.Model.Statistics
    }

    /// Compiles a network for an engine's device and precision.
    let compile (engine: LibTorch) (network: Network) : Result<NetworkFunction, FunctionError> =
        Model.createTrained engine network (Init.weights 1 network)
        |> Result.map (fun model -> new NetworkFunction(model))
        |> Result.mapError NoModel

    let private copyIn (f: NetworkFunction) (weights: Weights<float32>) =
        let model = f.Model

        result {
            do! ArrayCopy.copyIn weights model.Weights.Values model.Layout.Weights
            do! ArrayCopy.copyIn weights model.Factors.Values model.Layout.Factors
            do! ArrayCopy.copyIn weights model.Statistics model.Layout.Statistics
        }
        |> Result.mapError NoModel

    /// Arrays by key as the numbers of a network; arrays that it does not have are ignored.
    let ofWeights
        (f: NetworkFunction)
        (weights: Weights<float32>)
        : Result<Numbers, FunctionError> =
        copyIn f weights |> Result.map (fun () -> numbersOf f)

    /// The numbers that training begins with, for a seed.
    let start (f: NetworkFunction) (seed: int) : Numbers =
        match ofWeights f (Init.weights seed f.Network) with
        | Ok numbers -> numbers
        | Error error -> invalidOp (FunctionError.message error)

    let private check what (own: torch.Tensor) (given: torch.Tensor) =
        if own.numel () = given.numel () then
            Ok()
        else
            Error(OtherNumbers(what, own.numel (), given.numel ()))

    /// Numbers into the memory that the network computes in.
    let private hold (f: NetworkFunction) (numbers: Numbers) : Result<unit, FunctionError> =
        let model = f.Model

        result {
            do! check "weights" model.Weights.Values numbers.Weights
            do! check "factors" model.Factors.Values numbers.Factors
            do! check "running statistics" model.Statistics numbers.Statistics
            use _ = torch.no_grad ()
            model.Weights.Values.copy_ numbers.Weights |> ignore
            model.Factors.Values.copy_ numbers.Factors |> ignore
            model.Statistics.copy_ numbers.Statistics |> ignore
        }

    /// Numbers as arrays by key: for selection, evaluation and files. `factors`: those to take, which after APG are the
    /// iterate's (`Optimizer.iterate`).
    let toWeights
        (f: NetworkFunction)
        (factors: float32[])
        (numbers: Numbers)
        : Result<Weights<float32>, FunctionError> =
        result {
            do! hold f numbers

            let iterate =
                f.Layout.Factors
                |> List.map (fun slot ->
                    slot.Key,
                    {
                        Shape = slot.Shape
                        Data = Array.sub factors (int slot.Offset) (int slot.Count)
                    }
                )

            return
                (Model.weights f.Model, iterate)
                ||> List.fold (fun all (key, t) -> Map.add key t all)
        }

    /// What the network gives for images N×C×H×W in evaluation mode: N × values, without a gradient. The result belongs to
    /// the caller's dispose scope.
    let forward (f: NetworkFunction) (numbers: Numbers) (images: torch.Tensor) =
        result {
            do! hold f numbers
            use _ = torch.no_grad ()
            return f.Model.Run(Evaluation, images)
        }

    /// The value and the gradient, at some numbers, of a function that gives one number. `work` is given the network at these
    /// numbers, from images N×C×H×W to N × values, in training mode; it may call it any number of times. What it makes
    /// in between is freed before this returns; the results belong to the caller's dispose scope.
    let valueAndGrad
        (f: NetworkFunction)
        (work: (torch.Tensor -> torch.Tensor) -> torch.Tensor)
        (numbers: Numbers)
        : Result<Differentiated, FunctionError> =
        result {
            do! hold f numbers
            let model = f.Model
            use _ = torch.NewDisposeScope()
            let value = work (fun images -> model.Run(Training, images))

            if value.numel () <> 1L then
                return! Error(NoScalar(List.ofArray value.shape))

            // A network without weights, for example.
            if not value.requires_grad then
                return! Error NoGradient

            value.sum().backward()

            let outlive (tensor: torch.Tensor) =
                (copyOf tensor).MoveToOuterDisposeScope()

            let found = {
                Value =
                    float (
                        Memory.item<float32> (value.detach().to_type(ScalarType.Float32).cpu()) 0
                    )
                Gradient = {
                    Weights = outlive model.Weights.Gradient
                    Factors = outlive model.Factors.Gradient
                }
                Statistics = outlive model.Statistics
            }

            model.Weights.ClearGradient()
            model.Factors.ClearGradient()
            return found
        }

    /// The losses of a recipe, of what the network gives and of targets as `Batches` has them for a data set: that of the scores,
    /// and those of the further outputs times their weights.
    let lossOfRecipe
        (f: NetworkFunction)
        (recipe: Recipe)
        (dataset: Dataset)
        : torch.Tensor -> torch.Tensor -> torch.Tensor =
        Objective.ofRecipe (TargetColumns.ofTargets dataset.Train.Targets) f.Network recipe
        |> Objective.total

    /// A loss, of what the network gives and of targets as `Batches` has them. Further outputs are trained by the same loss,
    /// with the same targets.
    let loss (f: NetworkFunction) (loss: Loss) : torch.Tensor -> torch.Tensor -> torch.Tensor =
        Objective.ofRecipe TargetColumns.single f.Network { Recipe.defaults with Loss = loss }
        |> Objective.total

    /// The gradient alone.
    let grad f work numbers : Result<Gradient, FunctionError> =
        valueAndGrad f work numbers
        |> Result.map (fun found ->
            found.Statistics.Dispose()
            found.Gradient
        )

    /// The product of a vector with the Jacobian of the network at some numbers: the gradient of Σ vᵢ·yᵢ, with y what the network
    /// gives for images in training mode, N × values, and v a tensor of as many numbers. (The engine has no forward mode, so the
    /// product from the other side, J·u, is not offered.)
    let vjp
        (f: NetworkFunction)
        (vector: torch.Tensor)
        (images: torch.Tensor)
        (numbers: Numbers)
        : Result<Gradient, FunctionError> =
        let wanted = images.size 0 * int64 (Network.values f.Network)

        if vector.numel () <> wanted then
            Error(OtherNumbers("values for these images", wanted, vector.numel ()))
        else
            let work (run: torch.Tensor -> torch.Tensor) =
                let values = run images
                values.mul(vector.reshape values.shape).sum()

            grad f work numbers
