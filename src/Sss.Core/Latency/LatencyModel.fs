namespace Sss.Core

/// Measured times of a fused layer over its widths.
type WidthTimes = {
    /// The name of its first layer.
    Layer: string
    /// Input channels, ascending.
    Inputs: int[]
    /// Output channels, ascending.
    Outputs: int[]
    /// Milliseconds for each number of input channels, then of output channels.
    Milliseconds: float[][]
}

/// What a prediction of a network takes in one engine on one machine:
/// perCall + scale · Σ times of its fused layers + perValue · values written by joins + perWeight · weights.
///
/// Sums of the times of layers alone are what hardware-aware methods use (Tan et al., "MnasNet", CVPR 2019;
/// Cai, Zhu, Han, "ProxylessNAS", ICLR 2019). The four numbers correct what is not additive; they are
/// fitted to whole networks (`LatencyFit`). A layer that is timed alone has its weights in the fastest cache; in a
/// large network they come from a slower one, which is what weights cost.
type LatencyModel = {
    /// Milliseconds.
    PerCall: float
    Scale: float
    /// Milliseconds.
    PerValue: float
    /// Milliseconds.
    PerWeight: float
    /// The engine is fast where layers have a multiple of this many channels: others take the time of
    /// the next multiple. Selection rounds up to it.
    Multiple: int
    Layers: WidthTimes list
}

/// Predictions of a network's time.
[<RequireQualifiedAccess>]
module LatencyModel =

    /// The place of a width among ascending ones: the one below, the one above, and how far between them.
    let private place (widths: int[]) (width: int) : struct (int * int * float) =
        match widths |> Array.tryFindIndex (fun w -> w >= width) with
        | None -> struct (widths.Length - 1, widths.Length - 1, 0.0)
        | Some 0 -> struct (0, 0, 0.0)
        | Some above ->
            let low, high = widths[above - 1], widths[above]
            struct (above - 1, above, float (width - low) / float (high - low))

    /// The channels that a selected network has in place of so many. Where groups decide the widths, there is nothing to
    /// round.
    let private rounded (multiple: int) (widths: int[]) (channels: int) : int =
        let most = Array.last widths

        if widths |> Array.forall (fun width -> width % multiple = 0 || width = most) then
            FusedLayer.roundUp multiple most channels
        else
            channels

    /// Milliseconds at a width, in proportion between those that were measured.
    let timeOf (multiple: int) (times: WidthTimes) (ins: int) (outs: int) : float =
        let struct (i0, i1, i) = place times.Inputs (rounded multiple times.Inputs ins)
        let struct (o0, o1, o) = place times.Outputs (rounded multiple times.Outputs outs)

        let along (row: float[]) = row[o0] + o * (row[o1] - row[o0])

        let low, high = along times.Milliseconds[i0], along times.Milliseconds[i1]
        low + i * (high - low)

    /// The same times, nowhere less than for fewer channels: what a measurement says otherwise is noise.
    let monotone (times: WidthTimes) : WidthTimes =
        let rows = times.Milliseconds |> Array.map (Array.scan max 0.0 >> Array.tail)

        {
            times with
                Milliseconds =
                    rows
                    |> Array.scan (Array.map2 max) (Array.zeroCreate times.Outputs.Length)
                    |> Array.tail
        }

    /// The measured times of the fused layer that begins with a layer.
    let private timesOf (layers: WidthTimes list) : Layer -> WidthTimes option =
        let byName = layers |> List.map (fun times -> times.Layer, times) |> Map.ofList
        fun layer -> Map.tryFind layer.Name byName

    /// The sum over the fused layers of a network.
    let layerSum (multiple: int) (layers: WidthTimes list) : Network -> float =
        let timesOf = timesOf layers

        fun network ->
            Network.layers network
            |> Seq.sumBy (fun layer ->
                match timesOf layer with
                | Some times -> timeOf multiple times layer.Input.Channels layer.Output.Channels
                | None -> 0.0
            )

    /// How much wider rounding makes one side of a layer. A side with one width follows the other.
    let private widening multiple (widths: int[]) channels =
        if widths.Length > 1 then
            float (rounded multiple widths channels) / float channels
        else
            1.0

    /// Numbers of the layers with weights, biases aside: a call reads all of them.
    let weights (multiple: int) (layers: WidthTimes list) : Network -> float =
        let timesOf = timesOf layers

        let ofLayer (layer: Layer) =
            let own = float (Cost.macs layer) / float (max 1L (Shape.area layer.Output))

            match timesOf layer with
            | Some times ->
                own
                * widening multiple times.Inputs layer.Input.Channels
                * widening multiple times.Outputs layer.Output.Channels
            | None -> own

        fun network ->
            Network.layers network
            |> Seq.filter (fun layer -> (Op.facts layer.Op).Family = Family.Weights)
            |> Seq.sumBy ofLayer

    /// Milliseconds of one call, from the milliseconds of the fused layers alone, the values that joins write, and the weights.
    let ofParts (model: LatencyModel) (layers: float) (joined: float) (weights: float) : float =
        model.PerCall
        + model.Scale * layers
        + model.PerValue * joined
        + model.PerWeight * weights

    /// Milliseconds of one call of a network. It does not grow when structures are removed.
    let predict (model: LatencyModel) : Network -> float =
        let sum = layerSum model.Multiple model.Layers
        let weights = weights model.Multiple model.Layers

        fun network ->
            ofParts model (sum network) (float (FusedLayer.joined network)) (weights network)
