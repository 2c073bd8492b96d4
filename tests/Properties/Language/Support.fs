namespace Sss.Tests.Language

open System.IO
open Sss.Core
open Sss.Dsl

/// Files of the repository, and shorthands.
module Support =

    /// The repository's root.
    let root = Sss.Tests.Repository.root

    /// A path in the repository.
    let path (parts: string list) =
        Path.Combine(Array.ofList (root :: parts))

    /// All example networks, zoo included.
    let examples: string list =
        Directory.GetFiles(path [ "examples" ], "*.sss", SearchOption.AllDirectories)
        |> Array.sort
        |> List.ofArray

    /// The text of a file; fails with the message where it cannot be read.
    let read file =
        match Language.readFile file with
        | Ok text -> text
        | Error diagnostic -> invalidOp (Language.render file "" diagnostic)

    /// All messages of a text.
    let messages (text: string) : string =
        match Language.parse text with
        | Ok parsed -> parsed.Warnings
        | Error diagnostics -> diagnostics
        |> List.map (Language.render "file.sss" text)
        |> String.concat ""

    /// What a text says; fails with its messages where it is wrong.
    let parse (text: string) : Parsed =
        match Language.parse text with
        | Ok parsed -> parsed
        | Error _ -> invalidOp (messages text + text)

    /// The network of a text.
    let network text = (parse text).Network

    /// The codes of a text's findings, in order.
    let codes (text: string) : string list =
        match Language.parse text with
        | Ok parsed -> parsed.Warnings
        | Error diagnostics -> diagnostics
        |> List.map (fun d -> d.Code)

    /// A network of the given statements: 3x8x8 in, ten classes out.
    let wrap (statements: string) =
        "network T {\n  input 3x8x8\n  classes 10\n"
        + statements
        + "\n  avgpool global\n  dense classes\n}\n"
