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

    /// Whether the first side of a join, a branch, is multiplied with a factor of 0.
    let isOff (numbers: WeightReader) (node: Node) : bool =
        match node with
        | Node.Residual r -> r.Scale.IsSome && numbers.IsZero r.Name 0
        | Node.Layer _
        | Node.Gate _
        | Node.Concat _
        | Node.Output _ -> false

    /// What a branch adds to a sum: dead where the block's factor is 0.
    let branchStates (numbers: WeightReader) (residual: Residual) (states: Known[]) : Known[] =
        // In training, stochastic depth leaves a branch out at random.
        let states =
            if numbers.InTraining && residual.Drop > 0.0 then
                Array.map Known.unlessDead states
            else
                states

        match residual.Scale with
        | Some _ when numbers.IsZero residual.Name 0 -> Array.create states.Length Known.Dead
        | Some _ ->
            let factor =
                match numbers.At with
                | Some at -> at (ArrayKey.make ArrayPart.Factor residual.Name) 0
                | None -> 1.0

            states |> Array.map (scaled numbers Block factor)
        | None -> states

    /// What is known of the sides of a join; of a residual's branch after the block's factor.
    let private sideStates (numbers: WeightReader) (states: Known[][]) node (sides: Side[]) =
        let ends = sides |> Array.map (fun side -> states[side.End])

        match node with
        | Node.Residual residual -> [| branchStates numbers residual ends[0]; ends[1] |]
        | Node.Gate _
        | Node.Concat _
        | Node.Output _
        | Node.Layer _ -> ends

    let private step (numbers: WeightReader) (shapes: Shape[]) (states: Known[][]) step : Known[] =
        match step with
        | Step.Through(layer, input, _)
        | Step.Move(layer, _, input, _)
        | Step.Read(layer, _, input, _)
        | Step.Mix(layer, _, input, _) ->
            (Op.facts layer.Op).Constants
                layer.Input
                (WeightReader.reader numbers layer)
                states[input]
            |> factored numbers layer
        | Step.Part(_, first, input, output) ->
            Array.sub states[input] first shapes[output].Channels
        | Step.Join(node, facts, sides, _) -> facts.Constants(sideStates numbers states node sides)

    /// What is known of every channel of every value.
    let states (numbers: WeightReader) (graph: DataFlow) : Known[][] =
        let states = Array.zeroCreate graph.Shapes.Length
        states[DataFlow.Input] <- Array.create graph.Shapes[DataFlow.Input].Channels Known.Live

        for struct (_, operation) in graph.Steps do
            states[DataFlow.outputOf operation] <- step numbers graph.Shapes states operation

        states

    let private carried
        numbers
        (graph: DataFlow)
        (states: Known[][])
        (carries: bool[][])
        step
        : bool[] =
        let unlessZero layer carries =
            Array.map2
                (fun c zero -> c && not zero)
                carries
                (WeightReader.zeroChannels numbers layer)

        match step with
        | Step.Move(_, source, input, _) -> source |> Array.map (Array.get carries[input])
        | Step.Part(_, first, input, output) ->
            Array.sub carries[input] first graph.Shapes[output].Channels
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
        | Step.Join(node, facts, sides, _) ->
            sides
            |> Array.mapi (fun i side ->
                if i = 0 && isOff numbers node then
                    Array.map (fun _ -> false) carries[side.End]
                else
                    carries[side.End]
            )
            |> facts.Carries(sideStates numbers states node sides)

    /// The channels of every value that a way leads to from the image, without a factor of 0 on it.
    /// The others are the same for every image: constant, or, after padding, live at the border only.
    let carries (numbers: WeightReader) (graph: DataFlow) (states: Known[][]) : bool[][] =
        let carries = Array.zeroCreate graph.Shapes.Length
        carries[DataFlow.Input] <- Array.create graph.Shapes[DataFlow.Input].Channels true

        for struct (_, operation) in graph.Steps do
            carries[DataFlow.outputOf operation] <- carried numbers graph states carries operation

        carries
