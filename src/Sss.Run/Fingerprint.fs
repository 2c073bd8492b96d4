namespace Sss.Torch

open System
open System.IO
open System.Runtime.InteropServices
open System.Security.Cryptography
open System.Text
open System.Text.Json
open System.Text.RegularExpressions
open Sss.Core
open Sss.Files

/// What identifies the data set of a run, item by item: its images, labels and
/// classes. Where it is, and how its path was typed, is not part of it.
[<RequireQualifiedAccess>]
module Fingerprint =

    let private brief (hash: IncrementalHash) =
        Convert.ToHexStringLower(hash.GetHashAndReset()).Substring(0, 16)

    /// The name of a picture below the root of its data set: of its class folder, and its own.
    let private below (path: string) =
        let folder = Path.GetDirectoryName path |> string
        string (Path.GetFileName folder) + "/" + string (Path.GetFileName path)

    /// A file that is gone has no length; training says so when it needs it.
    let private length (path: string) =
        let file = FileInfo path
        if file.Exists then file.Length else -1L

    /// Masks and numbers begin with their shape, which tells them from labels of the same bytes.
    let rec private addTargets (hash: IncrementalHash) (targets: Targets) =
        match targets with
        | Targets.Labels labels -> hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan labels))
        | Targets.Masks(height, width, classes) ->
            hash.AppendData(Encoding.UTF8.GetBytes $"masks {height}x{width}\000")
            hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan classes))
        | Targets.Numbers(shape, values) ->
            hash.AppendData(Encoding.UTF8.GetBytes $"numbers {shape}\000")
            hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan values))
        | Targets.Several(scores, further) ->
            addTargets hash scores

            for name, own in further do
                hash.AppendData(Encoding.UTF8.GetBytes $"output {name}\000")
                addTargets hash own

    /// The pixels of a split where they are in memory, else names and lengths of its files; and targets.
    let private content (split: Split) =
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256

        match split.Pixels with
        | Bytes data
        | Pictures { Kept = Some data } -> hash.AppendData data
        | Floats data -> hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan data))
        | Pictures { Paths = paths; Kept = None } ->
            for path in paths do
                hash.AppendData(Encoding.UTF8.GetBytes $"{below path}\000{length path}\000")

        addTargets hash split.Targets
        brief hash

    /// Labels, mean and deviation: all that earlier checkpoints know of the images.
    let private summary (dataset: Dataset) =
        let train = dataset.Train
        use hash = IncrementalHash.CreateHash HashAlgorithmName.SHA256
        let n = dataset.Preparation
        addTargets hash train.Targets

        for values in [ n.Mean; n.Deviation ] do
            hash.AppendData(MemoryMarshal.AsBytes(ReadOnlySpan values))

        $"{train.Count} images of {train.Shape}, {brief hash}"

    let private names (classes: string list) =
        JsonSerializer.Serialize(Array.ofList classes)

    /// The items, by name.
    let items (dataset: Dataset) : (string * string) list = [
        "data", summary dataset
        "classes", names dataset.Classes
        "training images", content dataset.Train
        "test images", $"{dataset.Test.Count}, {content dataset.Test}"
    ]

    let private ending =
        Regex(@"\d+ images of \d+x\d+x\d+, [0-9a-f]{16}$", RegexOptions.CultureInvariant)

    /// The items of a checkpoint as they are written now. Earlier ones begin `data` with the path as it
    /// was typed and know neither classes nor pixels: those are taken to be `here`'s.
    let upgrade (there: Map<string, string>) (here: (string * string) list) : Map<string, string> =
        if there.ContainsKey "classes" then
            there
        else
            let known =
                there
                |> Map.change
                    "data"
                    (Option.map (fun data ->
                        let found = ending.Match data
                        if found.Success then found.Value else data
                    ))

            here
            |> List.filter (fun (name, _) ->
                List.contains name [ "classes"; "training images"; "test images" ]
            )
            |> List.fold (fun items (name, value) -> Map.add name value items) known

    let private parse (text: string) =
        try
            JsonSerializer.Deserialize<string[]> text
            |> Option.ofObj
            |> Option.defaultValue [||]
        with :? JsonException -> [||]

    /// How two lists of classes differ: name of the item, there, here.
    let classDifference (there: string) (here: string) : string * string * string =
        let a, b = parse there, parse here

        if a.Length <> b.Length then
            "classes", string a.Length, string b.Length
        else
            let at = Seq.zip a b |> Seq.takeWhile (fun (x, y) -> x = y) |> Seq.length

            let name (all: string[]) =
                if at < all.Length then $"`{all[at]}`" else "none"

            $"class {at}", name a, name b
