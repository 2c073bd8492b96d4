namespace Sss.Torch

open System
open System.Runtime.InteropServices
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
        let values = model.Run(Training, images)
        let loss = objective.Loss values targets

        let loss =
            match teacher with
            | Some teacher -> teacher.Add(images, objective.Scores values, loss)
            | None -> loss

        let loss =
            match objective.Further with
            | Some further -> loss.add (further values targets)
            | None -> loss

        struct (loss, objective.Right values targets)

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

    /// What selection with these options would leave if exactly these factors (by their place in λ) were not 0, without
    /// copying weights; None: a layer would die.
    member _.WouldBeOf(options: SelectOptions, isAlive: int -> bool) : Network option =
        let isZero owner index =
            not (isAlive (factorSlots[ArrayKey.make ArrayPart.Factor owner] + index))

        Selection.wouldBeNetwork options model.Network isZero (Some number)

    /// What selection would leave now.
    member it.WouldBe(options: SelectOptions) : Network option =
        it.WouldBeOf(options, (fun i -> factors.State.Iterate[i] <> 0.0f))

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
