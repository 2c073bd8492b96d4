namespace Sss.Cli

open System
open System.Globalization
open Argu
open FsToolkit.ErrorHandling
open Sss.Core

/// Options of `sss train` that override the recipe's target.
[<RequireQualifiedAccess>]
module TargetOptions =

    /// A number above 0 and at most 1.
    let fraction name (value: float) : Result<float, string> =
        if Target.isFraction value then
            Ok value
        else
            Error
                $"{name} must be a number above 0 and at most 1, not {value.ToString(CultureInfo.InvariantCulture)}."

    /// The number that a text begins with, if only a unit follows.
    let private withUnit (units: string list) (text: string) : (float * string) option =
        let styles = NumberStyles.AllowDecimalPoint ||| NumberStyles.AllowExponent

        units
        |> List.tryFind (fun unit -> text.EndsWith(unit, StringComparison.Ordinal))
        |> Option.bind (fun unit ->
            let digits = text.Substring(0, text.Length - unit.Length)

            match Double.TryParse(digits, styles, CultureInfo.InvariantCulture) with
            | true, value when value > 0.0 && SinglePrecision.fits value -> Some(value, unit)
            | _ -> None
        )

    let private size (text: string) : Result<int64, string> =
        let units = Target.sizeUnits @ [ "", 1.0 ]

        withUnit (List.map fst units) text
        |> Option.bind (fun (value, unit) ->
            let _, bytes = units |> List.find (fun (name, _) -> name = unit)
            Target.bytes bytes value
        )
        |> function
            | Some bytes -> Ok bytes
            | None -> Error $"--target-size: '{text}' is not a size; write 200000, 200kB or 1.5MB."

    let private latency (text: string) : Result<LatencyLimit, string> =
        match withUnit [ "ms"; "" ] text with
        | Some(value, "ms") -> Ok(LatencyLimit.Milliseconds value)
        | Some(value, _) when Target.isFraction value -> Ok(LatencyLimit.OfDense value)
        | Some _ ->
            Error
                $"--target-latency: '{text}' is above 1, so it is no fraction of the dense network's time; for \
                  milliseconds write {text}ms."
        | None ->
            Error
                $"--target-latency: '{text}' is not a time; write 5ms, or 0.5 for half of the dense \
                  network's time."

    /// The limits that the options give.
    let read (args: ParseResults<TrainArgument>) : Result<Target, string> =
        result {
            let! macs =
                args.TryGetResult TrainArgument.Target_Macs
                |> Option.traverseResult (fraction "--target-macs")

            let! parameters =
                args.TryGetResult TrainArgument.Target_Params
                |> Option.traverseResult (fraction "--target-params")

            let! size = args.TryGetResult TrainArgument.Target_Size |> Option.traverseResult size

            let! latency =
                args.TryGetResult TrainArgument.Target_Latency |> Option.traverseResult latency

            return {
                Macs = macs
                Params = parameters
                Size = size
                Latency = latency
            }
        }
