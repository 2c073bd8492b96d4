namespace Sss.Core

/// Channels that a processor computes at a time. A convolution of 13 channels takes as long as one of
/// 16 or longer, so that a layer gets faster only when whole lanes of it go.
[<RequireQualifiedAccess>]
module ChannelMultiple =

    /// Eight float32 fill a register of 256 bits; GPUs count in eights too.
    let count = 8

    /// The lanes of structures, of those in each that may be pressed. Lanes of `size` are counted from a layer's most valuable
    /// structure (by magnitude over weight) down; the weakest lane is the one that may not be full. What has weight 0
    /// is never pressed and has a place in the strongest lane. `layerOf` is None for a structure that stands alone;
    /// structures at 0 are in no lane.
    let lanes
        (size: int)
        (layerOf: int -> int option)
        (magnitudes: float[])
        (weights: float[])
        : int[][] =
        [| 0 .. weights.Length - 1 |]
        |> Array.filter (fun i -> magnitudes[i] > 0.0 && Option.isSome (layerOf i))
        |> Array.groupBy layerOf
        |> Array.collect (fun (_, layer) ->
            layer
            |> Array.sortBy (fun i -> -(magnitudes[i] / weights[i]))
            |> Array.chunkBySize size
        )
        |> Array.map (Array.filter (fun i -> weights[i] > 0.0))
        |> Array.filter (Array.isEmpty >> not)

    /// Weights with which the structures of a lane come to 0 together: each one's is multiplied by its
    /// worth (magnitude over weight) against the mean of its lane, so that magnitude over weight becomes
    /// that mean.
    let together (lanes: int[][]) (magnitudes: float[]) (weights: float[]) : float[] =
        let together = Array.copy weights

        for lane in lanes do
            let mean = lane |> Array.averageBy (fun i -> magnitudes[i] / weights[i])

            for i in lane do
                together[i] <- magnitudes[i] / mean

        together
