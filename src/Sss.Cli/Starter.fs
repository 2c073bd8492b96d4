namespace Sss.Cli

open System
open Sss.Core
open Sss.Files

/// Facts that a first network must fit.
type StarterFacts = {
    /// The `--data` that it is for.
    Data: string
    Input: Shape
    Classes: int
    /// Training images.
    Images: int
    /// What mirroring does to the images.
    Mirroring: Mirroring
    /// Whether training mirrors images at random.
    Flip: bool
    /// The part of the macs that the target leaves, above 0 and at most 1.
    Macs: float
    /// Residual blocks; else a plain row of convolutions.
    Residual: bool
}

/// A first network with its recipe, as text with comments: small enough for a CPU, and with a target
/// instead of penalties to be tuned.
[<RequireQualifiedAccess>]
module Starter =

    /// Halvings at the start, until the longer side is at most 40: what comes before is mostly cost.
    let private stems (input: Shape) =
        let rec count size n =
            if size > 40 then count ((size + 1) / 2) (n + 1) else n

        count (max input.Height input.Width) 0

    /// The extents before the stages: each stage but the first halves them, as far as they go.
    let private stages (input: Shape) =
        let side = max 1 (min input.Height input.Width >>> stems input)
        let halvings = int (Math.Log2(float side)) - 1
        [ 16; 32; 64 ] |> List.truncate (1 + max 0 (min 2 halvings))

    let private residual (input: Shape) =
        let first, later =
            match stages input with
            | [] -> 16, []
            | first :: later -> first, later

        [
            "// Two convolutions with a shortcut. Selection may remove the whole block, because of"
            "// @scale(block), or single channels inside it, because of @scale(neuron)."
            "def block(width, stride = 1) {"
            "  residual @scale(block) {"
            "    conv width 3x3 stride=stride"
            "    bn @scale(neuron)"
            "    relu"
            "    conv width 3x3"
            "    bn"
            "  } shortcut auto"
            "  relu"
            "}"
            ""
            match stems input with
            | 0 -> $"conv {first} 3x3; bn; relu"
            | n ->
                "// The images are large, so the network first reduces their size."

                for _ in 1..n do
                    $"conv {first} 3x3 stride=2; bn; relu"
            $"repeat 2 {{ block {first} }}"
            for width in later do
                $"block {width} stride=2"
                $"block {width}"
        ]

    let private plain (input: Shape) =
        let widths = stages input |> List.map ((*) 2)

        [
            "// A convolution whose channels selection may remove one by one, because of @scale(neuron)."
            "def unit(width, stride = 1) { conv width 3x3 stride=stride; bn @scale(neuron); relu }"
            ""
            match stems input with
            | 0 -> ()
            | n ->
                "// The images are large, so the network first reduces their size."

                for _ in 1..n do
                    $"unit {widths.Head} stride=2"
            for i, width in List.indexed widths do
                if i > 0 then
                    "maxpool 2x2"

                $"repeat 2 {{ unit {width} }}"
        ]

    /// About 600,000 images in all, within bounds: enough to converge, minutes on a CPU.
    let private epochs images =
        max 10 (min 60 (600_000 / max 1 images))

    let private batch images =
        if images >= 10_000 then 128
        elif images >= 1_000 then 64
        elif images >= 200 then 32
        else max 2 (min 16 (images / 4))

    let private augment (facts: StarterFacts) =
        let crop = min facts.Input.Height facts.Input.Width / 14

        let changes = [
            if crop > 0 then
                $"crop={crop}", "random shifts in pixels"
            if facts.Flip then
                "flip", "random mirror images"
        ]

        [
            if not facts.Flip then
                match facts.Mirroring with
                | Mirroring.Changes ->
                    "// Without `flip`: mirrored, these images look like other classes."
                | Mirroring.Keeps
                | Mirroring.Unknown ->
                    "// Add `flip` after `augment` if a mirrored image still shows the same class."

            if not changes.IsEmpty then
                let words = changes |> List.map fst |> String.concat " "
                let meanings = changes |> List.map snd |> String.concat ", "
                $"augment {words}   // {meanings}"
        ]

    let private recipe (facts: StarterFacts) =
        let gamma =
            if facts.Residual then
                "neuron=0.01 block=0.03"
            else
                "neuron=0.01"

        [
            $"epochs {epochs facts.Images}   // passes over the training images"
            $"batch {batch facts.Images}   // images per step"
            (if batch facts.Images >= 64 then
                 "lr 0.1 cosine restart warmup 1   // the learning rate: to 0, and again when the target holds"
             else
                 "lr 0.05 cosine restart warmup 1   // the learning rate: to 0, and again when the target holds")
            "momentum 0.9"
            "decay 1e-4   // keeps weights small"
            ""
            "// The target size: at most this part of the multiply-adds is left. Without a target, the"
            "// penalties `gamma` decide how much is removed."
            $"target macs={Number.brief facts.Macs}"
            $"gamma {gamma}"
            yield! augment facts
        ]

    /// The name of the data without what comes before it and without its suffix: `folder:my/cats.v2/` gives
    /// `cats`.
    let private ownName (data: string) : string =
        match data.IndexOf ':' with
        | -1 -> data
        | at ->
            data.Substring(at + 1).TrimEnd('/', '\\')
            |> IO.Path.GetFullPath
            |> IO.Path.GetFileNameWithoutExtension
            |> string

    /// The words of a data set's name, capitalised, as the network's name: `fashion-mnist` gives
    /// `FashionMnist`.
    let name (data: string) : string =
        let isPart (c: char) = Char.IsAsciiLetterOrDigit c

        let word =
            ownName data
            |> String.map (fun c -> if isPart c then c else ' ')
            |> _.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            |> Array.map (fun w -> w[..0].ToUpperInvariant() + w[1..])
            |> String.Concat

        if word <> "" && Char.IsAsciiLetter word[0] then
            word
        else
            "First"

    /// A word of a command as a shell reads it: in quotes where it has blanks and the like.
    let shellWord (text: string) : string =
        let isPlain (c: char) =
            Char.IsLetterOrDigit c || "-_./:=,+%@\\".Contains c

        let shown = Escape.line text

        if shown <> "" && String.forall isPlain shown then
            shown
        else
            "'" + shown.Replace("'", "'\\''") + "'"

    let private indent = List.map (fun line -> if line = "" then "" else "  " + line)

    /// The text, not yet in canonical format.
    let text (file: string) (facts: StarterFacts) : string =
        let body =
            if facts.Residual then
                residual facts.Input
            else
                plain facts.Input

        [
            $"// A first network for {Escape.line facts.Data}: {facts.Images} training images in {facts.Classes} classes."
            "//"
            $"//   sss show {shellWord file}"
            $"//   sss train {shellWord file} --data {shellWord facts.Data} --out runs/first"
            $"network {name facts.Data} {{"
            $"  input {facts.Input}   // channels x height x width"
            $"  classes {facts.Classes}"
            ""
            yield! indent body
            "  avgpool global"
            "  dense classes"
            "}"
            ""
            "// How to train it; options of 'sss train' override these values."
            "train {"
            yield! indent (recipe facts)
            "}"
            ""
        ]
        |> String.concat "\n"
