/// Numbers that the documentation repeats are those of the program.
module Sss.Tests.Files.DocumentedTests

open System
open System.Globalization
open System.IO
open System.Text.RegularExpressions
open Xunit
open Sss.Core
open Sss.Dsl
open Sss.Files
open Sss.Torch

let private page name =
    File.ReadAllText(Path.Combine(Sss.Tests.Repository.root, "docs", name))

/// What the first group of a pattern matches; once in a page, so that no second place can differ.
let private stated name (pattern: string) =
    let found = Regex.Matches(page name, pattern, RegexOptions.Multiline)
    Assert.True(found.Count = 1, $"docs/{name}: {found.Count} places match {pattern}")
    found[0].Groups[1].Value

[<Fact>]
let ``formats of files are the ones that are written`` () =
    Assert.Equal(CheckpointFile.Format, stated "files.md" @"`sss\.checkpoint` \(`(\d+)`\)")
    Assert.Equal(NetworkFile.Format, stated "files.md" @"^\| `sss\.format` \| `(\d+)` \|")
    Assert.Equal(string ResultFile.Format, stated "files.md" "^  \"format\": (\\d+),")
    Assert.Equal(string Onnx.opset, stated "files.md" @"Opset (\d+), IR version \d+")
    Assert.Equal(string Onnx.irVersion, stated "files.md" @"Opset \d+, IR version (\d+)")

[<Fact>]
let ``limits are the ones that hold`` () =
    let mebibytes (bytes: int64) = string (bytes / 1024L / 1024L)
    let text = stated "errors/SSS006.md" @"may have (\d+) MiB"
    Assert.Equal(mebibytes ReadFile.maxBytes, text)
    let kept = mebibytes ImageFolder.keptBytes
    Assert.Equal(kept, stated "training.md" @"(\d+) MiB")
    Assert.Equal(kept, stated "design.md" @"(\d+) MiB")

[<Fact>]
let ``the defaults of a recipe are the ones that hold`` () =
    let d = Recipe.defaults

    let items = [
        "epochs N", float d.Epochs
        "batch N", float d.Batch
        "lr R", d.Lr
        "momentum M", d.Momentum
        "decay D", d.Decay
        "gamma G", d.Gamma.Neuron
        "seed N", float d.Seed
    ]

    for item, value in items do
        let found = stated "language.md" $@"^\| `{item}` \| ([0-9.e-]+)[ ,]"
        Assert.Equal(value, Double.Parse(found, CultureInfo.InvariantCulture))

    let penalty = stated "language.md" @"^\| `penalty P` \| `(\w+)` \|"
    Assert.Equal(FactorPenalty.word d.Penalty, penalty)
    Assert.Equal(Target.none, d.Target)
    Assert.Equal("none", stated "language.md" @"^\| `target macs=F` \| (\w+) \|")
    Assert.Equal(None, d.ShrinkEvery)
    Assert.Equal("never", stated "language.md" @"^\| `shrink every N` \| (\w+) \|")
    Assert.Equal(None, d.StopAfter)
    Assert.Equal("never", stated "language.md" @"^\| `stop after=N` \| (\w+) \|")
