namespace Sss.Tests.Language

open Xunit
open FsCheck
open FsCheck.FSharp
open Sss.Core
open Sss.Tests.Shapes

/// Random legal networks: parsed from random texts, then thinned out as selection thins them, so that
/// numbers have gaps, scopes lose members and projections stand where residuals were.
module RandomNetworks =

    /// A network's nodes with shapes made anew, or None where they no longer agree.
    let rec private reshape (input: Shape) (body: Node list) : (Node list * Shape) option =
        ((Some([], input)), body)
        ||> List.fold (fun state node ->
            state
            |> Option.bind (fun (done', shape) ->
                match node with
                | Node.Layer layer ->
                    let output = outputShape layer.Op shape

                    let fits =
                        match layer.Op with
                        | Op.Conv c -> shape.Channels % c.Groups = 0
                        | _ -> true

                    let scale =
                        layer.Scale
                        |> Option.map (fun s ->
                            if s.Kind = Neuron then
                                { s with Count = output.Channels }
                            else
                                s
                        )

                    if fits && output.Height > 0 && output.Width > 0 then
                        let layer = {
                            layer with
                                Input = shape
                                Output = output
                                Scale = scale
                        }

                        Some(Node.Layer layer :: done', output)
                    else
                        None
                | Node.Residual r ->
                    match reshape shape r.Branch, reshape shape r.Shortcut with
                    | Some(branch, a), Some(shortcut, b) when a = b && not branch.IsEmpty ->
                        let r = {
                            r with
                                Branch = branch
                                Shortcut = shortcut
                                Output = a
                        }

                        Some(Node.Residual r :: done', a)
                    | _ -> None
                | Node.Output o ->
                    reshape shape o.Body
                    |> Option.filter (fun (body, _) -> not body.IsEmpty)
                    |> Option.map (fun (body, _) ->
                        Node.Output { o with Input = shape; Body = body } :: done', shape
                    )
                | Node.Gate g ->
                    match reshape shape g.Body with
                    | Some(body, gate) when gate = shape || gate = Shape.vector shape.Channels ->
                        let g = { g with Body = body; Output = shape }
                        Some(Node.Gate g :: done', shape)
                    | _ -> None
                | Node.Concat c when
                    c.Reads = Reads.Parts
                    && shape.Channels <> List.sumBy (fun b -> b.Input.Channels) c.Branches
                    ->
                    None
                | Node.Concat c ->
                    let own (b: Branch) =
                        match c.Reads with
                        | Reads.All -> shape
                        | Reads.Parts -> {
                            shape with
                                Channels = b.Input.Channels
                          }

                    let bodies =
                        c.Branches
                        |> List.map (fun b -> { b with Input = own b }, reshape (own b) b.Body)

                    if bodies |> List.forall (fun (_, r) -> r.IsSome) then
                        let shapes = bodies |> List.map (fun (_, r) -> snd r.Value)

                        let output = {
                            shapes.Head with
                                Channels = shapes |> List.sumBy (fun s -> s.Channels)
                        }

                        let branches =
                            bodies |> List.map (fun (b, r) -> { b with Body = fst r.Value })

                        let c = {
                            c with
                                Branches = branches
                                Output = output
                        }

                        Some(Node.Concat c :: done', output)
                    else
                        None
            )
        )
        |> Option.map (fun (nodes, shape) -> List.rev nodes, shape)

    /// Removes the structure with a number, counting in the order of the text: a residual's branch,
    /// a concatenation's branch, or a dropout.
    let rec private cut (number: int ref) (body: Node list) : Node list =
        body
        |> List.collect (fun node ->
            let isIt =
                match node with
                | Node.Layer { Op = Op.Dropout _ }
                | Node.Residual _
                | Node.Concat { Reads = Reads.All } ->
                    number.Value <- number.Value - 1
                    number.Value = 0
                | Node.Layer _
                | Node.Gate _
                | Node.Output _
                | Node.Concat { Reads = Reads.Parts } -> false

            match node with
            | Node.Layer _ -> if isIt then [] else [ node ]
            | Node.Residual r ->
                if isIt then
                    r.Shortcut
                else
                    [
                        Node.Residual {
                            r with
                                Branch = cut number r.Branch
                                Shortcut = cut number r.Shortcut
                        }
                    ]
            | Node.Gate g -> [ Node.Gate { g with Body = cut number g.Body } ]
            | Node.Output o -> [ Node.Output { o with Body = cut number o.Body } ]
            | Node.Concat c ->
                if not isIt then
                    let branches =
                        c.Branches |> List.map (fun b -> { b with Body = cut number b.Body })

                    [ Node.Concat { c with Branches = branches } ]
                else
                    match c.Branches.Tail with
                    | [ only ] -> only.Body
                    | rest -> [ Node.Concat { c with Branches = rest } ]
        )

    /// Without the shared factors whose owner is gone.
    let private owned (network: Network) : Network =
        let there = Network.layers network |> Seq.map _.Name |> Set.ofSeq

        let isOwned (scale: Scale) =
            scale.Owner |> Option.forall there.Contains

        network
        |> Network.map
            (fun l -> {
                l with
                    Scale = Option.filter isOwned l.Scale
            })
            id

    /// A network without one of its structures; the same one where that cannot go.
    let thin (network: Network) (number: int) : Network =
        match reshape network.Input (cut (ref number) network.Body) with
        | Some(body, output) when output = Shape.vector network.Classes ->
            owned { network with Body = body }
        | _ -> network

    /// A random text and what to remove from its network.
    type Case = { Plan: TextPlan; Cuts: byte list }

    /// The network of a case.
    let build (case: Case) : Network =
        let network = Support.network (Plans.text case.Plan)

        case.Cuts
        |> List.truncate 6
        |> List.fold (fun n number -> thin n (1 + int number % 20)) network

    /// Random legal networks, for any test that wants some.
    let networks: Gen<Network> =
        ArbMap.defaults |> ArbMap.generate<Case> |> Gen.map build
