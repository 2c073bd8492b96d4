namespace Sss.Lsp

open System.Text.Json
open System.Text.Json.Nodes

/// Reading what a client sends, where any part may be missing or something else, and writing answers.
[<RequireQualifiedAccess>]
module internal Json =

    /// The member of an object at the end of a path of names.
    let rec tryGet (path: string list) (value: JsonElement) : JsonElement option =
        match path with
        | [] -> Some value
        | name :: rest when value.ValueKind = JsonValueKind.Object ->
            match value.TryGetProperty name with
            | true, inner -> tryGet rest inner
            | false, _ -> None
        | _ -> None

    /// A text there.
    let text path value : string option =
        tryGet path value
        |> Option.bind (fun found ->
            if found.ValueKind = JsonValueKind.String then
                Option.ofObj (found.GetString())
            else
                None
        )

    /// A whole number there.
    let int path value : int option =
        tryGet path value
        |> Option.bind (fun found ->
            if found.ValueKind = JsonValueKind.Number then
                match found.TryGetInt32() with
                | true, n -> Some n
                | false, _ -> None
            else
                None
        )

    /// A truth value there.
    let flag path value : bool option =
        tryGet path value
        |> Option.bind (fun found ->
            match found.ValueKind with
            | JsonValueKind.True -> Some true
            | JsonValueKind.False -> Some false
            | _ -> None
        )

    /// The elements of an array there; none where there is no array.
    let items path value : JsonElement list =
        match tryGet path value with
        | Some found when found.ValueKind = JsonValueKind.Array ->
            List.ofSeq (found.EnumerateArray())
        | Some _
        | None -> []

    let private child (node: JsonNode option) : JsonNode | null = Option.toObj node

    /// An object; members without a value are left out.
    let make (members: (string * JsonNode option) list) : JsonNode =
        let result = JsonObject()

        for name, value in members do
            if value.IsSome then
                result.Add(name, child value)

        result

    /// An object.
    let object (members: (string * JsonNode) list) : JsonNode =
        make (members |> List.map (fun (name, value) -> name, Some value))

    /// An array.
    let array (values: JsonNode seq) : JsonNode =
        let result = JsonArray()

        for value in values do
            result.Add(value)

        result

    let string (text: string) : JsonNode =
        nonNull (JsonValue.Create text) :> JsonNode

    let number (n: int) : JsonNode = JsonValue.Create n
    let truth (b: bool) : JsonNode = JsonValue.Create b
