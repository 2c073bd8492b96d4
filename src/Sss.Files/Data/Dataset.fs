namespace Sss.Files

open Sss.Core

/// Picture files, each an image of a split: the middle, scaled to the split's shape, in bytes.
type Pictures = {
    Paths: string[]
    /// All images, decoded once; None: each is decoded whenever it is requested.
    Kept: byte[] option
}

/// The pixels of a split: N images, each channels × height × width, all rows after each other.
type Pixels =
    /// As stored; the `Range` of the data set says what they mean.
    | Bytes of byte[]
    | Floats of float32[]
    | Pictures of Pictures

/// Images of one shape with their targets.
type Split = {
    Shape: Shape
    Pixels: Pixels
    /// What a network should give for each image.
    Targets: Targets
} with

    /// How many images.
    member s.Count = Targets.count s.Targets

    /// The class of each image, counted from 0; empty where images have masks or numbers.
    member s.Labels: int[] = Targets.tryLabels s.Targets |> Option.defaultValue [||]

/// Images to train on and images to test with.
type Dataset = {
    Name: string
    /// Class names in the order of the labels; none where the targets are numbers.
    Classes: string list
    Train: Split
    Test: Split
    /// What its images go through to become input: its own, or that of a network which is tried on it.
    Preparation: Preparation
    /// What the stored pixels mean, independent of `Preparation`.
    Range: PixelRange
    /// How an array of images was interpreted; None where the format leaves nothing open.
    Facts: PixelFacts option
    /// Pictures that were skipped because they are broken, with the reasons.
    Skipped: FileError list
    /// Remarks for users who train on it: of a folder, what was found besides its pictures; how
    /// images were chosen.
    Notes: DataNote list
}

/// Sums over the pixels of byte images, from which mean and deviation come. Whole numbers: exact,
/// so the order in which images are added cannot matter.
type internal Moments = {
    /// Pixels, of one channel.
    Count: int64
    /// One per channel.
    Sums: int64[]
    Squares: int64[]
}

[<RequireQualifiedAccess>]
module internal Moments =

    let nothing channels : Moments = {
        Count = 0L
        Sums = Array.zeroCreate channels
        Squares = Array.zeroCreate channels
    }

    let plus (a: Moments) (b: Moments) : Moments = {
        Count = a.Count + b.Count
        Sums = Array.map2 (+) a.Sums b.Sums
        Squares = Array.map2 (+) a.Squares b.Squares
    }

    /// Of images that are one after the other from the start of an array.
    let ofImages (shape: Shape) (count: int) (data: byte[]) : Moments =
        let area = int (Shape.area shape)
        let sums = Array.zeroCreate shape.Channels
        let squares = Array.zeroCreate shape.Channels

        for n in 0 .. count - 1 do
            for c in 0 .. shape.Channels - 1 do
                let start = (n * shape.Channels + c) * area
                let mutable sum = 0L
                let mutable square = 0L

                for i in start .. start + area - 1 do
                    let v = int64 data[i]
                    sum <- sum + v
                    square <- square + v * v

                sums[c] <- sums[c] + sum
                squares[c] <- squares[c] + square

        {
            Count = int64 count * int64 area
            Sums = sums
            Squares = squares
        }

/// Parts of a data set.
[<RequireQualifiedAccess>]
module Split =

    /// The images at these places, in this order.
    let pick (indices: int[]) (split: Split) : Split =
        let size = int (Shape.count split.Shape)

        let chosen (data: 'V[]) =
            let values = Array.zeroCreate<'V>(indices.Length * size)

            for at in 0 .. indices.Length - 1 do
                System.Array.Copy(data, indices[at] * size, values, at * size, size)

            values

        {
            split with
                Pixels =
                    match split.Pixels with
                    | Bytes data -> Bytes(chosen data)
                    | Floats data -> Floats(chosen data)
                    | Pictures pictures ->
                        Pictures {
                            Paths = indices |> Array.map (fun i -> pictures.Paths[i])
                            Kept = pictures.Kept |> Option.map chosen
                        }
                Targets = Targets.pick indices split.Targets
        }

    /// The first `count` images, or all when there are fewer.
    let take (count: int) (split: Split) : Split =
        if count >= split.Count then
            split
        else
            pick [| 0 .. count - 1 |] split

    /// Mean and deviation of pixels times `scale`, from each channel's mean and variance.
    let private normalised options range (scale: float32) (channels: (float * float)[]) = {
        Pictures = options
        Range = range
        Scale = scale
        Mean = channels |> Array.map (fun (mean, _) -> float32 mean * scale)
        Deviation =
            channels
            |> Array.map (fun (_, variance) ->
                match float32 (sqrt (max 0.0 variance)) * scale with
                | d when d > 0.0f && System.Single.IsFinite d -> d
                | _ -> 1.0f
            )
        IsGiven = false
    }

    /// The same from sums.
    let internal ofMoments options range scale (m: Moments) : Preparation =
        let count = float (max 1L m.Count)

        Array.map2
            (fun (sum: int64) (square: int64) ->
                let mean = float sum / count
                mean, float square / count - mean * mean
            )
            m.Sums
            m.Squares
        |> normalised options range scale

    let private ofFloats options range scale (split: Split) (data: float32[]) : Preparation =
        let area = int (Shape.area split.Shape)
        let channels = split.Shape.Channels
        let perChannel = float split.Count * float area

        let moments channel =
            let planes = Seq.init split.Count (fun n -> (n * channels + channel) * area)
            let mutable sum = 0.0

            for start in planes do
                for i in start .. start + area - 1 do
                    sum <- sum + float data[i]

            let mean = sum / perChannel
            let mutable squares = 0.0

            for start in planes do
                for i in start .. start + area - 1 do
                    let d = float data[i] - mean
                    squares <- squares + d * d

            mean, squares / perChannel

        Array.init channels moments |> normalised options range scale

    /// The preparation of a training split whose pixels are of a range and were read with options:
    /// mean and deviation of each channel over its images, of the pixels times `scale`. Pictures that
    /// are not decoded have the mean 0 and the deviation 1.
    let preparation options range (scale: float32) (split: Split) : Preparation =
        let ofBytes data =
            Moments.ofImages split.Shape split.Count data |> ofMoments options range scale

        match split.Pixels with
        | Bytes data
        | Pictures { Kept = Some data } -> ofBytes data
        | Floats data -> ofFloats options range scale split data
        | Pictures { Kept = None } ->
            Array.create split.Shape.Channels (0.0, 1.0 / float (scale * scale))
            |> normalised options range scale

    /// A data set from its splits, which store pixels of a range times `scale`; the rest of the
    /// preparation comes from the training split.
    let internal scaled name classes range scale train test : Dataset = {
        Name = name
        Classes = classes
        Train = train
        Test = test
        Preparation = preparation PictureOptions.standard range scale train
        Range = range
        Facts = None
        Skipped = []
        Notes = []
    }

    /// The same with the scale for the range.
    let internal together name classes range train test : Dataset =
        scaled name classes range (Preparation.scaleOf range) train test
