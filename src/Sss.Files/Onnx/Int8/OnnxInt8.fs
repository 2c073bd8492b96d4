namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core
open Sss.Schema

/// Exported files in 8 bits: weights int8 with one step for each output channel, activations uint8 with one for each value,
/// biases int32. Images are prepared, and scores and probabilities computed, in float32. The names of inputs, outputs and values stay.
[<RequireQualifiedAccess>]
module OnnxInt8 =

    /// The entry of the metadata that says in which numbers a file computes.
    let precisionKey = "sss.precision"

    let private read (model: byte[]) = ModelProto.Parser.ParseFrom model

    /// How many layers of an exported file have integer kernels.
    let layers (model: byte[]) : int =
        (Int8Plan.make (read model).Graph).Weighted.Count

    /// The file with the given values as outputs beside its own.
    let private exposing (names: string list) (model: ModelProto) : byte[] =
        let copy = model.Clone()
        let known = copy.Graph.Output |> Seq.map _.Name |> Set.ofSeq
        let inputs = copy.Graph.Input |> Seq.map _.Name |> Set.ofSeq

        for name in names do
            if not (known.Contains name || inputs.Contains name) then
                copy.Graph.Output.Add(Proto.openValue name)

        Google.Protobuf.MessageExtensions.ToByteArray copy

    /// One pass over images: `fold` gets the name and the numbers of each value.
    let private pass session shape (names: Set<string>) batches fold (start: Map<string, 'S>) =
        (Ok start, batches)
        ||> List.fold (fun state (images: float32[]) ->
            result {
                let! state = state
                let count = images.Length / int (Shape.count shape)
                let! values = OnnxRun.all session shape count images

                return
                    (state, values)
                    ||> List.fold (fun state (name, numbers) ->
                        if names.Contains name then
                            Map.add name (fold (Map.find name state) numbers) state
                        else
                            state
                    )
            }
        )

    /// The range of each value that is to be rounded, over images as the file takes them, in batches.
    /// `threads`: of ONNX Runtime. `path` names the file in messages.
    let ranges
        (threads: int)
        (path: string)
        (rule: RangeRule)
        (shape: Shape)
        (batches: float32[] list)
        (model: byte[])
        : Result<Map<string, ValueRange>, FileError> =
        result {
            let parsed = read model
            let values = Int8Plan.measured (Int8Plan.make parsed.Graph)
            let names = Set.ofList values
            use! session = OnnxRun.ofBytes threads path (exposing values parsed)
            let start = values |> List.map (fun v -> v, ValueHistogram.nothing) |> Map.ofList
            let! seen = pass session shape names batches ValueHistogram.extend start

            match rule with
            | RangeRule.MinMax -> return seen
            | RangeRule.Within _ ->
                let empty = seen |> Map.map (fun _ range -> ValueHistogram.ofRange range)

                let! counted =
                    pass
                        session
                        shape
                        names
                        batches
                        (fun h numbers -> ValueHistogram.add numbers h)
                        empty

                return counted |> Map.map (fun _ h -> ValueHistogram.choose rule h)
        }

    /// The file in 8 bits. `ranges`: of this file, as `ranges` gives them.
    let quantize (ranges: Map<string, ValueRange>) (model: byte[]) : byte[] =
        let parsed = read model
        let plan = Int8Plan.make parsed.Graph
        parsed.Graph <- Int8Nodes.rewrite plan ranges parsed.Graph

        Google.Protobuf.MessageExtensions.ToByteArray parsed
        |> Onnx.withEntry precisionKey "int8"
