namespace Sss.Torch

open System
open System.IO

/// The machine that measures.
[<RequireQualifiedAccess>]
module Machine =

    let private processor () : string option =
        try
            if OperatingSystem.IsLinux() then
                File.ReadLines "/proc/cpuinfo"
                |> Seq.tryFind (fun line ->
                    line.StartsWith("model name", StringComparison.Ordinal)
                    || line.StartsWith("Model", StringComparison.Ordinal)
                )
                |> Option.map (fun line -> line.Substring(line.IndexOf ':' + 1).Trim())
            else
                Environment.GetEnvironmentVariable "PROCESSOR_IDENTIFIER" |> Option.ofObj
        with
        | :? IOException
        | :? UnauthorizedAccessException -> None

    /// The processor and the number of cores: what a time depends on most.
    let name () : string =
        let processor = processor () |> Option.defaultValue "unknown processor"
        $"{processor}, {Environment.ProcessorCount} cores"
