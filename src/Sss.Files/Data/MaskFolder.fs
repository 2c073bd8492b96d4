namespace Sss.Files

open System
open System.IO
open System.Threading.Tasks
open FsToolkit.ErrorHandling
open Sss.Core

/// Pictures with masks, read for a network. `MaskListing` says where they are.
[<RequireQualifiedAccess>]
module internal MaskFolder =

    /// What a network makes of masks: their size, and how many classes there are; without one, the size of the images.
    type private Wanted = {
        Input: Shape
        Height: int
        Width: int
        Classes: int option
    }

    let private wanted (network: Network option) (shape: Shape) : Wanted =
        match network with
        | Some network ->
            let output = Network.output network

            {
                Input = shape
                Height = output.Height
                Width = output.Width
                Classes =
                    match network.OutputKind with
                    | OutputKind.Classes -> Some network.Classes
                    | OutputKind.Numbers -> None
            }
        | None -> {
            Input = shape
            Height = shape.Height
            Width = shape.Width
            Classes = None
          }

    /// Reads one mask to its place; a fault of the mask is the value.
    let private readOne
        root
        (options: PictureOptions)
        (w: Wanted)
        (picture: MaskedPicture)
        target
        offset
        =
        let shown = Path.GetRelativePath(root, picture.Mask)

        match MaskFile.read picture.Mask, ImageFile.size picture.Image with
        | Error(Malformed(_, fault)), _ ->
            Ok(Some(MaskFault.NotRead(shown, FileError.faultMessage fault)))
        | Error error, _ -> Error error
        | Ok(size, _), Ok image when size <> image ->
            Ok(Some(MaskFault.OtherSize(shown, size, image)))
        | Ok(size, mask), _ ->
            let most = Option.defaultValue 256 w.Classes

            match mask |> Array.tryFindIndex (fun found -> int found >= most) with
            | Some i ->
                Ok(Some(MaskFault.NoClass(shown, int mask[i], i % size.W, i / size.W, most)))
            | None ->
                let area = Cut.middle options.Resize w.Input size
                MaskFile.scale area size mask w.Height w.Width target offset
                Ok None

    /// The masks of pictures, on all cores; the faults in the order of the pictures.
    let private readMasks root options (w: Wanted) (pictures: MaskedPicture[]) =
        let size = int64 w.Height * int64 w.Width

        if size * int64 pictures.Length > int64 Array.MaxLength then
            let found, most = $"{size * int64 pictures.Length} pixels", string Array.MaxLength

            Error(
                Malformed(Place.start root, OutOfRange("the size of all masks", found, "1", most))
            )
        else
            let target = Array.zeroCreate<uint16>(int size * pictures.Length)
            let found = Array.create pictures.Length (Ok None)

            Parallel.For(
                0,
                pictures.Length,
                fun i -> found[i] <- readOne root options w pictures[i] target (i * int size)
            )
            |> ignore

            List.ofArray found
            |> List.sequenceResultM
            |> Result.map (fun faults ->
                Targets.Masks(w.Height, w.Width, target), List.choose id faults
            )

    /// Pictures whose labels are their places, so that masks can be picked for those that can be read.
    let private placed (pictures: MaskedPicture[]) : LabelledPicture[] =
        pictures |> Array.mapi (fun i picture -> { Path = picture.Image; Label = i })

    let private withMasks (masks: Targets) (split: Split) : Split = {
        split with
            Targets = Targets.pick split.Labels masks
    }

    let private read options (network: Network option) (root: string) : Result<Dataset, FileError> =
        result {
            let! training, tests, alone = MaskListing.survey root

            if training.IsEmpty || tests.IsEmpty then
                let part = if training.IsEmpty then "train on" else "test with"
                return! Error(Malformed(Place.start root, Lacks $"pictures with masks to {part}"))

            let train, test = Array.ofList training, Array.ofList tests
            let given = network |> Option.map _.Input
            let! shape = ImageFolder.shapeOf root train[0].Image given
            let w = wanted network shape
            let! trainMasks, faults = readMasks root options w train
            let! testMasks, faultsOfTest = readMasks root options w test
            do! MaskListing.failing root (faults @ faultsOfTest)

            let! trained, tested, broken =
                ImageFolder.pictures
                    ImageFolder.keptBytes
                    options
                    shape
                    root
                    (placed train)
                    (placed test)

            let! preparation = ImageFolder.preparationOf options trained

            return {
                Name = $"folder:{root}"
                Classes =
                    match w.Classes with
                    | Some count -> [ for i in 0 .. count - 1 -> string i ]
                    | None -> Targets.numbered trainMasks testMasks
                Train = withMasks trainMasks trained
                Test = withMasks testMasks tested
                Preparation = preparation
                Range = PixelRange.bytes
                Facts = None
                Skipped = broken
                Notes = [
                    if not alone.IsEmpty then
                        DataNote.Folder(FolderNote.NoImage alone)
                ]
            }
        }

    /// Reads a folder with the options of pictures. Masks are cut as their images, and scaled to the network's output by their
    /// nearest pixels; they are kept in memory, two bytes a pixel. Without a network, images have the size of the first, and
    /// classes are the numbers up to the largest.
    let load options (network: Network option) (root: string) : Result<Dataset, FileError> =
        FileError.catching root (fun () -> read options network root)
