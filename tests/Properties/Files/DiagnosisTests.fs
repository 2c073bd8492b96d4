/// What a network gets wrong: calibration, the worst pictures, and their small pictures.
[<Xunit.Collection "LibTorch">]
module Sss.Tests.Files.DiagnosisTests

open System
open System.IO
open Xunit
open FsCheck
open FsCheck.Xunit
open Sss.Core
open Sss.Files
open Sss.Torch
open Sss.Tests.Torch

let private answers (given: (float * bool) list) =
    given |> List.map (fun (x, isRight) -> abs x - floor (abs x), isRight)

[<Property>]
let ``the calibration error is the mean gap of the bins`` (given: (NormalFloat * bool) list) =
    let answers = given |> List.map (fun (x, r) -> x.Get, r) |> answers

    match Calibration.ofAnswers answers with
    | None -> Assert.Empty answers
    | Some c ->
        Assert.Equal(15, c.Bins.Length)
        Assert.Equal(answers.Length, c.Bins |> List.sumBy _.Count)

        // Bin by bin, from the definition.
        let bin i =
            answers
            |> List.filter (fun (p, _) ->
                (p > float i / 15.0 || i = 0) && (p <= float (i + 1) / 15.0 || i = 14)
            )

        let gap own =
            let right = own |> List.averageBy (fun (_, r) -> if r then 1.0 else 0.0)
            float (List.length own) * abs (right - List.averageBy fst own)

        let expected =
            [ 0..14 ] |> List.map bin |> List.filter (List.isEmpty >> not) |> List.sumBy gap

        Assert.Equal(expected / float answers.Length, c.Error, 9)
        Assert.InRange(c.Error, 0.0, 1.0)

[<Fact>]
let ``a network that is as sure as it is right has no error, and one that is sure and wrong has 1``
    ()
    =
    let half = Calibration.ofAnswers [ 0.5, true; 0.5, false ] |> Option.get
    Assert.Equal(0.0, half.Error, 12)
    let wrong = Calibration.ofAnswers [ 1.0, false; 1.0, false ] |> Option.get
    Assert.Equal(1.0, wrong.Error, 12)

    Assert.Equal<int list>(
        [ 14; 0; 0; 1 ],
        List.map Calibration.binOf [ 1.0; 0.0; 1.0 / 15.0; 0.07 ]
    )

let private plain black white : Preparation = {
    Pictures = PictureOptions.standard
    Range = PixelRange.Known(black, white)
    Scale = 1.0f / white
    Mean = [| 0.25f; 0.5f; 0.125f |]
    Deviation = [| 0.5f; 2.0f; 1.0f |]
    IsGiven = false
}

[<Fact>]
let ``a small picture shows the pixels that the network saw`` () =
    let shape = Shape.create 3 4 5
    let preparation = plain 0.0f 255.0f

    let pixel c y x =
        float32 ((c * 60 + y * 11 + x * 7) % 256)

    let values = [|
        for c in 0..2 do
            for y in 0..3 do
                for x in 0..4 do
                    Preparation.value preparation c (pixel c y x)
    |]

    let png = Thumbnail.png shape preparation values |> Option.get

    let decoded =
        Engine.ok (PreparedPicture.ofContent preparation shape "small" (ReadOnlyMemory png))

    Assert.Equal<byte[]>(
        [|
            for c in 0..2 do
                for y in 0..3 do
                    for x in 0..4 do
                        byte (pixel c y x)
        |],
        decoded
    )

    Assert.Equal(
        None,
        Thumbnail.png
            (Shape.create 7 1 1)
            {
                preparation with
                    Mean = Array.zeroCreate 7
            }
            (Array.zeroCreate 7)
    )
    // A large image is averaged down.
    let large =
        Thumbnail.png (Shape.create 1 300 200) preparation (Array.create 60000 0.0f)
        |> Option.get

    Assert.True(large.Length < 2000)

[<Fact>]
let ``the worst images are the wrong ones with the highest loss, and the rows agree with the quality``
    ()
    =
    let data = Small.dataset.Value
    let trained = Engine.ok (Small.train { Small.recipe with Epochs = 1 } None)
    use model = Engine.ok (Model.create (Engine.get ()) trained.Network trained.Numbers)
    let evaluation, d = Engine.ok (Diagnosis.ofModel data.Classes model data data.Test)
    Assert.Equal(Engine.ok (Evaluate.run model data data.Test), evaluation)
    let right = d.Classes |> List.sumBy _.Right
    Assert.Equal(evaluation.Accuracy, float right / 359.0, 12)
    let calibration = d.Calibration.Value

    let binned =
        calibration.Bins
        |> List.filter (fun b -> b.Count > 0)
        |> List.sumBy (fun b -> b.Accuracy * float b.Count)

    Assert.Equal(float right, binned, 6)

    let scores = Evaluate.predictions model data data.Test |> Array.map Engine.ok

    let losses =
        Array.zip scores data.Test.Labels
        |> Array.indexed
        |> Array.filter (fun (_, (row, label)) -> Evaluate.arg (ReadOnlySpan row) <> label)
        |> Array.map (fun (i, (row, label)) ->
            i, Softmax.logSum (ReadOnlySpan row) - float row[label]
        )
        |> Array.sortBy (fun (i, loss) -> -loss, i)

    let expected = losses |> Array.truncate 12 |> Array.map fst |> List.ofArray
    Assert.Equal<int list>(expected, d.Worst |> List.map (fun (p, _) -> p.Index))

    for p, png in d.Worst do
        Assert.Equal($"image {p.Index}", p.Name)
        Assert.Equal(data.Classes[data.Test.Labels[p.Index]], p.Class)
        Assert.NotEqual<string>(p.Class, p.TakenFor)
        Assert.True(p.Probability <= p.Confidence && p.Confidence <= 1.0)
        Assert.Equal(exp -p.Loss, p.Probability, 9)
        Assert.True png.IsSome

[<Fact>]
let ``it reads back from result json, and an older file has none`` () =
    let calibration = Calibration.ofAnswers [ 0.3, true; 0.9, false; 0.95, true ]

    let picture = {
        Index = 7
        Name = "cat/a.png"
        Class = "cat"
        TakenFor = "dog"
        Probability = 0.01
        Confidence = 0.97
        Loss = 4.6
        Picture = Some "worst/1.png"
    }

    let given: RunDiagnosis = {
        Calibration = calibration
        DenseCalibration = calibration
        Worst = [ picture; { picture with Picture = None } ]
        DenseWorst = RunDiagnosis.below "controls/dense/seed-1" [ { picture with Index = 8 } ]
    }

    let write d =
        JsonText.ofWriter (fun json ->
            json.WriteStartObject()
            RunDiagnosis.write json d
            json.WriteEndObject()
        )

    let read (text: string) =
        use document = Text.Json.JsonDocument.Parse text
        RunDiagnosis.read document.RootElement

    // Bins without images have no mean, which is not equal to itself.
    Assert.Equal(write given, write (read (write given)))
    Assert.Equal<WorstPicture list>(given.Worst, (read (write given)).Worst)
    Assert.Equal<WorstPicture list>(given.DenseWorst, (read (write given)).DenseWorst)

    Assert.Equal(Some "controls/dense/seed-1/worst/1.png", given.DenseWorst.Head.Picture)

    Assert.Equal("{}", write RunDiagnosis.none)
    Assert.Equal(RunDiagnosis.none, read "{}")
