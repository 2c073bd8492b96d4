namespace Sss.Cli

open System
open Sss.Core
open Sss.Dsl
open Sss.Torch

/// What `sss train` warns of, and what it notes.
[<RequireQualifiedAccess>]
module TrainWarnings =

    /// Structures that are kept although their factor is zero, with the rule; at most a few.
    let stays (plan: Plan) =
        let shown = 5

        match plan.Stays with
        | [] -> []
        | all -> [
            $"kept although their factor is zero: {all.Length}"
            for structure, rule in List.truncate shown all do
                $"  {Plan.describeStructure structure}: {Plan.describeStay rule}"
            if all.Length > shown then
                $"  and {all.Length - shown} more"
          ]

    /// A limit that factors cannot reach, or only by taking nearly all that they do reach.
    let reach path (network: Network) (limit: NarrowLimit) =
        let part name =
            Number.percent (limit.Most / max 1.0 limit.Dense),
            Number.percent (limit.Stays / max 1.0 limit.Dense),
            $" of the {name}"

        let most, stays, unit =
            match limit.Kind with
            | LimitKind.Macs -> part "macs"
            | LimitKind.Params -> part "params"
            | LimitKind.Size ->
                Number.grouped (int64 limit.Most), Number.grouped (int64 limit.Stays), " bytes"
            | LimitKind.Latency ->
                Number.milliseconds limit.Most, Number.milliseconds limit.Stays, ""

        if limit.Stays > limit.Most then
            Terminal.error
                $"{Escape.line path}: warning: the target of {most}{unit} cannot be reached: about {stays} stay, whatever \
                  factors become 0. Give factors to more layers, or choose a larger target."
        else
            let isShared =
                Network.scales network |> Seq.exists (fun (_, scale) -> scale.Kind = Shared)

            let advice =
                if isShared then
                    ""
                else
                    " `@scale(neuron, shared)` gives factors to channels that sums join."

            Terminal.error
                $"{Escape.line path}: warning: about {stays}{unit} stay, whatever factors become 0. That is more than half \
                  of the target of {most}, so little is left to choose from.{advice}"

    /// A network that no penalty acts on would be trained for nothing.
    let recipe (o: TrainOptions) path text (parsed: Parsed) (recipe: Recipe) =
        let gammas = Option.toList o.Recipe.Gamma

        for warning in RecipeOptions.warnings gammas (Target.isGiven recipe.Target) parsed do
            Terminal.write Console.Error (Language.render path text warning)

        match TargetCourse.isShort recipe with
        // A `by` that is refused has no such epochs.
        | Some(first, left) when not o.Quiet && (TargetCourse.problem recipe).IsNone ->
            let first =
                if first = 1.0 then
                    "1 epoch"
                else
                    $"{Number.brief first} epochs"

            let all = Number.counted recipe.Epochs "epoch"

            let remain = if left = 1.0 then "remains" else "remain"

            Terminal.error
                $"{Escape.line path}: warning: {all} are few for a target: it holds after {first}, and {Number.brief left} {remain} to train \
                  the smaller network; {TargetCourse.enough recipe} or more (`epochs`, --epochs) give a better one."
        | Some _
        | None -> ()

        let scaled = Network.scales parsed.Network |> Seq.toList

        if List.isEmpty scaled then
            Terminal.error
                $"{Escape.line path}: warning: the network has no scaling factors, so nothing can be removed; \
                  write `@scale(…)` where structures may go."
        elif
            not (Target.isGiven recipe.Target)
            && scaled
               |> List.forall (fun (_, s) -> Recipe.gammaOf s.Kind recipe.Gamma * s.Gamma = 0.0)
        then
            Terminal.error
                $"{Escape.line path}: warning: every γ is 0, so nothing will be removed; write `gamma …` in the \
                  recipe or give --gamma."

    /// What of the network does not start with a file's weights.
    let start path (start: StartWeights) =
        start.NewHead
        |> Option.iter (fun layer ->
            Terminal.error
                $"{Escape.line path}: {layer} starts at random; it is not the last layer of the file"
        )

        for output in start.NewOutputs do
            Terminal.error $"{Escape.line path}: it has no output {output}, which starts at random"

        if not start.NewFactors.IsEmpty then
            let shown = List.truncate 3 start.NewFactors
            let more = start.NewFactors.Length - shown.Length
            let names = String.Join(", ", shown)
            let rest = if more > 0 then $" and {more} more" else ""

            Terminal.error
                $"{Escape.line path}: it has no factors for {names}{rest}; they start at `init`"
