namespace Sss.Files

open Sss.Core

/// An operation of a file that the language cannot say, and why.
type ImportRefusal = {
    /// The node's name in the file; of its first value where it has none.
    Node: string
    /// The file's word for the operation: `Conv`.
    Operation: string
    /// The names of the values and constants that it reads.
    Reads: string list
    Reason: string
}

/// Why a file was not imported.
[<RequireQualifiedAccess>]
type ImportError =
    /// The file cannot be read.
    | File of FileError
    /// At least one, in the order of the file.
    | Operations of path: string * ImportRefusal list
    /// The file leaves the size of its image open, and none was given.
    | OpenSize of path: string
    /// Something about the graph as a whole.
    | Graph of path: string * reason: string
    /// What came out is no network of the language; each reason in words.
    | Network of path: string * reasons: string list
    /// A file of weights does not fit the network that it is for; each reason in words.
    | Weights of path: string * reasons: string list

/// Wording.
[<RequireQualifiedAccess>]
module ImportError =

    /// Lines that one message shows at most.
    let private most = 40

    let private refusal (r: ImportRefusal) =
        let reads = String.concat ", " (List.map Escape.line r.Reads)
        $"  {Escape.line r.Node} ({Escape.line r.Operation} of {reads}): {Escape.line r.Reason}"

    let private listed path (count: string) (lines: string list) =
        let rest = [
            if lines.Length > most then
                $"  and {lines.Length - most} more"
        ]

        String.concat "\n" ($"{Escape.line path}: {count}" :: List.truncate most lines @ rest)

    /// What is wrong, all of it, in a caller's words.
    let messageIn (w: Wording) (error: ImportError) : string =
        match error with
        | ImportError.File error -> FileError.messageIn w error
        | ImportError.OpenSize path ->
            $"{Escape.line path}: the size of its image is open; {w.ImageSize}"
        | ImportError.Operations(path, refusals) ->
            let count =
                match refusals with
                | [ _ ] -> "one operation cannot be written as a network of the language"
                | _ ->
                    $"{refusals.Length} operations cannot be written as a network of the language"

            listed path count (List.map refusal refusals)
        | ImportError.Graph(path, reason) -> $"{Escape.line path}: {Escape.line reason}"
        | ImportError.Network(path, reasons) ->
            listed
                path
                "what the file says is no network of the language"
                (reasons |> List.map (fun reason -> "  " + Escape.line reason))
        | ImportError.Weights(path, reasons) ->
            listed
                path
                "the weights are not those of the network"
                (reasons |> List.map (fun reason -> "  " + Escape.line reason))

    /// The same in the words of the command line.
    let message (error: ImportError) : string = messageIn Wording.commandLine error
