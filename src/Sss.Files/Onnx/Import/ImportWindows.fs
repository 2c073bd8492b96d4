namespace Sss.Files

open FsToolkit.ErrorHandling
open Sss.Core

/// Convolutions, pools and padding.
[<RequireQualifiedAccess>]
module internal ImportWindows =

    /// Kinds of operations that are read here.
    let kinds = [
        "Conv"
        "MaxPool"
        "AveragePool"
        "GlobalAveragePool"
        "GlobalMaxPool"
        "ReduceMean"
        "Pad"
    ]

    /// The operation, if it is one of these.
    let tryNode
        (n: OnnxNode)
        (inputs: Value' option list)
        (c: Computed)
        state
        : Result<ImportState, string> option =
        match n.Kind with
        | "Conv" -> Some(ImportConv.convolution n inputs c state)
        | "MaxPool" when n.Outputs.Length = 1 || List.tail n.Outputs |> List.forall ((=) "") ->
            Some(ImportPools.pool Max n c state)
        | "AveragePool" -> Some(ImportPools.pool Average n c state)
        | "GlobalAveragePool" -> Some(ImportPools.globalPool Average n c state)
        | "GlobalMaxPool" -> Some(ImportPools.globalPool Max n c state)
        | "ReduceMean" -> Some(ImportPools.mean n inputs c state)
        | "Pad" -> Some(ImportPadding.pad n inputs c state)
        | _ -> None
