namespace Sss.Core

/// What a network or a layer costs.
type Cost = {
    /// Weights, biases, bn scales and shifts. Neither factors nor running statistics.
    Params: int64
    /// Multiply-adds of `conv`, `dwconv` and `dense` for one input; nothing else.
    Macs: int64
    /// Scaling factors.
    Factors: int64
}

/// Counts, exactly as `language.md` §5 defines them.
[<RequireQualifiedAccess>]
module Cost =

    /// Nothing.
    let zero = { Params = 0L; Macs = 0L; Factors = 0L }

    /// The sum of two costs.
    let add a b = {
        Params = a.Params + b.Params
        Macs = a.Macs + b.Macs
        Factors = a.Factors + b.Factors
    }

    /// Multiply-adds of one layer for one input.
    let macs (layer: Layer) : int64 =
        (Op.facts layer.Op).Macs layer.Input layer.Output

    /// The cost of one layer, with the factors it declares.
    let ofLayer (layer: Layer) : Cost = {
        Params = Parameters.ofLayer false layer |> List.sumBy (fun p -> Parameters.size p.Shape)
        Macs = macs layer
        Factors =
            layer.Scale
            |> Option.filter Scale.isDeclared
            |> Option.map (fun s -> int64 s.Count)
            |> Option.defaultValue 0L
    }

    /// The cost of a whole network.
    let ofNetwork (network: Network) : Cost =
        let layers = Network.layers network |> Seq.map ofLayer |> Seq.fold add zero

        {
            layers with
                Factors = Network.scales network |> Seq.sumBy (fun (_, s) -> int64 s.Count)
        }
