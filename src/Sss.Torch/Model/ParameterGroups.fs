namespace Sss.Torch

open Sss.Core
open TorchSharp

/// A stretch of memory that belongs to one group of parameters.
[<Struct>]
type internal Claim = {
    /// The array's key, and what happens to its group.
    Who: string
    From: nativeint
    To: nativeint
}

/// The start-up check that no parameter is in two groups: weights that decay, weights that do not,
/// and factors are updated by different rules, and an array that two of them reach would be
/// updated twice. It looks at addresses, not at names.
[<RequireQualifiedAccess>]
module internal ParameterGroups =

    let private claim who tensor =
        let struct (start, finish) = Memory.range tensor

        { Who = who; From = start; To = finish }

    /// The first two claims that overlap.
    let overlap (claims: Claim list) : (string * string) option =
        claims
        |> List.filter (fun c -> c.To > c.From)
        |> List.sortBy (fun c -> c.From)
        |> List.pairwise
        |> List.tryPick (fun (a, b) -> if b.From < a.To then Some(a.Who, b.Who) else None)

    /// The stretches that the optimizer's three rules reach, and the arrays as layers see them.
    let private claims (layout: Layout) (weights: FlatVector) (factors: FlatVector) =
        use _ = torch.NewDisposeScope()

        let part from length =
            weights.Values.narrow (0L, from, length)

        let rules = [
            claim "the weights that decay" (part 0L layout.Decayed)
            claim
                "the weights that do not decay"
                (part layout.Decayed (layout.WeightLength - layout.Decayed))
            claim "the factors" factors.Values
        ]

        let arrays (vector: FlatVector) = [
            for slot in vector.Slots -> claim (ArrayKey.text slot.Key) (vector.Leaf slot.Key)
        ]

        let gradients (vector: FlatVector) = [
            for slot in vector.Slots do
                match vector.Leaf(slot.Key).grad with
                | null -> ()
                | gradient -> claim $"{ArrayKey.text slot.Key}'s gradient" gradient
        ]

        rules, arrays weights @ arrays factors @ gradients weights @ gradients factors

    /// Each array in exactly one rule's stretch, arrays and gradients disjoint.
    let private checkAddresses (layout: Layout) (weights: FlatVector) (factors: FlatVector) =
        let rules, arrays = claims layout weights factors

        match overlap rules |> Option.orElseWith (fun () -> overlap arrays) with
        | Some(first, second) -> Error(SharedParameters(first, second))
        | None -> Ok()

    /// The same for models on the CPU. Elsewhere addresses cannot be read; the views are the same.
    let check (layout: Layout) (weights: FlatVector) (factors: FlatVector) =
        if Memory.isOnCpu weights.Values then
            checkAddresses layout weights factors
        else
            Ok()
