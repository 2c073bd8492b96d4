namespace Sss.Torch

open System
open System.Runtime.InteropServices
open FsToolkit.ErrorHandling
open Sss.Core
open TorchSharp

/// A network in training: the model, and two optimizers, one for each of its two vectors.
[<Sealed>]
type internal Trainer
    (
        model: Model,
        weightStep: WeightStep,
        factors: FactorStep,
        objective: Objective,
        recipe: Recipe,
        ?teacher: Teacher,
        ?average: WeightAverage
    ) =
    let drops = Network.isRandom model.Network

    let layout = model.Layout

    let table (slots: Slot list) =
        slots |> List.map (fun slot -> slot.Key, int slot.Offset) |> dict

    let weights =
        layout.Weights |> List.map (fun slot -> slot.Key, Slot.place slot) |> dict

    let statistics, factorSlots = table layout.Statistics, table layout.Factors

    let isOnCpu = Memory.isOnCpu model.Weights.Values

    /// Weights and statistics of a model on a device, copied when they are first requested after a
    /// step.
    let mutable copied: struct (float32[] * float32[]) voption = ValueNone

    let copies () =
        match copied with
        | ValueSome both -> both
        | ValueNone ->
            let all tensor =
                Memory.read tensor (fun host -> (Memory.span<float32> host).ToArray())

            let both = struct (all model.Weights.Values, all model.Statistics)
            copied <- ValueSome both
            both

    let weight at =
        if isOnCpu then
            Memory.item<float32> model.Weights.Values at
        else
            let struct (values, _) = copies ()
            values[at]

    let statistic at =
        if isOnCpu then
            Memory.item<float32> model.Statistics at
        else
            let struct (_, values) = copies ()
            values[at]

    let number key =
        match weights.TryGetValue key, statistics.TryGetValue key with
        | (true, place), _ -> fun index -> float (weight (place index))
        | _, (true, at) -> fun index -> float (statistic (at + index))
        | _ ->
            let at = factorSlots[key]
            fun index -> float factors.State.Iterate[at + index]

    /// Loss and number of right answers, still on the device.
    let forward (images: Tensor) (targets: Tensor) =
        let scores = model.Run(Training, images)
        let loss = objective.Loss scores targets

        let loss =
            match teacher with
            | Some teacher -> teacher.Add(images, scores, loss)
            | None -> loss

        struct (loss, objective.Right scores targets)

    /// The model, whose factors are the probe.
    member _.Model = model

    /// What it minimises.
    member _.Objective = objective

    /// The factors as selection reads them, in the order of λ.
    member _.Iterate = factors.State.Iterate

    /// Both optimizers with what the backward pass left.
    member _.Update(rate: float) =
        copied <- ValueNone
        weightStep.Step rate
        factors.Step rate
        average |> Option.iter _.Step()

    /// The average of the weights, where the recipe has one.
    member _.Average = average

    /// A checksum of all that has to be the same on every rank: the vectors, with what was 0 and
    /// the γ that makes it so.
    member _.Checksum(step: int64) : uint64 =
        let weights = model.Weights.Values

        let hash =
            Checksum.add (uint64 step) (MemoryMarshal.AsBytes(ReadOnlySpan factors.State.Iterate))

        let hash =
            Checksum.add hash (MemoryMarshal.AsBytes(ReadOnlySpan factors.Pressed.Gammas))

        if isOnCpu then
            Checksum.add hash (Span.op_Implicit weights.bytes)
        else
            hash

    /// A step that does not read its results: loss and number of right answers stay on the device.
    /// Nothing in it waits for the device.
    member it.Queue(images: Tensor, targets: Tensor, rate: float) : struct (Tensor * Tensor) =
        let struct (loss, right) = forward images targets
        loss.backward ()
        it.Update rate
        struct (loss, right)

    /// One step with η on one batch: the batch's mean loss before it, and how many answers
    /// were right. A loss that is not a number changes nothing on the CPU; on a device it is seen when
    /// the step is done. With an exchange the batch is this rank's part, everything else is the
    /// whole batch's, and a loss that is not a number changes nothing anywhere.
    member it.Step
        (batch: Loaded, rate: float, step: int64, ?exchange: Exchange)
        : struct (float * int64) =
        use _ = torch.NewDisposeScope()

        if drops then
            // Each rank draws masks of its own.
            let rank = exchange |> Option.map _.Rank |> Option.defaultValue 0

            torch.manual_seed(Streams.dropout recipe.Seed step + int64 rank).Dispose()

        let there (tensor: Tensor) =
            if isOnCpu then
                tensor
            else
                tensor.``to`` (model.Place, non_blocking = true)

        let images, targets = there batch.Images, there batch.Targets

        if exchange.IsNone && not isOnCpu then
            let struct (loss, right) = it.Queue(images, targets, rate)
            // The only wait of a step. It ends after the copies above: the batch is free then.
            let both = torch.stack([| loss.detach (); right.``to`` ScalarType.Float32 |]).cpu()
            let both = Memory.span<float32> both
            struct (float both[0], int64 both[1])
        else
            let struct (loss, right) = forward images targets
            let right = Memory.item<int64> right 0
            let value = float (Memory.item<float32> loss 0)

            match exchange with
            | Some exchange ->
                if Double.IsFinite value then
                    use share = exchange.Share.ToScalar()
                    loss.mul(share).backward()

                let agreed = exchange.Sum(value, right, it.Checksum step)

                if Double.IsFinite agreed.Loss then
                    it.Update rate

                struct (agreed.Loss, agreed.Right)
            | None ->
                if Double.IsFinite value then
                    loss.backward ()
                    it.Update rate

                struct (value, right)

    /// The running mean of the square of each factor's gradient.
    member _.Squares = factors.State.Squares

    /// What a controller wants holds from the next step on.
    member _.Press(pressure: Pressure) : Result<unit, ModelError> =
        Pressure.apply pressure factors.Pressed.Counts factors.Pressed.Rule
        |> Result.map factors.Press

    /// What selection would leave if exactly these factors (by their place in λ) were not 0, without
    /// copying weights; None: a layer would die.
    member _.WouldBeOf(isAlive: int -> bool) : Network option =
        let isZero owner index =
            not (isAlive (factorSlots[ArrayKey.make ArrayPart.Factor owner] + index))

        Selection.wouldBeNetwork model.Network isZero (Some number)

    /// What selection would leave now.
    member it.WouldBe() : Network option =
        it.WouldBeOf(fun i -> factors.State.Iterate[i] <> 0.0f)

    /// The state with this trainer's arrays: everything to continue from.
    member _.Export(state: TrainState) : TrainState =
        let now = factors.State

        let cut (values: 'T[]) =
            layout.Factors
            |> List.map (fun slot -> slot, Array.sub values (int slot.Offset) (int slot.Count))

        let tensors (values: float32[]) =
            cut values
            |> List.map (fun (slot, data) -> slot.Key, { Shape = slot.Shape; Data = data })

        let numbers =
            ArrayCopy.copyOut<float32> model.Weights.Values layout.Weights
            @ ArrayCopy.copyOut<float32> model.Statistics layout.Statistics
            @ tensors now.Iterate

        {
            state with
                Network = model.Network
                Numbers = Map.ofList numbers
                Probe = Map.ofList (tensors now.Probe)
                FactorVelocity = Map.ofList (tensors now.Velocity)
                Velocity =
                    Map.ofList (ArrayCopy.copyOut<float32> weightStep.Velocity layout.Weights)
                SquareMeans =
                    match weightStep.Squares with
                    | Some squares -> Map.ofList (ArrayCopy.copyOut<float32> squares layout.Weights)
                    | None -> Map.empty
                Averages =
                    match average with
                    | Some average ->
                        ArrayCopy.copyOut<float32> average.Weights layout.Weights
                        @ ArrayCopy.copyOut<float32> average.Statistics layout.Statistics
                        |> Map.ofList
                    | None -> Map.empty
                ZeroSteps =
                    cut now.ZeroSteps |> List.map (fun (slot, data) -> slot.Key, data) |> Map.ofList
                Squares = Map.ofList (tensors now.Squares)
        }

    interface IDisposable with
        member _.Dispose() =
            (weightStep :> IDisposable).Dispose()
            (factors :> IDisposable).Dispose()
            average |> Option.iter (fun average -> (average :> IDisposable).Dispose())
            (model :> IDisposable).Dispose()

/// Making trainers.
[<RequireQualifiedAccess>]
module internal Trainer =

    /// The rule of a recipe for the weights of a model, with what a state knows of it.
    let private weightStep (model: Model) (recipe: Recipe) (state: TrainState) =
        let layout = model.Layout
        let own = OwnRate.ofRecipe layout state.Network recipe

        match recipe.Optimizer with
        | Optimizer.Nag ->
            WeightStep.Nag(
                new Nag(model.Weights, layout.Decayed, recipe.Decay, recipe.Momentum, ?own = own)
            )
        | Optimizer.AdamW(beta1, beta2, eps) ->
            let rule = {
                Beta1 = beta1
                Beta2 = beta2
                Eps = eps
                Decay = recipe.Decay
            }

            WeightStep.AdamW(
                new AdamWStep(model.Weights, layout.Decayed, rule, state.Step, ?own = own)
            )

    let private fill (layout: Layout) (weightStep: WeightStep) (state: TrainState) =
        result {
            do! ArrayCopy.copyIn state.Velocity weightStep.Velocity layout.Weights

            match weightStep.Squares with
            | Some squares when not state.SquareMeans.IsEmpty ->
                do! ArrayCopy.copyIn state.SquareMeans squares layout.Weights
            | Some _
            | None -> ()
        }

    /// The average of a recipe, which begins with the weights as they are.
    let private average (model: Model) (recipe: Recipe) (state: TrainState) =
        match recipe.Ema with
        | None -> Ok None
        | Some decay ->
            let average = new WeightAverage(model, decay, state.Step)
            let from = TrainState.averaged state

            result {
                do! ArrayCopy.copyIn from average.Weights model.Layout.Weights
                do! ArrayCopy.copyIn from average.Statistics model.Layout.Statistics
                return Some average
            }
            |> Result.teeError (fun _ -> (average :> IDisposable).Dispose())

    /// Training from a state, with a caller's own loss and a teacher or without: `Export` of the result gives the state
    /// back bit for bit. The teacher stays the caller's.
    let importWith
        (own: OwnLoss option)
        (teacher: Teacher option)
        (engine: LibTorch)
        (rule: FactorRule)
        (recipe: Recipe)
        (state: TrainState)
        =
        result {
            let! model = Model.createTrained engine state.Network state.Numbers
            let layout = model.Layout

            let parts =
                result {
                    let! start = FactorStart.state layout state
                    let! pressed = FactorStart.pressed rule recipe layout state
                    let! average = average model recipe state
                    return start, pressed, average
                }

            match parts with
            | Error e ->
                (model :> IDisposable).Dispose()
                return! Error e
            | Ok(start, pressed, average) ->
                let factors = new FactorStep(model.Factors, start, pressed)
                let weightStep = weightStep model recipe state

                let objective =
                    Objective.ofLoss state.Network recipe.Loss
                    |> Objective.withOwn state.Network recipe.Loss own

                let trainer =
                    new Trainer(
                        model,
                        weightStep,
                        factors,
                        objective,
                        recipe,
                        ?teacher = teacher,
                        ?average = average
                    )

                match fill layout weightStep state with
                | Ok() -> return trainer
                | Error e ->
                    (trainer :> IDisposable).Dispose()
                    return! Error e
        }

    /// The same with the recipe's loss alone.
    let import engine rule recipe state =
        importWith None None engine rule recipe state
