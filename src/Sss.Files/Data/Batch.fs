namespace Sss.Files

open System
open System.Buffers
open Sss.Core

/// Filling of batches: decoding, normalisation, and random changes that depend on nothing but the
/// seed, the draw and the image. Several threads may use one plan.
[<RequireQualifiedAccess>]
module Batch =

    /// A plan for training: with augmentation.
    let training (dataset: Dataset) (augment: Augment) (seed: int) : BatchPlan =
        let n = dataset.Preparation
        // Where nothing in common is known, numbers are taken as they are: `Dataset.preparedBy` has
        // refused what must not come here.
        let units = Units.between dataset.Range n.Range |> Option.defaultValue Units.same

        {
            Split = dataset.Train
            Preparation = n
            Units = units
            Augment = augment
            Seed = seed
            Table =
                match dataset.Train.Pixels with
                | Floats _ -> [||]
                | Bytes _
                | Pictures _ ->
                    Array.init
                        (n.Mean.Length * 256)
                        (fun i ->
                            let c = i / 256
                            Preparation.value n c (Units.apply units (float32 (i % 256)))
                        )
        }

    /// A plan for any split without random changes.
    let plain (dataset: Dataset) (split: Split) : BatchPlan = {
        training { dataset with Train = split } Augment.none 0 with
            Split = split
    }

    /// The image of an index as the split stores it, as numbers, into the start of `target`.
    let stored plan index (target: float32[]) : Result<unit, FileError> =
        BatchImage.stored plan index target

    /// The same in the units that the preparation was made for: what `Preparation.value` takes.
    let inUnits plan index (target: float32[]) : Result<unit, FileError> =
        BatchImage.inUnits plan index target

    /// Writes one image, C × H × W, into as many values: normalised and (in a training plan) changed
    /// at random in the order of `Augment`. The random choice depends on the plan's seed, on `draw`
    /// (which distinguishes two uses of the same image: the epoch) and on the index alone. Fails
    /// where the picture cannot be read.
    let one
        (plan: BatchPlan)
        (draw: int64)
        (index: int)
        (destination: Span<float32>)
        : Result<unit, FileError> =
        BatchImage.write plan draw index index destination

    /// This many images after a broken one are tried in its place.
    let private substitutes = 100

    /// Fills `images`, and `taken` with the index of the image that is at each place.
    let private fillImages
        plan
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (images: Span<float32>)
        (taken: Span<int>)
        : Result<FileError list, FileError> =
        let size = int (Shape.count plan.Split.Shape)
        let mutable broken = []
        let mutable failed = None
        let mutable i = 0

        while failed.IsNone && i < indices.Length do
            let mutable tries = 0
            let mutable isWritten = false

            while failed.IsNone && not isWritten do
                let index = (indices[i] + tries) % plan.Split.Count

                match
                    BatchImage.write plan draw indices[i] index (images.Slice(i * size, size))
                with
                | Ok() ->
                    taken[i] <- index
                    isWritten <- true
                | Error error when FileError.isBroken error && tries < substitutes ->
                    broken <- error :: broken
                    tries <- tries + 1
                | Error error -> failed <- Some error

            i <- i + 1

        match failed with
        | Some error -> Error error
        | None -> Ok(List.rev broken)

    /// Whether each image is mixed with another one, and so are its targets.
    let mixes (plan: BatchPlan) : bool = Mixing.isAsked plan.Augment

    /// Mixes each image with one of the split that has the random changes of the same draw, and says how. Where the other one
    /// cannot be read, the image stays as it is.
    let private mixAll
        plan
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (images: Span<float32>)
        (mixed: Span<Mix>)
        : Result<FileError list, FileError> =
        let shape = plan.Split.Shape
        let size = int (Shape.count shape)
        let other = ArrayPool<float32>.Shared.Rent size
        let mutable broken = []
        let mutable failed = None

        for i in 0 .. indices.Length - 1 do
            let rng = BatchImage.stream plan.Seed draw indices[i] |> Rng.fork BatchImage.mixing
            let mix = Mixing.draw plan.Augment shape plan.Split.Count rng
            mixed[i] <- Mixing.alone mix.Partner

            match BatchImage.write plan draw mix.Partner mix.Partner (other.AsSpan(0, size)) with
            | Ok() ->
                Mixing.apply shape mix (ReadOnlySpan(other, 0, size)) (images.Slice(i * size, size))
                mixed[i] <- mix
            | Error error when FileError.isBroken error -> broken <- error :: broken
            | Error error -> failed <- Some error

        ArrayPool<float32>.Shared.Return other

        match failed with
        | Some error -> Error error
        | None -> Ok(List.rev broken)

    /// Fills and mixes images; `taken` and `mixed` say what is at each place.
    let private fillMixed
        plan
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (images: Span<float32>)
        (taken: Span<int>)
        (mixed: Span<Mix>)
        : Result<FileError list, FileError> =
        match fillImages plan draw indices images taken with
        | Error error -> Error error
        | Ok broken ->
            match mixAll plan draw indices images mixed with
            | Error error -> Error error
            | Ok more -> Ok(broken @ more)

    /// Fills `images` with the images of `indices`, N × C × H × W, and `classes` with their classes, or with the
    /// classes of their pixels, as LibTorch wants them; both have exactly as many places. A broken picture is replaced by the
    /// next one of the split that can be read, and named in the result; so the values depend on the
    /// files and the arguments alone, and any division of the work among threads gives the same bits.
    /// Fails when a file cannot be read for another reason, or when too many that follow each other
    /// are broken. Images that are in memory and change neither scale nor colour allocate nothing.
    let fill
        (plan: BatchPlan)
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (images: Span<float32>)
        (classes: Span<int64>)
        : Result<FileError list, FileError> =
        let taken = ArrayPool<int>.Shared.Rent indices.Length

        try
            let filled = fillImages plan draw indices images (taken.AsSpan())
            let size = Targets.size plan.Split.Targets

            if filled.IsOk then
                for i in 0 .. indices.Length - 1 do
                    let struct (down, right, flip, _) = BatchImage.place plan draw indices[i]
                    let target = classes.Slice(i * size, size)
                    TargetPlacing.classes plan.Split.Targets taken[i] down right flip target

            filled
        finally
            ArrayPool<int>.Shared.Return taken

    /// The same where each image has a class and is mixed with another one: `pairs` gets N × 3 numbers, the class of an image,
    /// that of the other one, and the part of the first.
    let fillPairs
        (plan: BatchPlan)
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (images: Span<float32>)
        (pairs: Span<float32>)
        : Result<FileError list, FileError> =
        let labels = plan.Split.Labels
        let taken = ArrayPool<int>.Shared.Rent indices.Length
        let mixed = ArrayPool<Mix>.Shared.Rent indices.Length

        try
            let filled = fillMixed plan draw indices images (taken.AsSpan()) (mixed.AsSpan())

            if filled.IsOk then
                for i in 0 .. indices.Length - 1 do
                    pairs[3 * i] <- float32 labels[taken[i]]
                    pairs[3 * i + 1] <- float32 labels[mixed[i].Partner]
                    pairs[3 * i + 2] <- mixed[i].Own

            filled
        finally
            ArrayPool<int>.Shared.Return taken
            ArrayPool<Mix>.Shared.Return mixed

    /// The same as `fill` where further outputs have targets of their own: all are numbers, N × values, one output after the
    /// other.
    let fillAll
        (plan: BatchPlan)
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (images: Span<float32>)
        (targets: Span<float32>)
        : Result<FileError list, FileError> =
        let taken = ArrayPool<int>.Shared.Rent indices.Length

        try
            let filled = fillImages plan draw indices images (taken.AsSpan())
            let size = Targets.size plan.Split.Targets

            if filled.IsOk then
                for i in 0 .. indices.Length - 1 do
                    let struct (down, right, flip, _) = BatchImage.place plan draw indices[i]
                    let own = targets.Slice(i * size, size)
                    TargetPlacing.all plan.Split.Targets taken[i] down right flip own

            filled
        finally
            ArrayPool<int>.Shared.Return taken

    /// Numbers of mixed images, mixed alike.
    let private mixNumbers plan (mixed: ReadOnlySpan<Mix>) (numbers: Span<float32>) =
        let size = Targets.size plan.Split.Targets
        let other = Array.zeroCreate<float32> size

        for i in 0 .. mixed.Length - 1 do
            TargetPlacing.numbers plan.Split.Targets mixed[i].Partner (other.AsSpan())
            let own = numbers.Slice(i * size, size)

            for k in 0 .. size - 1 do
                own[k] <- mixed[i].Own * own[k] + (1.0f - mixed[i].Own) * other[k]

    /// The same as `fill` where targets are numbers; those of mixed images are mixed too.
    let fillNumbers
        (plan: BatchPlan)
        (draw: int64)
        (indices: ReadOnlySpan<int>)
        (images: Span<float32>)
        (numbers: Span<float32>)
        : Result<FileError list, FileError> =
        let taken = ArrayPool<int>.Shared.Rent indices.Length
        let mixed = ArrayPool<Mix>.Shared.Rent indices.Length

        try
            let filled =
                if mixes plan then
                    fillMixed plan draw indices images (taken.AsSpan()) (mixed.AsSpan())
                else
                    fillImages plan draw indices images (taken.AsSpan())

            let size = Targets.size plan.Split.Targets

            if filled.IsOk then
                for i in 0 .. indices.Length - 1 do
                    let target = numbers.Slice(i * size, size)
                    TargetPlacing.numbers plan.Split.Targets taken[i] target

                if mixes plan then
                    mixNumbers plan (ReadOnlySpan(mixed, 0, indices.Length)) numbers

            filled
        finally
            ArrayPool<int>.Shared.Return taken
            ArrayPool<Mix>.Shared.Return mixed
