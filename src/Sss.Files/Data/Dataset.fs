namespace Sss.Files

open Sss.Core

/// Picture files, each an image of a split: the middle, scaled to the split's shape, in bytes.
type Pictures = {
    Paths: string[]
    /// All images, decoded once; None: each is decoded whenever it is asked for.
    Kept: byte[] option
}

/// The pixels of a split: N images, each channels × height × width, all rows after each other.
type Pixels =
    /// As stored; what they mean is told by the scale of the data set's `Normalisation`.
    | Bytes of byte[]
    | Floats of float32[]
    | Pictures of Pictures

/// Images of one shape with their labels.
type Split = {
    Shape: Shape
    Pixels: Pixels
    /// The class of each image, counted from 0.
    Labels: int[]
} with

    /// How many images.
    member s.Count = s.Labels.Length

/// How stored pixels become a network's input: (pixel · scale − mean) / deviation, channel by
/// channel, in this order and in single precision.
type Normalisation = {
    /// For picture files: the pixels of the shorter side before the middle is cut out; 0: as many
    /// as the input has (`Augment.Resize`).
    Resize: int
    Scale: float32
    /// One a channel, of the scaled pixels of the training split.
    Mean: float32[]
    /// One a channel; never 0 (a channel that is the same everywhere gets 1).
    Deviation: float32[]
}

/// Images to train on and images to test with.
type Dataset = {
    Name: string
    /// Class names in the order of the labels.
    Classes: string list
    Train: Split
    Test: Split
    Normalisation: Normalisation
    /// Pictures that were left out because they are broken, with the reasons.
    Skipped: FileError list
    /// What whoever trains on it should know: of a folder, what was found besides its pictures; how
    /// images were chosen.
    Notes: DataNote list
}

/// Sums over the pixels of byte images, from which mean and deviation come. Whole numbers: exact,
/// so the order in which images are added cannot matter.
type internal Moments = {
    /// Pixels, of one channel.
    Count: int64
    /// One a channel.
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

    /// Of images that lie one after the other from the start of an array.
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
                Labels = indices |> Array.map (fun i -> split.Labels[i])
        }

    /// The first `count` images, or all when there are fewer.
    let take (count: int) (split: Split) : Split =
        if count >= split.Count then
            split
        else
            pick [| 0 .. count - 1 |] split

    /// Mean and deviation of pixels times `scale`, from each channel's mean and variance.
    let private normalised (scale: float32) (channels: (float * float)[]) : Normalisation = {
        Resize = 0
        Scale = scale
        Mean = channels |> Array.map (fun (mean, _) -> float32 mean * scale)
        Deviation =
            channels
            |> Array.map (fun (_, variance) ->
                match float32 (sqrt (max 0.0 variance)) * scale with
                | d when d > 0.0f && System.Single.IsFinite d -> d
                | _ -> 1.0f
            )
    }

    /// The same from sums.
    let internal ofMoments (scale: float32) (m: Moments) : Normalisation =
        let count = float (max 1L m.Count)

        Array.map2
            (fun (sum: int64) (square: int64) ->
                let mean = float sum / count
                mean, float square / count - mean * mean
            )
            m.Sums
            m.Squares
        |> normalised scale

    let private ofFloats (scale: float32) (split: Split) (data: float32[]) : Normalisation =
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

        Array.init channels moments |> normalised scale

    /// Mean and deviation of each channel over the images of a split, of the pixels times `scale`.
    /// Pictures that are not decoded have the mean 0 and the deviation 1.
    let normalisation (scale: float32) (split: Split) : Normalisation =
        let ofBytes data =
            Moments.ofImages split.Shape split.Count data |> ofMoments scale

        match split.Pixels with
        | Bytes data
        | Pictures { Kept = Some data } -> ofBytes data
        | Floats data -> ofFloats scale split data
        | Pictures { Kept = None } ->
            normalised scale (Array.create split.Shape.Channels (0.0, 1.0 / float (scale * scale)))

    /// A data set from its splits; the normalisation comes from the training split.
    let internal together name classes scale train test : Dataset = {
        Name = name
        Classes = classes
        Train = train
        Test = test
        Normalisation = normalisation scale train
        Skipped = []
        Notes = []
    }
