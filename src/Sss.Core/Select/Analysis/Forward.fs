namespace Sss.Core.Select

open Sss.Core

/// The forward half of the analysis: what is known of every channel of every value (see `Known`),
/// in the full network with its zeros, for every image.
[<RequireQualifiedAccess>]
module internal Forward =

    let private isPadded (pad: Size) = pad.H > 0 || pad.W > 0

    /// A value that is not a number, or too large, promises nothing: the channel counts as live.
    let private settle (numbers: Numbers) (state: float) =
        if numbers.At.IsSome && not (System.Double.IsFinite state) then
            Known.live
        else
            state

    /// While training goes on, a constant that is taken out must never change again: it may hang on
    /// nothing that stays. Not so with a factor that is 0 at the moment but not for good, and with
    /// one that other channels share.
    let private mayChange (numbers: Numbers) kind (factor: float) =
        numbers.InTraining && (factor = 0.0 || kind <> Neuron)

    let private unlessDead state =
        if Known.isDead state then state else Known.live

    /// A window over a constant gives a constant unless it takes in padding that differs.
    let private pooled (p: Pool) state =
        match p.Kind with
        | Max -> state
        | Average when isPadded p.Pad && Known.isOther state -> Known.live
        | Average -> state

    let private depthwise (numbers: Numbers) (layer: Layer) (c: DepthwiseConv) =
        let taps = c.Kernel.H * c.Kernel.W

        let bias =
            match numbers.At with
            | Some at when c.Bias -> at $"{layer.Name}.bias"
            | None when c.Bias -> fun _ -> Known.unknown
            | _ -> fun _ -> 0.0

        let total =
            match numbers.At with
            | Some at ->
                let weight = at $"{layer.Name}.weight"
                fun channel -> Numbers.sumOf weight (channel * taps) taps
            | None -> fun _ -> 1.0

        fun channel state ->
            if Known.isDead state then bias channel
            elif Known.isLive state || isPadded c.Pad then Known.live
            else bias channel + state * total channel

    /// One channel through a layer that keeps channels apart.
    let private through (numbers: Numbers) (layer: Layer) : int -> float -> float =
        match layer.Op with
        | Op.BatchNorm b ->
            let normalise = Numbers.normalise numbers layer.Name b.Eps

            fun channel state ->
                if Known.isLive state then
                    state
                else
                    normalise channel state
        | Op.DepthwiseConv c -> depthwise numbers layer c
        | Op.Activation a ->
            fun _ state ->
                if Known.isLive state then
                    state
                else
                    Numbers.activate a state
        | Op.Pool p -> fun _ state -> pooled p state
        // Random zeros and a scale: a constant other than 0 is none behind it.
        | Op.Dropout p when numbers.InTraining && p > 0.0 -> fun _ state -> unlessDead state
        | _ -> fun _ state -> state

    /// The sizes of a layer that reads all channels of a group: groups, inputs a group, weights that
    /// one output has for one input channel, whether zeros are padded on.
    let reading (layer: Layer) =
        match layer.Op with
        | Op.Conv c ->
            struct (c.Groups,
                    layer.Input.Channels / c.Groups,
                    c.Kernel.H * c.Kernel.W,
                    isPadded c.Pad)
        | _ -> struct (1, layer.Input.Channels, int (Shape.area layer.Input), false)

    /// `conv` and `dense`: constant where all that is read is constant, and no zeros are padded on.
    let private read (numbers: Numbers) (layer: Layer) (input: float[]) : float[] =
        let struct (groups, each, taps, padded) = reading layer
        let eachOut = layer.Output.Channels / groups
        let output = Array.create layer.Output.Channels Known.live

        for g in 0 .. groups - 1 do
            let states = System.ReadOnlySpan(input, g * each, each).ToArray()

            let isConstant =
                // The constants that come in may be those of channels that stay and train on.
                if padded || numbers.InTraining then
                    Array.forall Known.isDead states
                else
                    Array.forall Known.isConstant states

            if isConstant then
                for o in g * eachOut .. (g + 1) * eachOut - 1 do
                    output[o] <-
                        match numbers.At with
                        | None ->
                            if Op.hasBias layer.Op || not (Array.forall Known.isDead states) then
                                Known.unknown
                            else
                                Known.dead
                        | Some at ->
                            let weight = at $"{layer.Name}.weight"

                            let bias =
                                if Op.hasBias layer.Op then
                                    at $"{layer.Name}.bias" o
                                else
                                    0.0

                            (bias, Array.indexed states)
                            ||> Array.fold (fun sum (j, state) ->
                                if Known.isDead state then
                                    sum
                                else
                                    sum + state * Numbers.sumOf weight ((o * each + j) * taps) taps
                            )

        output

    /// Behind the layer's own factors: dead where they are 0, whatever it was.
    let private factored (numbers: Numbers) (layer: Layer) (states: float[]) =
        let zero = Numbers.zeroChannels numbers layer
        let factors = Numbers.factorsOf numbers layer

        let kind = layer.Scale |> Option.map (fun s -> s.Kind) |> Option.defaultValue Neuron

        states
        |> Array.mapi (fun o state ->
            if zero[o] then Known.dead
            elif mayChange numbers kind factors[o] then unlessDead state
            else settle numbers (factors[o] * state)
        )

    /// What a branch adds to a sum: dead where the block's factor is 0.
    let branchStates (numbers: Numbers) (residual: Residual) (states: float[]) =
        match residual.Scale with
        | Some _ when numbers.IsZero residual.Name 0 -> Array.create states.Length Known.dead
        | Some _ ->
            let factor =
                match numbers.At with
                | Some at -> at $"{residual.Name}.factor" 0
                | None -> 1.0

            if mayChange numbers Block factor then
                Array.map unlessDead states
            else
                states |> Array.map (fun state -> settle numbers (factor * state))
        | None -> states

    let private step (numbers: Numbers) (states: float[][]) (shapes: Shape[]) step : float[] =
        match step with
        | Step.Through({ Op = Op.Flatten }, input, _) ->
            let area = int (Shape.area shapes[input])
            states[input] |> Array.collect (fun state -> Array.create area state)
        | Step.Through(layer, input, _) ->
            states[input] |> Array.mapi (through numbers layer) |> factored numbers layer
        | Step.Read(layer, input, _) -> read numbers layer states[input] |> factored numbers layer
        | Step.Sum(residual, branch, shortcut, _) ->
            Array.map2
                (fun b s -> settle numbers (b + s))
                (branchStates numbers residual states[branch.End])
                states[shortcut.End]
        | Step.Join(_, branches, _) -> branches |> Array.collect (fun side -> states[side.End])

    /// What is known of every channel of every value.
    let states (numbers: Numbers) (graph: Graph) : float[][] =
        let states = Array.zeroCreate graph.Shapes.Length
        states[Graph.Input] <- Array.create graph.Shapes[Graph.Input].Channels Known.live

        for struct (_, operation) in graph.Steps do
            states[Graph.outputOf operation] <- step numbers states graph.Shapes operation

        states

    let private carried (numbers: Numbers) (carries: bool[][]) (shapes: Shape[]) step : bool[] =
        let unlessZero layer carries =
            Array.map2 (fun c zero -> c && not zero) carries (Numbers.zeroChannels numbers layer)

        match step with
        | Step.Through({ Op = Op.Flatten }, input, _) ->
            let area = int (Shape.area shapes[input])
            carries[input] |> Array.collect (Array.create area)
        | Step.Through(layer, input, _) -> unlessZero layer carries[input]
        | Step.Read(layer, input, _) ->
            let struct (groups, each, _, _) = reading layer
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
    /// The others are the same for every image: constant, or, behind padding, live at the border only.
    let carries (numbers: Numbers) (graph: Graph) : bool[][] =
        let carries = Array.zeroCreate graph.Shapes.Length
        carries[Graph.Input] <- Array.create graph.Shapes[Graph.Input].Channels true

        for struct (_, operation) in graph.Steps do
            carries[Graph.outputOf operation] <- carried numbers carries graph.Shapes operation

        carries
