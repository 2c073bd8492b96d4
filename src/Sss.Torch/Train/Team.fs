namespace Sss.Torch

open TorchSharp

/// The processes that train one network together, from the view of one of them. Every member is
/// collective: all ranks call the same ones in the same order, and each call ends once all have
/// called. A call never returns when a rank is lost: the process ends with a message then.
type Team =
    /// From 0.
    abstract Rank: int
    abstract Size: int
    /// Replaces a contiguous tensor of float32 or float64 by its sum over the ranks: the same bits on
    /// every rank.
    abstract Sum: torch.Tensor -> unit
    /// The bytes that rank 0 gives, on every rank.
    abstract OfFirst: byte[] -> byte[]
    /// The bytes of each rank, on every rank.
    abstract OfAll: byte[] -> byte[][]

/// Parts of a batch.
[<RequireQualifiedAccess>]
module Team =

    /// The first row and the number of rows of a batch that are a rank's: parts that differ by one
    /// row at most, regardless of the numbers.
    let rows (batch: int) (size: int) (rank: int) : struct (int * int) =
        let first r =
            int (int64 r * int64 batch / int64 size)

        struct (first rank, first (rank + 1) - first rank)
