/// What a network must be, whoever made it.
module Sss.Tests.Select.Soundness

open Sss.Core
open Sss.Tests.Shapes

/// What is wrong with a network's shapes and names; empty for a sound one.
let faults (network: Network) : string list =
    let rec body (input: Shape) nodes = [
        let mutable input = input

        for node in nodes do
            yield! visit input node
            input <- Network.outputOf input [ node ]
    ]

    and visit input node = [
        match node with
        | Node.Layer l ->
            if l.Input <> input then
                $"{l.Name} reads {l.Input}, is given {input}"

            if l.Output <> outputShape l.Op l.Input || Shape.count l.Output < 1L then
                $"{l.Name} gives {outputShape l.Op l.Input}, says {l.Output}"

            match l.Op with
            | Op.Conv c when l.Input.Channels % c.Groups <> 0 || c.Out % c.Groups <> 0 ->
                $"{l.Name} has groups that do not divide"
            | _ -> ()

            match l.Scale with
            | Some scale when l.Output.Channels % scale.Count <> 0 -> $"{l.Name} has odd factors"
            | _ -> ()
        | Node.Residual r ->
            yield! body input r.Branch
            yield! body input r.Shortcut

            if
                Network.outputOf input r.Branch <> r.Output
                || Network.outputOf input r.Shortcut <> r.Output
            then
                $"the sides of {r.Name} do not agree"
        | Node.Output o ->
            yield! body input o.Body

            if o.Input <> input then
                $"{o.Name} reads {o.Input}, is given {input}"
        | Node.Gate g ->
            yield! body input g.Body

            if g.Output <> input then
                $"{g.Name} gives {g.Output} for {input}"

            let gate = Network.outputOf input g.Body

            if gate <> input && gate <> Shape.vector input.Channels then
                $"{g.Name} multiplies {input} by {gate}"
        | Node.Concat c ->
            let isSplit = (c.Reads = Reads.Parts)

            if isSplit && List.sumBy (fun b -> b.Input.Channels) c.Branches <> input.Channels then
                $"the parts of {c.Name} are not its input"

            for branch in c.Branches do
                let channels = if isSplit then branch.Input.Channels else input.Channels

                if branch.Input <> { input with Channels = channels } || channels < 1 then
                    $"{branch.Name} of {c.Name} reads {branch.Input}"

                yield! body branch.Input branch.Body

            let outputs = c.Branches |> List.map (fun b -> Network.outputOf b.Input b.Body)

            if outputs.Length < 2 || List.sumBy _.Channels outputs <> c.Output.Channels then
                $"the branches of {c.Name} do not add up"
    ]

    let names = Network.layers network |> Seq.map _.Name |> List.ofSeq

    [
        yield! body network.Input network.Body

        if Network.outputOf network.Input network.Body <> Shape.vector network.Classes then
            "the output is not one value a class"

        if List.distinct names <> names then
            "names are not unique"
    ]

/// The keys and sizes that a network's numbers must have.
let expected network =
    Map.ofList [
        for p in Parameters.ofNetwork network do
            p.Key, p.Shape
        for s in Parameters.statistics network do
            s.Key, s.Spec.Shape
        for f in Parameters.factors network do
            f.Key, [ f.Scale.Count ]
    ]
