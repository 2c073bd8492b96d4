namespace Sss.Files

open System
open System.Collections.Generic
open System.Text.Json
open Sss.Core

/// The JSON header of a safetensors file, as it is there; nothing is believed yet but the syntax.
[<RequireQualifiedAccess>]
module internal HeaderText =

    /// Tensors of more extents are not used for networks, and an entry must stay small.
    let private maximalRank = 8

    /// Carries a fault out of the token loop of `parse`, which is the only place that catches it.
    exception private Broken of at: int64 * Fault

    let private broken at fault = raise (Broken(at, fault))

    /// Moves to the next token. Not a closure: the reader is a by-reference structure.
    let private next (reader: byref<Utf8JsonReader>) =
        if not (reader.Read()) then
            broken reader.BytesConsumed (Syntax("JSON", "it ends early"))

    let private expect (kind: JsonTokenType) what (reader: byref<Utf8JsonReader>) =
        if reader.TokenType <> kind then
            broken reader.TokenStartIndex (Mismatch(what, string kind, string reader.TokenType))

    let private text what (reader: byref<Utf8JsonReader>) =
        expect JsonTokenType.String what &reader
        reader.GetString() |> nonNull

    let private whole what high (reader: byref<Utf8JsonReader>) =
        expect JsonTokenType.Number what &reader
        let mutable value = 0L

        if reader.TryGetInt64 &value && value >= 0L && value <= high then
            value
        else
            let found = Text.Encoding.UTF8.GetString reader.ValueSpan
            broken reader.TokenStartIndex (OutOfRange(what, found, "0", string high))

    /// A list of whole numbers.
    let private wholes what limit high (reader: byref<Utf8JsonReader>) : int64 list =
        expect JsonTokenType.StartArray what &reader
        let values = List<int64>()
        next &reader

        while reader.TokenType <> JsonTokenType.EndArray do
            if values.Count = limit then
                broken
                    reader.TokenStartIndex
                    (OutOfRange($"the length of {what}", "more", "0", string limit))

            values.Add(whole what high &reader)
            next &reader

        List.ofSeq values

    let private metadata (into: Dictionary<string, string>) (reader: byref<Utf8JsonReader>) =
        expect JsonTokenType.StartObject "the metadata" &reader
        next &reader

        while reader.TokenType <> JsonTokenType.EndObject do
            let at = reader.TokenStartIndex
            let key = reader.GetString() |> nonNull
            next &reader

            if not (into.TryAdd(key, text "a value of the metadata" &reader)) then
                broken at (Duplicate("metadata key", key))

            next &reader

    let private entry name (reader: byref<Utf8JsonReader>) : Entry =
        let at = reader.TokenStartIndex
        expect JsonTokenType.StartObject $"`{name}`" &reader
        let mutable stored = ValueNone
        let mutable shape = ValueNone
        let mutable offsets = ValueNone
        next &reader

        while reader.TokenType <> JsonTokenType.EndObject do
            let keyAt = reader.TokenStartIndex
            let key = reader.GetString() |> nonNull
            next &reader

            let once (known: bool) =
                if known then
                    broken keyAt (Duplicate("key", key))

            match key with
            | "dtype" ->
                once stored.IsSome
                let word = text $"the type of `{name}`" &reader

                match StoredType.tryParse word with
                | Some t -> stored <- ValueSome t
                | None ->
                    broken
                        reader.TokenStartIndex
                        (Unsupported($"the type of `{name}`", word, "F32, F64, F16, BF16, I64"))
            | "shape" ->
                once shape.IsSome
                let high = int64 Array.MaxLength

                shape <- ValueSome(wholes $"the shape of `{name}`" maximalRank high &reader)
            | "data_offsets" ->
                once offsets.IsSome

                match wholes $"the offsets of `{name}`" 2 Int64.MaxValue &reader with
                | [ start; finish ] -> offsets <- ValueSome struct (start, finish)
                | _ -> broken keyAt (Lacks $"two offsets for `{name}`")
            | _ -> broken keyAt (Unsupported("a key", key, "dtype, shape, data_offsets"))

            next &reader

        match stored, shape, offsets with
        | ValueSome stored, ValueSome shape, ValueSome struct (start, finish) -> {
            Name = name
            Type = stored
            Shape = List.map int shape
            Start = start
            Finish = finish
            At = at
          }
        | ValueNone, _, _ -> broken at (Lacks $"dtype for `{name}`")
        | _, ValueNone, _ -> broken at (Lacks $"shape for `{name}`")
        | _ -> broken at (Lacks $"data_offsets for `{name}`")

    let private body (metadataInto: Dictionary<string, string>) (json: byte[]) : List<Entry> =
        let options = JsonReaderOptions(MaxDepth = 4)
        let mutable reader = Utf8JsonReader(ReadOnlySpan json, options)
        let entries = List<Entry>()
        let names = HashSet<string>()
        next &reader
        expect JsonTokenType.StartObject "the header" &reader
        next &reader

        while reader.TokenType <> JsonTokenType.EndObject do
            let at = reader.TokenStartIndex
            let name = reader.GetString() |> nonNull

            if not (names.Add name) then
                broken at (Duplicate("entry", name))

            next &reader

            if name = "__metadata__" then
                metadata metadataInto &reader
            else
                entries.Add(entry name &reader)

            next &reader

        // Anything but blanks after the object is an error that this raises.
        if reader.Read() then
            broken reader.TokenStartIndex (Syntax("JSON", "more than one value"))

        entries

    /// The parser tells a line and a byte in it: the offset that they stand for.
    let private offsetOf (json: byte[]) (e: JsonException) =
        let column = e.BytePositionInLine |> Option.ofNullable |> Option.defaultValue 0L
        let mutable line = e.LineNumber |> Option.ofNullable |> Option.defaultValue 0L
        let mutable start = 0

        while line > 0L && start < json.Length do
            if json[start] = byte '\n' then
                line <- line - 1L

            start <- start + 1

        int64 start + column

    /// The metadata and the entries in their order, or a fault with its offset in the header.
    let parse (json: byte[]) : Result<Map<string, string> * Entry list, int64 * Fault> =
        try
            let metadata = Dictionary<string, string>()
            let entries = body metadata json

            Ok(
                metadata |> Seq.map (fun pair -> pair.Key, pair.Value) |> Map.ofSeq,
                List.ofSeq entries
            )
        with
        | Broken(at, fault) -> Error(at, fault)
        | :? JsonException as e ->
            Error(offsetOf json e, Syntax("JSON", e.Message.Split(" LineNumber:").[0]))
        | :? InvalidOperationException as e ->
            // Strings that are not UTF-8 surface only when they are taken out.
            Error(0L, Syntax("JSON", e.Message))
