namespace Sss.Core

open System.Collections.Generic
open Sss.Core.CheckValue
open Sss.Core.CheckRun
open Sss.Core.Select

/// `Draft -> Network`: names, shapes, factors. All independent mistakes come out together.
[<RequireQualifiedAccess>]
module Check =

    /// Layers that one network may have.
    let maxLayers = 1_000_000

    /// Counts that do not fit into 64 bits would come out wrong, so they are refused.
    let private checkCounts run (place: Place) (network: Network) =
        let limit = 9_000_000_000_000_000_000L
        let mutable macs = 0L
        let mutable parameters = 0L

        for layer in Network.layers network do
            macs <- Count.plus macs (Cost.macs layer)

            for spec in Op.arrays layer.Op layer.Input do
                let size = spec.Shape |> List.map int64 |> Count.product
                parameters <- Count.plus parameters size

        if macs > limit then
            run.Report (shapeProblem (ShapeProblem.TooLarge "multiply-adds")) place

        if parameters > limit then
            run.Report (shapeProblem (ShapeProblem.TooLarge "parameters")) place

    /// The network with shared factors on all layers that they multiply.
    let private share run (network: Network) : Network =
        let shared, problems = SharedFactors.resolve network

        for layer, problem in problems do
            run.Report (Problem.Factor problem) run.Shared[layer]

        shared

    /// Where the last layer or join of a body is written.
    let rec private lastPlace (body: DraftNode list) : Place option =
        match List.tryLast body with
        // The scores are what is before it.
        | Some(DraftNode.Output _) -> lastPlace (List.take (body.Length - 1) body)
        | Some(DraftNode.Layer layer) -> Some layer.Place
        | Some(DraftNode.Scope scope) -> lastPlace scope.Body |> Option.orElse (Some scope.Place)
        | Some(DraftNode.Residual residual) -> Some residual.Place
        | Some(DraftNode.Gate gate) -> Some gate.Place
        | Some(DraftNode.Concat concat) -> Some concat.Place
        | Some DraftNode.Broken
        | None -> None

    /// The output must be one value per class (or number), or an image of them.
    let private checkOutput run (draft: Draft) (body: Node list) (output: Shape option) =
        match output, draft.Classes with
        | Some _, _ when body.IsEmpty ->
            run.Report (shapeProblem ShapeProblem.EmptyNetwork) draft.Place
        | Some output, Some classes when
            output.Channels <> classes || Shape.count output > int64 System.Array.MaxLength
            ->
            lastPlace draft.Body
            |> Option.defaultValue draft.Place
            |> run.Report(
                shapeProblem (ShapeProblem.OutputIsNotClasses(output, draft.OutputKind, classes))
            )
        | _ -> ()

    /// As `check`; `seen` hears of every node when it is checked, inner nodes before outer ones, also of
    /// those in a network that is wrong.
    let trace
        (seen: CheckedNode -> unit)
        (draft: Draft)
        : Result<Network * NetworkError list, NetworkError list> =
        let found = ResizeArray<NetworkError>()

        let run = {
            Report = fun problem place -> found.Add { Problem = problem; Place = place }
            Seen = seen
            Layers = 0
            IsBroken = false
            Shared = Dictionary()
        }

        match draft.Input with
        | Some input when Shape.count input > int64 System.Array.MaxLength ->
            run.Report (shapeProblem (ShapeProblem.ImageTooLarge input)) draft.Place
        | _ -> ()

        let scope = NameScope("", draft.Definitions, run.Report)
        let body, value = CheckBody.checkBody run scope (input draft.Input) draft.Body

        for word, place in leaves false value.Sources do
            run.Report (Problem.Factor(FactorProblem.FactorOnOutput word)) place

        if run.Layers > maxLayers then
            run.Report (shapeProblem (ShapeProblem.TooManyLayers maxLayers)) draft.Place

        checkOutput run draft body value.Shape

        let hasErrors () =
            found.Exists(fun error -> not (NetworkErrorText.isWarning error))

        match draft.Input, draft.Classes with
        | Some input, Some classes when not (hasErrors ()) ->
            let network = {
                Name = draft.Name
                Input = input
                Classes = classes
                OutputKind = draft.OutputKind
                Body = body
            }

            checkCounts run draft.Place network

            let network =
                if hasErrors () || run.IsBroken then
                    network
                else
                    share run network

            if hasErrors () then
                Error(List.ofSeq found)
            else
                Ok(network, List.ofSeq found)
        | _ -> Error(List.ofSeq found)

    /// Checks a draft. Right: the network, with warnings. Wrong: every mistake found, warnings too.
    let check (draft: Draft) : Result<Network * NetworkError list, NetworkError list> =
        trace ignore draft
