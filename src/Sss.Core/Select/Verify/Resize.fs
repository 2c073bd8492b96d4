namespace Sss.Core

/// A network on images of another size: the same layers and names, other heights and widths. The law
/// of selection does not depend on the size, so large networks are verified on small images.
[<RequireQualifiedAccess>]
module Resize =

    /// All of them, or none.
    let private all (items: 'T option list) : 'T list option =
        let found = List.choose id items
        if found.Length = items.Length then Some found else None

    let rec private body (input: Shape) nodes : (Node list * Shape) option =
        ((Some([], input)), nodes)
        ||> List.fold (fun state node ->
            match state with
            | None -> None
            | Some(made, input) ->
                visit input node |> Option.map (fun (node, output) -> node :: made, output)
        )
        |> Option.map (fun (made, output) -> List.rev made, output)

    and private visit input node =
        match node with
        | Node.Layer layer ->
            match Op.output layer.Op input with
            | Error _ -> None
            | Ok output ->
                Some(
                    Node.Layer {
                        layer with
                            Input = input
                            Output = output
                    },
                    output
                )
        | Node.Residual _
        | Node.Gate _
        | Node.Output _ ->
            Node.bodies node
            |> List.map (body input >> Option.map fst)
            |> all
            |> Option.bind (fun bodies -> joined input (Node.withBodies bodies node))
        | Node.Concat c ->
            c.Branches
            |> List.map (fun branch ->
                let own = {
                    input with
                        Channels = branch.Input.Channels
                }

                body own branch.Body
                |> Option.map (fun (nodes, _) -> {
                    branch with
                        Input = own
                        Body = nodes
                })
            )
            |> all
            |> Option.bind (fun branches ->
                joined input (Node.Concat { c with Branches = branches })
            )

    and private joined input node =
        Network.joined input node |> Option.map (fun node -> node, Node.output node)

    /// The network on images of height × width. None where a window no longer fits, sides no longer
    /// agree, or a classifier no longer gives one value per class.
    let network (size: Size) (network: Network) : Network option =
        let input = {
            network.Input with
                Height = size.H
                Width = size.W
        }

        let fits (output: Shape) =
            if Network.isClassifier network then
                Shape.count output = int64 network.Classes
            else
                output.Channels = network.Classes

        body input network.Body
        |> Option.bind (fun (nodes, output) ->
            if fits output then
                Some {
                    network with
                        Input = input
                        Body = nodes
                }
            else
                None
        )

    /// The network on the smallest square images of at least `extent` that it can take; itself where
    /// its own are not larger, or nothing smaller fits.
    let reduced (extent: int) (whole: Network) : Network =
        seq { max 1 extent .. min whole.Input.Height whole.Input.Width - 1 }
        |> Seq.tryPick (fun n -> network (Size.square n) whole)
        |> Option.defaultValue whole
