namespace Sss.Torch

open System
open System.Text.Json
open Sss.Core
open Sss.Dsl
open Sss.Files

/// The numbers and texts of a checkpoint, each held to its bounds. A value out of bounds raises
/// `FormatException`, with the reason.
[<Sealed>]
type internal CheckpointScalars(root: JsonElement) =

    let field (name: string) =
        match root.TryGetProperty name with
        | true, value -> value
        | _ -> raise (FormatException $"it has no `{name}`")

    let bad name bounds =
        JsonText.outside name (field name) bounds

    let upTo (most: int64) (name: string) =
        field name |> JsonText.whole name 0L most $"a whole number from 0 to {most}"

    member _.Has(name: string) = fst (root.TryGetProperty name)

    /// A number of any sign; not a number where the file has null, None where it has nothing.
    member _.TryAny(name: string) : float option =
        match root.TryGetProperty name with
        | false, _ -> None
        | true, value ->
            match value.ValueKind with
            | JsonValueKind.Null -> Some nan
            | JsonValueKind.Number -> Some(value.GetDouble())
            | _ -> bad name "a number"

    member _.Bad name bounds = bad name bounds
    member _.Long name = upTo Int64.MaxValue name
    member _.Int name = int (upTo (int64 Int32.MaxValue) name)

    member _.Number(name: string) =
        field name
        |> JsonText.real name (fun value -> value >= 0.0) "a finite number of 0 or more"

    member _.Text(name: string) =
        let value = field name

        match value.ValueKind with
        | JsonValueKind.String -> value.GetString() |> nonNull
        | _ -> bad name "a text"

/// The state that a checkpoint holds.
[<RequireQualifiedAccess>]
module internal CheckpointState =

    let private network (text: string) =
        match Language.parse text with
        | Ok parsed -> parsed.Network
        | Error _ -> raise (FormatException "the text of a network does not parse")

    let private key (text: string) =
        match ArrayKey.tryParse text with
        | Some key -> key
        | None -> raise (FormatException $"`{text}` is not the name of an array")

    /// What follows the beginning of a name; the network's own arrays have none.
    let private after (prefix: string) (name: string) =
        if prefix = "" && name.StartsWith '@' then
            None
        elif name.StartsWith(prefix, StringComparison.Ordinal) then
            Some(name.Substring prefix.Length)
        else
            None

    /// The arrays of a file whose names begin in one way.
    let private under (file: SafetensorsFile) (prefix: string) (read: StoredTensor -> 'T) =
        Map.toSeq file.Tensors
        |> Seq.choose (fun (name, t) ->
            after prefix name |> Option.map (fun rest -> key rest, read t)
        )
        |> Map.ofSeq

    let private doubles tensor = (StoredTensor.double tensor).Data
    let private integers tensor = doubles tensor |> Array.map int

    let private pressure (file: SafetensorsFile) (scalars: CheckpointScalars) : Pressure = {
        Presses = doubles file.Tensors["@gammas"] |> Array.map Press.ofGamma
        Budget = {
            BudgetState.Phase =
                match scalars.Text "phase" with
                | "Ramp" -> BudgetPhase.Ramp
                | "Landing" -> BudgetPhase.Landing
                | "Holding" -> BudgetPhase.Holding
                | _ -> scalars.Bad "phase" "Ramp, Landing or Holding"
            TotalReach = scalars.Number "totalReach"
            Multiplier = scalars.Number "multiplier"
            Marked = doubles file.Tensors["@marked"] |> Array.map (fun m -> m <> 0.0)
            Kept = doubles file.Tensors["@kept"] |> Array.map (fun k -> k <> 0.0)
            Previous = doubles file.Tensors["@previous"]
        }
        Latency =
            if scalars.Has "latencyFactor" then
                Some {
                    Factor = scalars.Number "latencyFactor"
                    Share = scalars.Number "latencyShare"
                }
            else
                None
    }

    let private uncut (file: SafetensorsFile) (scalars: CheckpointScalars) : UncutNetwork<float32> = {
        Network = network (scalars.Text "whole")
        Weights = under file "@whole/" StoredTensor.single
        Places = under file "@places/" integers
        Folded = under file "@folded/" StoredTensor.single
    }

    let private best (file: SafetensorsFile) (scalars: CheckpointScalars) : Best = {
        Epoch = scalars.Int "bestEpoch"
        Quality =
            match Quality.tryFind (fun key -> scalars.TryAny("best." + key)) with
            | Some quality -> quality
            // As versions that knew no other tasks than one class for each image have written it.
            | None -> Quality.Classification(scalars.Number "bestAccuracy")
        Loss = scalars.Number "bestLoss"
        Macs = scalars.Long "bestMacs"
        Network = network (scalars.Text "best")
        Numbers = under file "@best/" StoredTensor.single
    }

    let private lastProgress (_: SafetensorsFile) (scalars: CheckpointScalars) : LastProgress = {
        Epoch = scalars.Int "progressEpoch"
        Loss =
            match scalars.TryAny "progressLoss" with
            | Some loss when not (Double.IsNaN loss) -> loss
            | Some _
            | None -> infinity
        Macs = scalars.Long "progressMacs"
    }

    /// The state; raises what `System.Text.Json` raises and `FormatException`.
    let read (file: SafetensorsFile) : TrainState =
        use document = JsonDocument.Parse file.Metadata["sss.state"]
        let scalars = CheckpointScalars document.RootElement
        let under prefix = under file prefix
        let single = StoredTensor.single

        let whenThere name read =
            if scalars.Has name then Some(read file scalars) else None

        {
            Epoch = scalars.Int "epoch"
            Step = scalars.Long "step"
            Network = network file.Metadata["sss.network"]
            Numbers = under "" single
            Probe = under "@probe/" single
            FactorVelocity = under "@factor-velocity/" single
            Velocity = under "@velocity/" single
            SquareMeans = under "@square-means/" single
            Averages = under "@average/" single
            Squares = under "@squares/" single
            ZeroSteps = under "@zero-steps/" integers
            Pressure = whenThere "phase" pressure
            Dose = {
                Neuron = scalars.Number "doseNeuron"
                Group = scalars.Number "doseGroup"
                Block = scalars.Number "doseBlock"
                // Not in a file from before there were such factors.
                Shared =
                    if scalars.Has "doseShared" then
                        scalars.Number "doseShared"
                    else
                        0.0
            }
            Sums = {
                Loss = scalars.Number "loss"
                Right = scalars.Long "right"
                Images = scalars.Long "images"
            }
            Uncut = whenThere "whole" uncut
            Best = whenThere "best" best
            LastProgress = whenThere "progressEpoch" lastProgress
            TrainMacs = scalars.Number "trainMacs"
            Seconds = scalars.Number "seconds"
            // Not in a file of an earlier version.
            Threads =
                if scalars.Has "threads" then
                    Some(max 1 (min Limits.threads (scalars.Int "threads")))
                else
                    None
        }
