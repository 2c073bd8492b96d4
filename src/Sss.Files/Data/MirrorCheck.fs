namespace Sss.Files

open Sss.Core

/// Whether mirrored images still show their classes.
[<RequireQualifiedAccess>]
type Mirroring =
    /// They look like their classes nearly as often as the images themselves do.
    | Keeps
    /// They look like other classes more often, as letters and digits do.
    | Changes
    /// The images are too few, or too different from each other, to say.
    | Unknown

/// A measurement of what mirroring does to images: each image, and its mirror image, is given the class of the
/// nearest other image. Where that is much more often right for the images than for their mirror images,
/// mirroring changes what they show.
[<RequireQualifiedAccess>]
module MirrorCheck =

    /// The number of images of a size that are looked at: the work grows with the square of it.
    let private most (size: int) : int =
        sqrt (1.5e8 / float size) |> int |> max 20 |> min 400

    /// With fewer images nothing can be said.
    let private least = 20

    /// An image, C × H × W, with left and right exchanged.
    let mirror (shape: Shape) (image: float32[]) : float32[] =
        Array.init
            image.Length
            (fun i ->
                let x = i % shape.Width
                image[i - x + shape.Width - 1 - x]
            )

    let private distance (a: float32[]) (b: float32[]) : float32 =
        let mutable sum = 0.0f

        for i in 0 .. a.Length - 1 do
            let d = a[i] - b[i]
            sum <- sum + d * d

        sum

    /// The share of images whose nearest other image has their class, where an image is changed before it looks.
    let private recognised
        (change: float32[] -> float32[])
        (labels: int[])
        (images: float32[][])
        : float =
        let isRight i =
            let image = change images[i]

            let nearest =
                seq { 0 .. images.Length - 1 }
                |> Seq.filter (fun j -> j <> i)
                |> Seq.minBy (fun j -> distance image images[j])

            labels[nearest] = labels[i]

        let right = seq { 0 .. images.Length - 1 } |> Seq.filter isRight |> Seq.length
        float right / float images.Length

    /// The part of what is recognised that mirroring must leave, chance apart. Handwritten digits leave 0.30;
    /// Fashion-MNIST, whose shoes all point to the left, 0.77.
    let private kept = 0.6

    /// Measures images of a shape with their labels, in units of any kind.
    let measure (shape: Shape) (labels: int[]) (images: float32[][]) : Mirroring =
        if images.Length < least then
            Mirroring.Unknown
        else
            let n = float images.Length

            let chance =
                labels |> Array.countBy id |> Array.sumBy (fun (_, k) -> (float k / n) ** 2.0)

            let deviation = sqrt (chance * (1.0 - chance) / n)
            let own = recognised id labels images - chance

            // Less than this above chance may be chance.
            if own < 4.0 * deviation || own <= 0.0 then
                Mirroring.Unknown
            elif recognised (mirror shape) labels images - chance >= kept * own then
                Mirroring.Keeps
            else
                Mirroring.Changes

    /// Some of `count` images, evenly over all.
    let private sample (size: int) (count: int) : int[] =
        let step = (count + most size - 1) / most size |> max 1
        [| 0..step .. count - 1 |]

    /// The shape that picture files are read in: small, since shapes and colours are what counts.
    let private thumbnail = Shape.create 3 16 16

    /// Measures picture files; those that cannot be read have no part in it.
    let ofPictures (pictures: (string * int)[]) : Mirroring =
        let read =
            sample (int (Shape.count thumbnail)) pictures.Length
            |> Array.choose (fun i ->
                let path, label = pictures[i]

                match ImageFile.read thumbnail path with
                | Ok bytes -> Some(label, Array.map float32 bytes)
                | Error _ -> None
            )

        measure thumbnail (Array.map fst read) (Array.map snd read)

    /// Measures the images of a split with labels.
    let ofSplit (split: Split) : Mirroring =
        let size = int (Shape.count split.Shape)
        let places = sample size split.Count
        let labels = split.Labels

        let images (toFloat: 'V[] -> float32[]) (data: 'V[]) =
            places
            |> Array.map (fun at -> Array.sub data (at * size) size |> toFloat)
            |> measure split.Shape (Array.map (Array.get labels) places)

        if labels.Length < split.Count then
            Mirroring.Unknown
        else
            match split.Pixels with
            | Bytes data -> images (Array.map float32) data
            | Floats data -> images id data
            | Pictures pictures -> ofPictures (Array.zip pictures.Paths labels)
