namespace Sss.Core.Select

open Sss.Core

/// The forward half of the analysis: what is known of every channel of every value (see `Known`),
/// in the full network with its zeros, for every image.
[<RequireQualifiedAccess>]
module internal ForwardAnalysis =

    /// While training continues, a constant that is removed must never change again: it may hang on
    /// nothing that stays. Not so with a factor that is 0 now but not permanently, and with
    /// one that other channels share.
    let private mayChange (numbers: WeightReader) kind (factor: float) =
        numbers.InTraining && (factor = 0.0 || kind <> Neuron)

    let private scaled (numbers: WeightReader) kind (factor: float) (state: Known) : Known =
        if mayChange numbers kind factor then
            Known.unlessDead state
        else
            Known.times factor state

    /// After the layer's own factors: dead where they are 0, whatever it was.
    let private factored (numbers: WeightReader) (layer: Layer) (states: Known[]) : Known[] =
        match layer.Scale with
        | None -> states
        | Some scale ->
            let zero = WeightReader.zeroChannels numbers layer
            let factors = WeightReader.factorsOf numbers layer

            states
            |> Array.mapi (fun o state ->
                if zero[o] then
                    Known.Dead
                else
                    scaled numbers scale.Kind factors[o] state
            )

    /// What a branch adds to a sum: dead where the block's factor is 0.
    let branchStates (numbers: WeightReader) (residual: Residual) (states: Known[]) : Known[] =
        match residual.Scale with
        | Some _ when numbers.IsZero residual.Name 0 -> Array.create states.Length Known.Dead
        | Some _ ->
            let factor =
                match numbers.At with
                | Some at -> at (ArrayKey.make ArrayPart.Factor residual.Name) 0
                | None -> 1.0

            states |> Array.map (scaled numbers Block factor)
        | None -> states

    let private step (numbers: WeightReader) (states: Known[][]) step : Known[] =
        match step with
        | Step.Through(layer, input, _)
        | Step.Spread(layer, _, input, _)
        | Step.Read(layer, _, input, _)
        | Step.Mix(layer, _, input, _) ->
            (Op.facts layer.Op).Constants
                layer.Input
                (WeightReader.reader numbers layer)
                states[input]
            |> factored numbers layer
        | Step.Sum(residual, branch, shortcut, _) ->
            Array.map2
                Known.plus
                (branchStates numbers residual states[branch.End])
                states[shortcut.End]
        | Step.Join(_, branches, _) -> branches |> Array.collect (fun side -> states[side.End])

    /// What is known of every channel of every value.
    let states (numbers: WeightReader) (graph: DataFlow) : Known[][] =
        let states = Array.zeroCreate graph.Shapes.Length
        states[DataFlow.Input] <- Array.create graph.Shapes[DataFlow.Input].Channels Known.Live

        for struct (_, operation) in graph.Steps do
            states[DataFlow.outputOf operation] <- step numbers states operation

        states

    let private carried (numbers: WeightReader) (carries: bool[][]) step : bool[] =
        let unlessZero layer carries =
            Array.map2
                (fun c zero -> c && not zero)
                carries
                (WeightReader.zeroChannels numbers layer)

        match step with
        | Step.Spread(_, each, input, _) -> carries[input] |> Array.collect (Array.create each)
        | Step.Through(layer, input, _) -> unlessZero layer carries[input]
        | Step.Read(layer, { Groups = groups }, input, _)
        | Step.Mix(layer, groups, input, _) ->
            let each = layer.Input.Channels / groups
            let eachOut = layer.Output.Channels / groups

            let groupCarries =
                Array.init
                    groups
                    (fun g ->
                        Seq.exists
                            (Array.get carries[input])
                            (seq { g * each .. (g + 1) * each - 1 })
                    )

            Array.init layer.Output.Channels (fun o -> groupCarries[o / eachOut])
            |> unlessZero layer
        | Step.Sum(residual, branch, shortcut, _) ->
            let off = residual.Scale.IsSome && numbers.IsZero residual.Name 0

            Array.map2 (fun b s -> (b && not off) || s) carries[branch.End] carries[shortcut.End]
        | Step.Join(_, branches, _) -> branches |> Array.collect (fun side -> carries[side.End])

    /// The channels of every value that a way leads to from the image, without a factor of 0 on it.
    /// The others are the same for every image: constant, or, after padding, live at the border only.
    let carries (numbers: WeightReader) (graph: DataFlow) : bool[][] =
        let carries = Array.zeroCreate graph.Shapes.Length
        carries[DataFlow.Input] <- Array.create graph.Shapes[DataFlow.Input].Channels true

        for struct (_, operation) in graph.Steps do
            carries[DataFlow.outputOf operation] <- carried numbers carries operation

        carries
