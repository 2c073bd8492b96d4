namespace Sss.Torch

open System
open Sss.Core
open System.Numerics
open TorchSharp

/// What a rank requests at a step.
[<Struct>]
type internal Wishes = {
    /// The run is asked to stop.
    Stop: bool
    /// It is time for a state in the middle of an epoch.
    Keep: bool
}

/// What all ranks know after a step.
[<Struct>]
type internal Agreed = {
    /// Mean over the whole batch.
    Loss: float
    Right: int64
    /// What at least one rank has requested.
    Wishes: Wishes
    /// Whether all ranks came to the step with the same bits.
    IsSame: bool
}

/// A sum of bits that tells arrays apart.
[<RequireQualifiedAccess>]
module internal Checksum =

    let private prime = 0x9E3779B97F4A7C15UL

    let private mix (hash: uint64) (word: uint64) =
        BitOperations.RotateLeft((hash ^^^ word) * prime, 29)

    /// A hash with the bytes after it.
    let add (hash: uint64) (bytes: ReadOnlySpan<byte>) : uint64 =
        let words = Runtime.InteropServices.MemoryMarshal.Cast<byte, uint64> bytes
        // Four at a time: one would wait for its multiplication.
        let mutable a, b, c, d = hash, hash + 1UL, hash + 2UL, hash + 3UL
        let mutable i = 0

        while i + 3 < words.Length do
            a <- mix a words[i]
            b <- mix b words[i + 1]
            c <- mix c words[i + 2]
            d <- mix d words[i + 3]
            i <- i + 4

        let mutable all = mix (mix (mix a b) c) d

        for rest in i * 8 .. bytes.Length - 1 do
            all <- mix all (uint64 bytes[rest])

        all

/// The one all-reduce of a step: the gradients of weights and factors, the batch's loss and how many
/// were right, wishes, and a checksum of what each rank came with, in one buffer.
///
/// Gradients are copied into it and back by LibTorch, so they may be on a device; the buffer, page-locked
/// then, is the only memory that is handed to MPI. (Open MPI takes no memory of a device in nonblocking
/// collective calls, and its blocking sums copy such memory to the host as well.)
[<Sealed>]
type internal Exchange(team: Team, model: Model, batch: int) =
    let struct (_, rows) = Team.rows batch team.Size team.Rank
    let share = float rows / float batch
    let layout = model.Layout
    /// Loss, right, stop, keep, and the bits of the checksum.
    let scalars = 4
    let bits = 64
    let gradients = layout.WeightLength + layout.FactorLength

    let buffer =
        torch.zeros ([| gradients + int64 (scalars + bits) |], dtype = Nullable ScalarType.Float32)
        |> Memory.kept (not (Memory.isOnCpu model.Weights.Values))

    let part first length =
        buffer.narrow(0L, first, length).DetachFromDisposeScope()

    let weights = part 0L layout.WeightLength
    let factors = part layout.WeightLength layout.FactorLength
    let nothing = { Stop = false; Keep = false }

    let mutable agreed = {
        Loss = 0.0
        Right = 0L
        Wishes = nothing
        IsSame = true
    }

    /// This rank's number.
    member _.Rank = team.Rank

    /// The part of the batch's images that are this rank's.
    member _.Share = share

    /// What this rank requests at the next step.
    member val Wishes = nothing with get, set

    /// What came out of the last step.
    member _.Agreed = agreed

    /// Replaces this rank's gradients by the sums over all ranks. `loss`: the mean over this
    /// rank's images, with whose part of the batch the gradients have been weighted; one that is not a
    /// number makes that of the batch not a number. `checksum`: of all that has to be the same on every rank.
    member it.Sum(loss: float, right: int64, checksum: uint64) : Agreed =
        let isSound = Double.IsFinite loss

        if isSound then
            weights.copy_ model.Weights.Gradient |> ignore
            factors.copy_ model.Factors.Gradient |> ignore

        let flag isSet = if isSet then 1.0f else 0.0f

        let write () =
            let values = (Memory.span<float32> buffer).Slice(int gradients)
            values[0] <- float32 (loss * share)
            values[1] <- float32 right
            values[2] <- flag it.Wishes.Stop
            values[3] <- flag it.Wishes.Keep

            for bit in 0 .. bits - 1 do
                values[scalars + bit] <- flag ((checksum >>> bit) &&& 1UL = 1UL)

        write ()
        team.Sum buffer
        let values = (Memory.span<float32> buffer).Slice(int gradients)
        let all = float32 team.Size
        let mutable isSame = true

        // Each bit is either set on every rank or on none.
        for bit in 0 .. bits - 1 do
            let count = values[scalars + bit]
            isSame <- isSame && (count = 0.0f || count = all)

        model.Weights.Gradient.copy_ weights |> ignore
        model.Factors.Gradient.copy_ factors |> ignore

        agreed <- {
            Loss = float values[0]
            Right = int64 values[1]
            Wishes = {
                Stop = values[2] > 0.0f
                Keep = values[3] > 0.0f
            }
            IsSame = isSame
        }

        agreed

    /// Replaces running statistics, laid out as the model's, by those of all ranks: means by their mean, variances by their
    /// mean plus the variance of the means, each rank weighted with its part of the batch.
    member _.Pool(statistics: Tensor) =
        let slots = layout.Statistics |> List.map (fun slot -> slot.Key, slot) |> Map.ofList

        let pairs = [
            for KeyValue(key, mean) in slots do
                match ArrayKey.tryOwner ArrayPart.Mean key with
                | Some owner ->
                    let variance = slots[ArrayKey.make ArrayPart.Variance owner]
                    int mean.Offset, int variance.Offset, int mean.Count
                | None -> ()
        ]

        if not pairs.IsEmpty then
            use _ = torch.NewDisposeScope()
            let own = statistics.cpu().to_type(ScalarType.Float64).contiguous()
            let values = (Memory.span<float> own).ToArray()

            let sum (terms: float[]) =
                use tensor = torch.tensor (terms |> Array.map (fun term -> term * share))
                team.Sum tensor
                (Memory.span<float> tensor).ToArray()

            let means = sum values
            // Around the common mean, which loses no digits.
            let spread = Array.copy values

            for mean, variance, count in pairs do
                for i in 0 .. count - 1 do
                    let off = values[mean + i] - means[mean + i]
                    spread[variance + i] <- values[variance + i] + off * off

            let variances = sum spread

            for mean, variance, count in pairs do
                Array.blit means mean values mean count
                Array.blit variances variance values variance count

            use pooled = torch.tensor (Array.map float32 values)
            statistics.copy_ pooled |> ignore

    interface IDisposable with
        member _.Dispose() =
            weights.Dispose()
            factors.Dispose()
            buffer.Dispose()
