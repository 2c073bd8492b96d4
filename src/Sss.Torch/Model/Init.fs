namespace Sss.Torch

open Sss.Core

/// Streams of random numbers for the different uses in one run: changing how one use draws leaves
/// the others as they were.
[<RequireQualifiedAccess>]
module internal Streams =

    let private ofRun seed purpose = Rng.create seed |> Rng.fork purpose

    // 4 is `Dataset.holdOut`'s.

    /// Start values of the weights.
    let init seed = ofRun seed 1

    /// The order of the images in an epoch.
    let order seed epoch = ofRun seed 2 |> Rng.fork epoch

    /// Dropout in one step, as a seed for LibTorch's own generator.
    let dropout seed (step: int64) : int64 =
        let struct (bits, _) = ofRun seed 3 |> Rng.fork (int step) |> Rng.next
        int64 (bits >>> 1)

/// Start values of training.
[<RequireQualifiedAccess>]
module Init =

    /// He's rule: normal with variance 2 / fan-in (He et al., "Delving Deep into Rectifiers",
    /// 2015, eq. 10). Fan-in: values that one output reads.
    let private he (shape: int list) : float =
        let fanIn = int (Parameters.size shape) / List.head shape
        sqrt (2.0 / float fanIn)

    let private normal deviation (shape: int list) (rng: Rng) =
        let count = int (Parameters.size shape)
        let struct (draws, rng) = Rng.many Rng.normal count rng
        Array.map (fun z -> float32 (deviation * z)) draws, rng

    let private constant (value: float32) (shape: int list) =
        Array.create (int (Parameters.size shape)) value

    let private start (spec: ArraySpec) rng =
        match spec.Initial with
        | ArrayStart.He -> normal (he spec.Shape) spec.Shape rng
        | ArrayStart.Normal deviation -> normal deviation spec.Shape rng
        | ArrayStart.Value value -> constant (float32 value) spec.Shape, rng

    /// Weights by He's rule, biases 0, bn scale 1 and shift 0, running mean 0 and variance 1, every
    /// factor at its declared start. Depends on network and seed alone.
    let weights (seed: int) (network: Network) : Weights<float32> =
        let trained, _ =
            (Streams.init seed, Parameters.ofNetwork network)
            ||> List.mapFold (fun rng p ->
                let data, rng = start p.Spec rng

                (p.Key, { Shape = p.Shape; Data = data }), rng
            )

        let statistics = [
            for s in Parameters.statistics network do
                let data, _ = start s.Spec (Rng.create seed)
                s.Key, { Shape = s.Spec.Shape; Data = data }
        ]

        let factors = [
            for f in Parameters.factors network do
                let shape = [ f.Scale.Count ]

                f.Key,
                {
                    Shape = shape
                    Data = constant (float32 f.Scale.Init) shape
                }
        ]

        Map.ofList (trained @ statistics @ factors)
