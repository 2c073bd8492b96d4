namespace Sss.Files

open System
open FsToolkit.ErrorHandling
open Sss.Core

/// A file that `sss` exported, as a classifier of pictures: all that it needs stands in its metadata. Several
/// threads may use it at once. Dispose it after use.
[<Sealed>]
type OnnxClassifier
    internal
    (
        session: OnnxSession,
        takes: OnnxTakes,
        input: Shape,
        classes: string list,
        p: Preparation,
        probabilities: Probabilities
    ) =

    member internal _.Session = session

    /// Where it came from.
    member _.Path = session.Path

    /// The name of the network.
    member _.Name = OnnxRun.name session

    /// What the file takes.
    member _.Takes = takes

    /// The shape of an image.
    member _.Input = input

    /// Class names in the order of the scores; `class N` where the file has none.
    member _.Classes = classes

    /// What a picture goes through.
    member _.Preparation = p

    /// What makes its scores probabilities.
    member _.Probabilities = probabilities

    interface IDisposable with
        member _.Dispose() = (session :> IDisposable).Dispose()

/// Classification of pictures with exported files, on the CPU.
[<RequireQualifiedAccess>]
module OnnxClassifier =

    let private noPictures path reason remedy =
        Error(TakesNoPictures(path, reason, remedy))

    let private input path (session: OnnxSession) =
        match OnnxRun.shape session with
        | Some shape -> Ok shape
        | None -> noPictures path "it does not give the size of its images" PictureRemedy.Export

    let private preparation path input metadata =
        result {
            let located = Result.mapError (fun fault -> Malformed(Place.start path, fault))

            let! found =
                NetworkFile.preparationOf (Map.tryFind "sss.normalisation" metadata) |> located

            match found with
            | None ->
                return!
                    noPictures
                        path
                        "the file does not record how its images were prepared"
                        PictureRemedy.ExportTrained
            | Some p ->
                match Preparation.refusal input p with
                | Some(reason, remedy) -> return! noPictures path reason remedy
                | None when p.Mean.Length <> input.Channels ->
                    let found = string p.Mean.Length

                    let fault =
                        Mismatch("values in `sss.normalisation`", string input.Channels, found)

                    return! Error(Malformed(Place.start path, fault))
                | None -> return p
        }

    let private names path count metadata =
        match Map.tryFind "sss.classes" metadata with
        | None -> Ok []
        | Some text ->
            NetworkFile.classesOf text
            |> Result.mapError (fun f -> Malformed(Place.start path, f))
        |> Result.bind (fun names ->
            match names with
            | [] -> Ok(List.init count (fun i -> $"class {i}"))
            | names when names.Length = count -> Ok names
            | names ->
                let found = string names.Length

                Error(
                    Malformed(
                        Place.start path,
                        Mismatch("names in `sss.classes`", string count, found)
                    )
                )
        )

    /// What a session's file says of itself.
    let private describe (session: OnnxSession) =
        result {
            let path = session.Path

            let! takes =
                OnnxRun.takes session
                |> Result.requireSome (
                    TakesNoPictures(
                        path,
                        "`sss` did not write it, so it does not record how its images are prepared",
                        PictureRemedy.Import
                    )
                )

            let metadata = OnnxRun.metadata session
            let! input = input path session
            let! preparation = preparation path input metadata

            let! count =
                match OnnxRun.outputs session with
                | [ count ] when count > 0 -> Ok count
                | _ ->
                    noPictures path "it does not give one score per class" PictureRemedy.RunOutput

            let! classes = names path count metadata

            let! probabilities =
                NetworkFile.probabilitiesOf (Map.tryFind "sss.probabilities" metadata)
                |> Result.mapError (fun fault -> Malformed(Place.start path, fault))

            return new OnnxClassifier(session, takes, input, classes, preparation, probabilities)
        }

    let private described (session: OnnxSession) =
        match describe session with
        | Ok found -> Ok found
        | Error error ->
            (session :> IDisposable).Dispose()
            Error error

    /// Opens a file. `threads`: of one call.
    let load (threads: int) (path: string) : Result<OnnxClassifier, FileError> =
        OnnxRun.load threads path |> Result.bind described

    /// The same from a file's content; errors call it `name`.
    let ofBytes (threads: int) (name: string) (model: byte[]) : Result<OnnxClassifier, FileError> =
        OnnxRun.ofBytes threads name model |> Result.bind described

    /// Pixels as what the file takes: what its graph does not do is done here.
    let private given (c: OnnxClassifier) (pixels: byte[]) : float32[] =
        match c.Takes with
        | OnnxTakes.Pixels -> Array.map float32 pixels
        | OnnxTakes.Numbers -> PreparedPicture.inUnits c.Preparation pixels
        | OnnxTakes.Images -> PreparedPicture.values c.Preparation c.Input pixels

    /// The picture of a file as what the model takes.
    let ofFile (c: OnnxClassifier) (path: string) : Result<float32[], FileError> =
        PreparedPicture.ofFile c.Preparation c.Input path |> Result.map (given c)

    /// The same from the content of a picture file; errors call it `name`.
    let ofContent
        (c: OnnxClassifier)
        (name: string)
        (content: ReadOnlyMemory<byte>)
        : Result<float32[], FileError> =
        PreparedPicture.ofContent c.Preparation c.Input name content
        |> Result.map (given c)

    /// The scores of pictures that `ofFile` or `ofContent` made, one list each.
    let scores (c: OnnxClassifier) (pictures: float32[] list) : Result<float32[] list, FileError> =
        match pictures with
        | [] -> Ok []
        | _ ->
            OnnxRun.run c.Session c.Input pictures.Length (Array.concat pictures)
            |> Result.map (Array.chunkBySize c.Classes.Length >> List.ofArray)
