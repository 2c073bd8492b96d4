namespace Sss.Tests.Language

open System
open System.Text
open Sss.Core

/// Numbers that a recipe may hold, made from any bytes.
type RecipeCase = {
    Whole: byte list
    Parts: byte list
    Kind: byte
    Epochs: byte list
    Flip: bool
}

/// Recipes from cases.
module RecipeCase =

    /// A legal recipe.
    let recipe (case: RecipeCase) : Recipe =
        let at (list: byte list) i =
            if list.IsEmpty then 1 else int list[i % list.Length]

        let part i = float (at case.Parts i) / 256.0

        let penalty =
            match at case.Whole 8 % 6 with
            | 0 -> FactorPenalty.L1
            | 1 -> FactorPenalty.Mcp(part 10 + 1e-3)
            | 2 -> FactorPenalty.Scad(part 11 + 2.001)
            | 3 -> FactorPenalty.L0
            | 4 -> FactorPenalty.GroupL2
            | _ -> FactorPenalty.NonNegative

        let epochs = 1 + at case.Whole 0
        let hasTarget = case.Kind % 2uy = 1uy && FactorPenalty.takesTarget penalty

        {
            Epochs = epochs
            Batch = 1 + at case.Whole 1
            Lr = 1e-7 + part 0
            Schedule =
                match case.Kind % 4uy with
                | 0uy -> Constant
                | 1uy -> Cosine
                | 2uy -> CosineRestart
                | _ -> Step(0.1, 7 :: (case.Epochs |> List.scan (fun e b -> e + 1 + int b) 8))
            Warmup = at case.Whole 2
            Head = if case.Kind % 3uy = 1uy then 1.0 else part 12 + 1e-3
            Momentum = part 1
            Decay = part 2 * 1e-6
            Gamma = {
                Neuron = part 3
                Group = part 4 * 1e-9
                Block = part 5
                Shared = part 6
            }
            Penalty = penalty
            Outputs = Map.empty
            Target =
                if not hasTarget then
                    Target.none
                else
                    let has bit value =
                        if int case.Kind / bit % 2 = 1 then Some value else None

                    {
                        Macs = Some(part 6 + 1e-3)
                        Params = has 2 (part 5 + 1e-3)
                        Size = has 4 (1L + int64 (at case.Whole 5))
                        Latency =
                            if int case.Kind / 8 % 2 = 1 then
                                has 16 (LatencyLimit.Milliseconds(0.1 + 1e3 * part 4))
                            else
                                has 16 (LatencyLimit.OfDense(part 4 + 1e-3))
                    }
            TargetBy =
                if not hasTarget || case.Flip then
                    None
                else
                    Some(min (float epochs) (part 7 * 9.0 + 1e-3))
            Loss =
                match case.Kind % 6uy with
                | 0uy -> Loss.CrossEntropy(part 11 / 2.0)
                | 1uy -> Loss.Focal(part 11)
                | 2uy -> Loss.Bce
                | _ -> Loss.standard
            Optimizer =
                if case.Kind % 3uy = 0uy then
                    Optimizer.AdamW(part 12 / 2.0, part 13 / 2.0, part 14 + 1e-9)
                else
                    Optimizer.Nag
            ShrinkEvery =
                if case.Kind % 5uy = 0uy then
                    None
                else
                    Some(1 + at case.Whole 3)
            StopAfter =
                if case.Kind % 3uy = 1uy then
                    Some(1 + at case.Whole 1)
                else
                    None
            Seed = at case.Whole 4
            Augment = {
                Resize = at case.Whole 6 % 3
                Background =
                    match case.Kind % 4uy with
                    | 0uy -> Rgb.white
                    | 1uy -> Rgb.black
                    | _ -> {
                        Red = byte (at case.Parts 10)
                        Green = case.Kind
                        Blue = byte (at case.Whole 7)
                      }
                Area = if case.Kind % 7uy = 0uy then 0.0 else part 7 + 1e-3
                Crop = at case.Whole 5 % 5
                Flip = case.Flip
                Jitter = part 8
                Pca = part 9 * 1e-3
                Rand =
                    if case.Kind % 4uy = 1uy then
                        None
                    else
                        Some {
                            Count = 1 + at case.Whole 2 % 9
                            Magnitude = at case.Whole 3 % 31
                        }
                Erase = part 10
                Mixup = if case.Kind % 3uy = 0uy then 0.0 else part 11 * 3.0
                Cutmix = if case.Kind % 5uy = 1uy then 0.0 else part 12 + 1e-3
            }
            Teacher =
                if case.Kind % 2uy = 1uy then
                    None
                else
                    Some {
                        Weight = part 13 / 2.0 + 1e-3
                        Temperature = part 14 * 9.0 + 1e-3
                    }
            Ema =
                if case.Kind % 3uy = 2uy then
                    None
                else
                    Some(part 9 * 0.9 + 1e-3)
        }

/// Texts changed at random from a seed.
module Disturb =

    /// The comments of a text, blanks at their ends aside.
    let comments (text: string) : string list =
        text.Split '\n'
        |> Array.choose (fun line ->
            match line.IndexOf "//" with
            | -1 -> None
            | at -> Some(line.Substring(at).TrimEnd())
        )
        |> List.ofArray

    /// The same statements with other blanks, line ends and comments.
    let blanks (seed: int) (text: string) : string =
        let random = Random seed
        let out = StringBuilder()
        let mutable number = 0

        for line in text.TrimEnd().Split '\n' do
            let line = line.Trim()

            if line.StartsWith "}" && random.Next 4 = 0 && not (line.StartsWith "} {") then
                out.Append("\n\n  \t") |> ignore

            let line =
                if random.Next 3 = 0 then
                    line.Replace("{", " {\t")
                else
                    line

            let line =
                if random.Next 3 = 0 then
                    line.Replace("=", " =  ")
                else
                    line

            let line = if random.Next 5 = 0 then line.Replace("; ", "\n") else line
            let line = if random.Next 3 = 0 then line.Replace(" ", "  ") else line
            out.Append(String(' ', random.Next 9)).Append(line) |> ignore

            match random.Next 6 with
            | 0 ->
                number <- number + 1
                out.Append($" // note {number}  \n") |> ignore
            | 1 ->
                number <- number + 1
                out.Append($"\n\n\n// line {number} {{ ; }}\n") |> ignore
            | 2 when not (line.EndsWith "{") && line <> "" -> out.Append " ;;\n" |> ignore
            | 3 -> out.Append "\r\n" |> ignore
            | _ -> out.Append '\n' |> ignore

        out.ToString()

    let private pieces = [|
        "{"
        "}"
        "("
        ")"
        ";"
        "\n"
        "="
        "@scale(block)"
        "@scale(neuron)"
        "@scale("
        "3x3"
        "0x0"
        "99999999999999999999"
        "1e999"
        "-1"
        "repeat 1000000000 "
        "residual "
        "concat "
        "shortcut "
        "auto"
        "def d() { d }"
        "conv "
        "stride=0"
        "groups=3"
        "bias=no"
        "//"
        "\000"
        "\uFFFF"
        "😀"
        "\uD83D"
        "\t"
        "train {"
        "label: "
        "conv1: "
        "/0"
        "*"
        "classes"
    |]

    /// A text with one to three small changes: pieces removed, doubled, swapped, put in.
    let mutate (random: Random) (text: string) : string =
        let mutable text = text

        for _ in 0 .. random.Next 3 do
            let at = random.Next(text.Length + 1)
            let length = min (text.Length - at) (1 + random.Next 12)

            text <-
                match random.Next 5 with
                | 0 -> text.Remove(at, length)
                | 1 -> text.Insert(at, text.Substring(at, length))
                | 2 -> text.Insert(at, pieces[random.Next pieces.Length])
                | 3 -> text.Remove(at, length).Insert(at, pieces[random.Next pieces.Length])
                | _ -> text.Insert(random.Next(text.Length + 1), text.Substring(at, length))

        text
