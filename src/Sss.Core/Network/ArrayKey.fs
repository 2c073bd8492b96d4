namespace Sss.Core

open System

/// The text of a key, OWNER.PART, and its order.
[<RequireQualifiedAccess>]
module internal KeyText =

    /// The last piece.
    let word (part: ArrayPart) : string =
        match part with
        | ArrayPart.Weight -> "weight"
        | ArrayPart.Bias -> "bias"
        | ArrayPart.Mean -> "mean"
        | ArrayPart.Variance -> "var"
        | ArrayPart.Query -> "query"
        | ArrayPart.QueryBias -> "query_bias"
        | ArrayPart.Key -> "key"
        | ArrayPart.KeyBias -> "key_bias"
        | ArrayPart.Position -> "position"
        | ArrayPart.Token -> "token"
        | ArrayPart.Factor -> "factor"

    let private parts = [
        ArrayPart.Weight
        ArrayPart.Bias
        ArrayPart.Mean
        ArrayPart.Variance
        ArrayPart.Query
        ArrayPart.QueryBias
        ArrayPart.Key
        ArrayPart.KeyBias
        ArrayPart.Position
        ArrayPart.Token
        ArrayPart.Factor
    ]

    let tryPart (text: string) : ArrayPart option =
        parts |> List.tryFind (fun part -> word part = text)

    let private length (owner: string) (word: string) = owner.Length + 1 + word.Length

    let private letter (owner: string) (word: string) i =
        if i < owner.Length then owner[i]
        elif i = owner.Length then '.'
        else word[i - owner.Length - 1]

    /// From the letter `i` on.
    let rec private compareFrom i owner word owner' word' : int =
        let left, right = length owner word, length owner' word'

        if i = left || i = right then
            compare left right
        else
            match compare (letter owner word i) (letter owner' word' i) with
            | 0 -> compareFrom (i + 1) owner word owner' word'
            | order -> order

    /// The ordinal order of two texts, without making them. An owner may begin with the whole of another
    /// one, and then the shorter one's point and part are compared with letters of the longer.
    let compareKeys (owner: string) part (owner': string) part' : int =
        let shared = min owner.Length owner'.Length

        match String.CompareOrdinal(owner, 0, owner', 0, shared) with
        | 0 when owner.Length = owner'.Length -> String.CompareOrdinal(word part, word part')
        | 0 -> compareFrom shared owner (word part) owner' (word part')
        | order -> order

/// The key of an array. Keys are in the ordinal order of their texts: it is the order of arrays in
/// files. (A reference, since `Map` would box a struct at each comparison.)
[<CustomEquality; CustomComparison>]
type ArrayKey = {
    /// The layer or residual that the array belongs to.
    Owner: string
    Part: ArrayPart
} with

    /// `ArrayKey.text`, for messages.
    override key.ToString() = key.Owner + "." + KeyText.word key.Part

    override key.Equals other =
        match other with
        | :? ArrayKey as other -> key.Part = other.Part && key.Owner = other.Owner
        | _ -> false

    override key.GetHashCode() =
        HashCode.Combine(key.Owner, key.Part.GetHashCode())

    interface IComparable with
        member key.CompareTo other =
            match other with
            | :? ArrayKey as other -> KeyText.compareKeys key.Owner key.Part other.Owner other.Part
            | _ -> 1

/// Keys of arrays, and their form in files: `LAYER.weight`, and so on.
[<RequireQualifiedAccess>]
module ArrayKey =

    /// The key of an array of a layer or a residual.
    let make (part: ArrayPart) (owner: string) : ArrayKey = { Owner = owner; Part = part }

    /// The form in files and messages: `OWNER.weight`.
    let text (key: ArrayKey) : string = key.ToString()

    /// The key that has this text. Names have points too, so the part is what follows the last one.
    let tryParse (text: string) : ArrayKey option =
        match text.LastIndexOf '.' with
        | -1 -> None
        | point ->
            KeyText.tryPart (text.Substring(point + 1))
            |> Option.map (fun part -> make part (text.Substring(0, point)))

    /// The layer or residual of a key, where it is the key of this part.
    let tryOwner (part: ArrayPart) (key: ArrayKey) : string option =
        if key.Part = part then Some key.Owner else None

    let isPart (part: ArrayPart) (key: ArrayKey) : bool = key.Part = part
