namespace Sss.Files

open System
open System.Buffers
open Sss.Core

/// Everything that converts images of a split to input values, computed once.
type BatchPlan = {
    Split: Split
    Preparation: Preparation
    /// From the split's stored numbers to those that the preparation was made for.
    Units: Units
    Augment: Augment
    /// The run's seed.
    Seed: int
    /// For byte pixels: the normalised value of byte b in channel c at `c * 256 + b`; else empty.
    Table: float32[]
}

/// One image of a batch: decoding, normalisation, and random changes that depend on nothing but the seed, the draw and the image.
[<RequireQualifiedAccess>]
module internal BatchImage =

    /// The random numbers of one image at one draw.
    let stream (seed: int) (draw: int64) (index: int) =
        Rng.create seed |> Rng.fork (int (draw ^^^ (draw >>> 32))) |> Rng.fork index

    // Streams of one image at one draw, besides the one that moves and colours it.
    let private erasing = 1
    let mixing = 2
    let private randomising = 3

    /// A number from 0 to `bound - 1` from 16 bits; the bias is below bound / 65,536.
    let private below (bound: int) (bits: uint64) =
        int ((bits &&& 0xffffUL) * uint64 bound >>> 16)

    /// The values of all images, where they are in memory as the plan wants them.
    let private inMemory plan : Stored voption =
        match plan.Split.Pixels with
        | Floats data -> ValueSome(Stored.Floats data)
        | Bytes data -> ValueSome(Stored.Bytes data)
        | Pictures { Kept = Some data } -> ValueSome(Stored.Bytes data)
        | Pictures { Kept = None } -> ValueNone

    /// Decodes the picture of an index.
    let private decode plan index (target: byte[]) : Result<unit, FileError> =
        match plan.Split.Pixels with
        | Pictures { Paths = paths } ->
            ImageFile.readInto plan.Preparation.Pictures plan.Split.Shape paths[index] target 0
        | Bytes _
        | Floats _ -> Ok()

    /// The image of an index as the split stores it, as numbers, into the start of `target`.
    let stored plan index (target: float32[]) : Result<unit, FileError> =
        let size = int (Shape.count plan.Split.Shape)

        let convert (data: byte[]) start =
            for i in 0 .. size - 1 do
                target[i] <- float32 data[start + i]

        match inMemory plan with
        | ValueSome(Stored.Floats data) -> Ok(Array.Copy(data, index * size, target, 0, size))
        | ValueSome(Stored.Bytes data) -> Ok(convert data (index * size))
        | ValueNone ->
            let decoded = ArrayPool<byte>.Shared.Rent size

            try
                decode plan index decoded |> Result.map (fun () -> convert decoded 0)
            finally
                ArrayPool<byte>.Shared.Return decoded

    /// The same in the units that the preparation was made for: what `Preparation.value` takes.
    let inUnits plan index (target: float32[]) : Result<unit, FileError> =
        stored plan index target
        |> Result.map (fun () ->
            for i in 0 .. int (Shape.count plan.Split.Shape) - 1 do
                target[i] <- Units.apply plan.Units target[i]
        )

    /// The same with a random rectangle scaled to the whole, where the plan has it; gives the stream
    /// after the draws that this took.
    let private scaled plan index (rng: Rng) (target: float32[]) : Result<Rng, FileError> =
        let shape = plan.Split.Shape
        let least = plan.Augment.Area

        if least = 0.0 then
            stored plan index target |> Result.map (fun () -> rng)
        else
            match plan.Split.Pixels with
            | Pictures pictures ->
                // The reader knows the picture's size, and calls this once.
                let after = ref rng

                let choose size =
                    let struct (area, next) = Cut.random least shape size rng
                    after.Value <- next
                    area

                ImageFile.readPart
                    plan.Preparation.Pictures.Background
                    shape
                    choose
                    pictures.Paths[index]
                    target
                |> Result.map (fun () -> after.Value)
            | Bytes _
            | Floats _ ->
                let whole = ArrayPool<float32>.Shared.Rent(int (Shape.count shape))

                try
                    stored plan index whole
                    |> Result.map (fun () ->
                        let full = { H = shape.Height; W = shape.Width }
                        let struct (area, next) = Cut.random least shape full rng

                        Resample.planes
                            shape.Channels
                            shape.Width
                            shape.Height
                            (whole.AsSpan())
                            area
                            shape.Width
                            shape.Height
                            (target.AsSpan())

                        next
                    )
                finally
                    ArrayPool<float32>.Shared.Return whole

    /// Writes one image without changes of scale or colour: the short way.
    let private plainly plan index down right flip (destination: Span<float32>) =
        let shape = plan.Split.Shape
        let size = int (Shape.count shape)
        let table, n, units = plan.Table, plan.Preparation, plan.Units

        match inMemory plan with
        | ValueSome data ->
            Placing.image shape table n units data (index * size) down right flip destination
            Ok()
        | ValueNone ->
            let decoded = ArrayPool<byte>.Shared.Rent size

            try
                let read = decode plan index decoded

                if read.IsOk then
                    let data = Stored.Bytes decoded
                    Placing.image shape table n units data 0 down right flip destination

                read
            finally
                ArrayPool<byte>.Shared.Return decoded

    /// (value − mean) / deviation, in place; `black` was taken off the values before.
    let private normalise (n: Preparation) black area (image: Span<float32>) =
        for c in 0 .. n.Mean.Length - 1 do
            let mean, deviation = n.Mean[c] - black, n.Deviation[c]

            for i in c * area .. (c + 1) * area - 1 do
                image[i] <- (image[i] - mean) / deviation

    /// Writes one image with all changes that the plan has: scale, crop, mirror, colour.
    let private changed plan index down right flip rng (destination: Span<float32>) =
        let shape = plan.Split.Shape
        let values = ArrayPool<float32>.Shared.Rent(int (Shape.count shape))

        try
            match scaled plan index rng values with
            | Error error -> Error error
            | Ok rng ->
                // Colour is changed in units from 0 to 1, so mean and deviation come last.
                let n = plan.Preparation
                let channels = shape.Channels
                let black = Preparation.black n.Range * n.Scale

                let unit = {
                    n with
                        Mean = Array.create channels black
                        Deviation = Array.create channels 1.0f
                }

                let stored = Stored.Floats values
                Placing.image shape [||] unit plan.Units stored 0 down right flip destination

                match plan.Augment.Rand with
                | Some settings ->
                    RandAugment.run shape settings (Rng.fork randomising rng) destination
                | None -> ()

                let rng =
                    if plan.Augment.Jitter > 0.0 then
                        Colour.jitter channels plan.Augment.Jitter destination rng
                    else
                        rng

                if plan.Augment.Pca > 0.0 && channels = 3 then
                    Colour.pca plan.Augment.Pca destination rng |> ignore

                normalise n black (int (Shape.area shape)) destination
                Ok()
        finally
            ArrayPool<float32>.Shared.Return values

    /// Where an image is shifted to and whether it is mirrored, and the random numbers after that.
    let place plan draw key : struct (int * int * bool * Rng) =
        let a = plan.Augment
        let struct (bits, rng) = stream plan.Seed draw key |> Rng.next
        let down = below (2 * a.Crop + 1) bits - a.Crop
        let right = below (2 * a.Crop + 1) (bits >>> 16) - a.Crop
        struct (down, right, a.Flip && (bits >>> 63) = 1UL, rng)

    /// Writes the image of `index` with the random changes of `key`.
    let write plan draw key index (destination: Span<float32>) : Result<unit, FileError> =
        let a = plan.Augment
        let struct (down, right, flip, rng) = place plan draw key

        let written =
            if a.Area = 0.0 && a.Rand.IsNone && a.Jitter = 0.0 && a.Pca = 0.0 then
                plainly plan index down right flip destination
            else
                changed plan index down right flip rng destination

        if written.IsOk && a.Erase > 0.0 then
            let rng = stream plan.Seed draw key |> Rng.fork erasing

            match Erasing.draw a.Erase plan.Split.Shape rng with
            | ValueSome rectangle -> Erasing.apply plan.Split.Shape rectangle destination
            | ValueNone -> ()

        written
