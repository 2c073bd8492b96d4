namespace Sss.Torch.Functional

open System
open Sss.Core
open Sss.Torch
open TorchSharp

/// A method of optimization as a pair of pure functions. `'X`: what is optimized; `'G`: its gradient; `'State`: what the method
/// remembers. Tensors of new points and states belong to the caller's dispose scope.
type Optimizer<'X, 'G, 'State> = {
    /// The state before the first step from a point.
    Start: 'X -> 'State
    /// The point and the state after a step of a size with the gradient at a point.
    Step: float -> 'G -> 'X -> 'State -> 'X * 'State
    /// The tensors of a state, for the code that frees them.
    Tensors: 'State -> torch.Tensor list
}

/// What AdamW remembers.
type AdamWTensors = {
    Step: int64
    Mean: torch.Tensor
    Square: torch.Tensor
}

/// Methods for the weights and the factors of a network.
[<RequireQualifiedAccess>]
module Optimizer =

    let private scalar (value: float) (work: Scalar -> 'T) : 'T =
        use number = value.ToScalar()
        work number

    /// A changed copy.
    let private changed (tensor: torch.Tensor) (change: torch.Tensor -> unit) : torch.Tensor =
        use _ = torch.no_grad ()
        let copy = tensor.clone ()
        change copy
        copy

    let private add (target: torch.Tensor) (values: torch.Tensor) (times: float) =
        scalar times (fun times -> target.add_ (values, times) |> ignore)

    /// The gradient with the decay of the weights that decay.
    let private decayed (f: NetworkFunction) decay (gradient: torch.Tensor) (x: torch.Tensor) =
        changed
            gradient
            (fun gradient ->
                if decay <> 0.0 then
                    use part = gradient.narrow (0L, 0L, f.Layout.Decayed)
                    use weights = x.narrow (0L, 0L, f.Layout.Decayed)
                    add part weights decay
            )

    /// Gradient descent on weights, with L2 decay on those that decay.
    let sgd (f: NetworkFunction) (decay: float) : Optimizer<torch.Tensor, torch.Tensor, unit> = {
        Start = ignore
        Step =
            fun rate gradient x () ->
                use gradient = decayed f decay gradient x
                changed x (fun x -> add x gradient -rate), ()
        Tensors = fun () -> []
    }

    /// Nesterov's accelerated gradient on weights, as `sss train` has it: its state is the velocity.
    let nag
        (f: NetworkFunction)
        (momentum: float)
        (decay: float)
        : Optimizer<torch.Tensor, torch.Tensor, torch.Tensor> = {
        Start = torch.zeros_like
        Step =
            fun rate gradient x velocity ->
                use gradient = decayed f decay gradient x

                let velocity =
                    changed
                        velocity
                        (fun v ->
                            scalar momentum (fun momentum -> v.mul_ momentum |> ignore)
                            add v gradient 1.0
                        )

                changed
                    x
                    (fun x ->
                        add x gradient -rate
                        add x velocity (-rate * momentum)
                    ),
                velocity
        Tensors = List.singleton
    }

    /// The moving averages of the gradient and of its square after a step.
    let private moments (rule: AdamWRule) (gradient: torch.Tensor) (state: AdamWTensors) =
        let mean =
            changed
                state.Mean
                (fun m ->
                    scalar rule.Beta1 (fun beta -> m.mul_ beta |> ignore)
                    add m gradient (1.0 - rule.Beta1)
                )

        let square =
            changed
                state.Square
                (fun v ->
                    scalar rule.Beta2 (fun beta -> v.mul_ beta |> ignore)

                    scalar
                        (1.0 - rule.Beta2)
                        (fun part -> v.addcmul_ (gradient, gradient, part) |> ignore)
                )

        mean, square

    /// AdamW on weights.
    let adamW
        (f: NetworkFunction)
        (rule: AdamWRule)
        : Optimizer<torch.Tensor, torch.Tensor, AdamWTensors> = {
        Start =
            fun x -> {
                Step = 0L
                Mean = torch.zeros_like x
                Square = torch.zeros_like x
            }
        Step =
            fun rate gradient x state ->
                let step = state.Step + 1L
                let struct (size, root) = AdamW.corrections rule rate step

                let mean, square = moments rule gradient state

                use below =
                    changed
                        square
                        (fun v ->
                            v.sqrt_ () |> ignore
                            scalar root (fun root -> v.div_ root |> ignore)
                            scalar rule.Eps (fun eps -> v.add_ eps |> ignore)
                        )

                let next =
                    changed
                        x
                        (fun x ->
                            if rule.Decay <> 0.0 then
                                use part = x.narrow (0L, 0L, f.Layout.Decayed)

                                scalar
                                    (1.0 - rate * rule.Decay)
                                    (fun kept -> part.mul_ kept |> ignore)

                            scalar -size (fun size -> x.addcdiv_ (mean, below, size) |> ignore)
                        )

                next,
                {
                    Step = step
                    Mean = mean
                    Square = square
                }
        Tensors = fun state -> [ state.Mean; state.Square ]
    }

    let private toArray (tensor: torch.Tensor) : float32[] =
        Memory.read tensor (fun host -> (Memory.span<float32> host).ToArray())

    let private toTensor (like: torch.Tensor) (values: float32[]) : torch.Tensor =
        use host = torch.tensor values
        host.``to`` (like.device, copy = true)

    /// Accelerated proximal gradient on the factors, with the recipe's penalty, γ and momentum. The point is the probe, where
    /// gradients are taken; the exactly sparse iterate is in the state.
    let apg
        (f: NetworkFunction)
        (recipe: Recipe)
        : Result<Optimizer<torch.Tensor, torch.Tensor, FactorState<float32>>, FunctionError> =
        let gammas = FactorGammas.ofKinds recipe.Gamma f.Layout.Scales |> Array.map float32
        let counts = f.Layout.Factors |> List.map (fun slot -> int slot.Count)

        FactorRule.ofRecipe FactorMethod.Apg recipe
        |> FactorRule.press counts gammas (Array.zeroCreate gammas.Length)
        |> Result.mapError (BadPenalty >> NoModel)
        |> Result.map (fun pressed -> {
            Start = toArray >> FactorState.start
            Step =
                fun rate gradient x state ->
                    let next =
                        if state.Iterate.Length = 0 then
                            state
                        else
                            FactorRule.step pressed rate (toArray gradient) state

                    toTensor x next.Probe, next
            Tensors = fun _ -> []
        })

    /// The factors as selection reads them.
    let iterate (state: FactorState<float32>) : float32[] = state.Iterate

    /// One method for the weights and one for the factors, side by side. Running statistics stay as they are.
    let both
        (weights: Optimizer<torch.Tensor, torch.Tensor, 'A>)
        (factors: Optimizer<torch.Tensor, torch.Tensor, 'B>)
        : Optimizer<Numbers, Gradient, 'A * 'B> = {
        Start = fun numbers -> weights.Start numbers.Weights, factors.Start numbers.Factors
        Step =
            fun rate gradient numbers (a, b) ->
                let w, a = weights.Step rate gradient.Weights numbers.Weights a
                let l, b = factors.Step rate gradient.Factors numbers.Factors b

                {
                    numbers with
                        Weights = w
                        Factors = l
                },
                (a, b)
        Tensors = fun (a, b) -> weights.Tensors a @ factors.Tensors b
    }
