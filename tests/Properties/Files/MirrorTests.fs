namespace Sss.Tests.Files

open System
open Xunit
open FsCheck.Xunit
open Sss.Core
open Sss.Files

/// Whether mirrored images show their classes: measured on made ones, and on the digits.
type MirrorTests() =

    let shape = Shape.create 1 6 6

    /// Noise with a bright column at a place, which is the class.
    let columns (places: int list) count =
        let random = Random 5

        let image label =
            Array.init
                36
                (fun i ->
                    let bright = if i % 6 = places[label] then 1.0f else 0.0f
                    bright + 0.1f * float32 (random.NextDouble())
                )

        let labels = Array.init count (fun i -> i % places.Length)
        labels, Array.map image labels

    let measure (labels, images) = MirrorCheck.measure shape labels images

    [<Property(MaxTest = 50)>]
    member _.``mirrored twice is the image itself, and rows stay``(seed: int) =
        let random = Random seed
        let shape = Shape.create (random.Next(1, 4)) (random.Next(1, 6)) (random.Next(1, 6))

        let image =
            Array.init (int (Shape.count shape)) (fun _ -> float32 (random.NextDouble()))

        let once = MirrorCheck.mirror shape image
        let rows = Array.chunkBySize shape.Width
        Assert.Equal<float32[]>(image, MirrorCheck.mirror shape once)
        Assert.Equal<float32[][]>(rows image |> Array.map Array.rev, rows once)

    [<Fact>]
    member _.``classes that mirroring exchanges are found, and those that it does not``() =
        // Columns on the left and on the right change places; those in the middle stay near each other.
        Assert.Equal(Mirroring.Changes, measure (columns [ 0; 5 ] 60))
        Assert.Equal(Mirroring.Changes, measure (columns [ 0; 1; 4; 5 ] 60))
        let labels, images = columns [ 0; 5; 2; 3 ] 80
        // Both sides are one class, and so is the middle.
        Assert.Equal(Mirroring.Keeps, measure (labels |> Array.map (fun k -> k / 2), images))

    [<Fact>]
    member _.``few images, and those that tell nothing, leave it open``() =
        Assert.Equal(Mirroring.Unknown, measure (columns [ 0; 5 ] 19))
        let random = Random 3

        let noise =
            Array.init 100 (fun _ -> Array.init 36 (fun _ -> float32 (random.NextDouble())))

        let labels = Array.init 100 (fun i -> i % 2)
        Assert.Equal(Mirroring.Unknown, measure (labels, noise))
        Assert.Equal(Mirroring.Unknown, measure (Array.create 100 0, noise))

    [<Fact>]
    member _.``mirrored digits are others``() =
        match Dataset.load Digits with
        | Ok digits -> Assert.Equal(Mirroring.Changes, MirrorCheck.ofSplit digits.Train)
        | Error error -> failwith (string error)
