namespace Sss.Files

open System
open System.IO
open FsToolkit.ErrorHandling
open Sss.Core

/// An image with its mask.
type internal MaskedPicture = { Image: string; Mask: string }

/// The files of folders of pictures with masks: `images` and `masks` below the root, of which every fifth picture is for testing, or below
/// `train` and `test` (and their other names) each. A mask has the name of its image, and is a PNG.
[<RequireQualifiedAccess>]
module internal MaskListing =

    [<Literal>]
    let private images = "images"

    [<Literal>]
    let private masks = "masks"

    let private hasBoth (names: string list) =
        List.contains images names && List.contains masks names

    let private names (path: string) =
        match FolderListing.visible path with
        | Ok names -> names
        // It is reported when the folder is read.
        | Error _ -> []

    /// Where the pictures to train on and to test with are; None: `images` and `masks` are at the root.
    let private parts (root: string) : Result<(string * string) option, FileError> =
        let below name = names (Path.Combine(root, name))
        let top = names root

        if hasBoth top then
            Ok None
        else
            FolderSurvey.layout root top (fun name -> not (below name).IsEmpty)
            |> Result.bind (fun layout ->
                match layout with
                | FolderLayout.Parts(train, test, _, _) when hasBoth (below train) ->
                    Ok(Some(train, test))
                | FolderLayout.Parts _
                | FolderLayout.Classes ->
                    Error(Malformed(Place.start root, Lacks $"folders `{images}` and `{masks}`"))
            )

    /// Whether a folder has pictures with masks, by the names of its folders.
    let isThere (root: string) : bool =
        Directory.Exists root && (parts root).IsOk

    let private stem (path: string) =
        Path.GetFileNameWithoutExtension path |> string

    /// The pictures of one part in the order of their names, what is wrong with their names, and masks that belong to none.
    let private part (root: string) (name: string) =
        let files folder =
            let path = Path.Combine(root, name, folder)

            FileError.catching
                path
                (fun () ->
                    Directory.EnumerateFiles path
                    |> Seq.filter (fun file ->
                        not (FolderListing.isHidden (Path.GetFileName file |> string))
                    )
                    |> Seq.sortWith (fun a b -> String.CompareOrdinal(a, b))
                    |> List.ofSeq
                    |> Ok
                )

        let suffix (path: string) =
            (Path.GetExtension path |> string).ToLowerInvariant()

        let shown path = Path.GetRelativePath(root, path)

        result {
            let! pictures = files images
            let! found = files masks

            let pictures =
                pictures |> List.filter (fun p -> List.contains (suffix p) ImageFile.suffixes)

            let found = found |> List.filter (fun mask -> suffix mask = ".png")
            let ofStem = found |> List.map (fun mask -> stem mask, mask) |> Map.ofList
            let stems = pictures |> List.map stem |> Set.ofList

            let faults = [
                for _, same in List.groupBy stem pictures do
                    match same with
                    | first :: second :: _ -> MaskFault.TwoImages(shown first, shown second)
                    | _ -> ()

                for picture in pictures do
                    if not (ofStem.ContainsKey(stem picture)) then
                        let mask = Path.Combine(name, masks, stem picture + ".png")
                        MaskFault.NoMask(shown picture, mask)
            ]

            let both =
                pictures
                |> List.choose (fun picture ->
                    Map.tryFind (stem picture) ofStem
                    |> Option.map (fun mask -> { Image = picture; Mask = mask })
                )

            let alone =
                found
                |> List.filter (fun mask -> not (stems.Contains(stem mask)))
                |> List.map shown

            return both, faults, alone
        }

    /// The first faults of a folder as its error.
    let failing root (faults: MaskFault list) : Result<unit, FileError> =
        let most = 8

        match List.length faults with
        | 0 -> Ok()
        | count -> Error(BadMasks(root, List.truncate most faults, max 0 (count - most)))

    /// The pictures to train on and those to test with, and what is worth telling.
    let survey (root: string) =
        result {
            match! parts root with
            | None ->
                let! all, faults, alone = part root ""
                do! failing root faults
                let tests, training = List.indexed all |> List.partition (fun (i, _) -> i % 5 = 4)
                return List.map snd training, List.map snd tests, alone
            | Some(train, test) ->
                let! training, faults, alone = part root train
                let! tests, faultsOfTest, aloneOfTest = part root test
                do! failing root (faults @ faultsOfTest)
                return training, tests, alone @ aloneOfTest
        }
