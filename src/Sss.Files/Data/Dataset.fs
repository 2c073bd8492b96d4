namespace Sss.Files

open Sss.Core

/// The pixels of a split: N images, each channels × height × width, all rows after each other.
type Pixels =
    /// As stored; what they mean is told by the scale of the data set's `Normalisation`.
    | Bytes of byte[]
    | Floats of float32[]

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
}

/// Parts of a data set.
[<RequireQualifiedAccess>]
module Split =

    /// The first `count` images, or all when there are fewer.
    let take (count: int) (split: Split) : Split =
        if count >= split.Count then
            split
        else
            let values = count * int (Shape.count split.Shape)

            {
                split with
                    Pixels =
                        match split.Pixels with
                        | Bytes data -> Bytes(Array.sub data 0 values)
                        | Floats data -> Floats(Array.sub data 0 values)
                    Labels = Array.sub split.Labels 0 count
            }

    /// The images of the given numbers, in that order.
    let pick (indices: int[]) (split: Split) : Split =
        let size = int (Shape.count split.Shape)

        let gather (data: 'T[]) =
            let picked = Array.zeroCreate (indices.Length * size)

            indices
            |> Array.iteri (fun i index ->
                Array.blit data (index * size) picked (i * size) size
            )

            picked

        {
            split with
                Pixels =
                    match split.Pixels with
                    | Bytes data -> Bytes(gather data)
                    | Floats data -> Floats(gather data)
                Labels = indices |> Array.map (fun index -> split.Labels[index])
        }

    /// Mean and deviation of each channel over the images of a split, of the pixels times `scale`.
    let normalisation (scale: float32) (split: Split) : Normalisation =
        let area = int (Shape.area split.Shape)
        let channels = split.Shape.Channels
        let perChannel = float split.Count * float area

        let moments channel =
            let planes = Seq.init split.Count (fun n -> (n * channels + channel) * area)

            match split.Pixels with
            | Bytes data ->
                // Whole numbers: exact, so the order of summation cannot matter.
                let mutable sum = 0L
                let mutable squares = 0L

                for start in planes do
                    for i in start .. start + area - 1 do
                        let v = int64 data[i]
                        sum <- sum + v
                        squares <- squares + v * v

                let mean = float sum / perChannel
                mean, float squares / perChannel - mean * mean
            | Floats data ->
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

        let all = Array.init channels moments

        let deviation variance =
            float32 (sqrt (max 0.0 variance)) * scale

        {
            Scale = scale
            Mean = all |> Array.map (fun (mean, _) -> float32 mean * scale)
            Deviation =
                all
                |> Array.map (fun (_, variance) ->
                    match deviation variance with
                    | d when d > 0.0f && System.Single.IsFinite d -> d
                    | _ -> 1.0f
                )
        }

    /// A data set from its splits; the normalisation comes from the training split.
    let internal together name classes scale train test : Dataset = {
        Name = name
        Classes = classes
        Train = train
        Test = test
        Normalisation = normalisation scale train
        Skipped = []
    }
