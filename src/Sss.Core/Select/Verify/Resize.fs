namespace Sss.Core

/// A network on images of another size: the same layers and names, other heights and widths. The law
/// of selection does not depend on the size, so large networks are verified on small images.
[<RequireQualifiedAccess>]
module Resize =

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
        | Node.Residual r ->
            match body input r.Branch, body input r.Shortcut with
            | Some(branch, a), Some(shortcut, b) when a = b ->
                Some(
                    Node.Residual {
                        r with
                            Branch = branch
                            Shortcut = shortcut
                            Output = a
                    },
                    a
                )
            | _ -> None
        | Node.Concat c ->
            let made =
                c.Branches
                |> List.choose (fun b ->
                    body input b.Body |> Option.map (fun (nodes, s) -> { b with Body = nodes }, s)
                )

            match made with
            | (_, first) :: _ when
                made.Length = c.Branches.Length
                && made
                   |> List.forall (fun (_, s) -> s.Height = first.Height && s.Width = first.Width)
                ->
                let output = {
                    first with
                        Channels = made |> List.sumBy (fun (_, s) -> s.Channels)
                }

                Some(
                    Node.Concat {
                        c with
                            Branches = List.map fst made
                            Output = output
                    },
                    output
                )
            | _ -> None

    /// The network on images of height × width. None where a window no longer fits, sides no longer
    /// agree, or the output is no longer one value per class.
    let network (size: Size) (network: Network) : Network option =
        let input = {
            network.Input with
                Height = size.H
                Width = size.W
        }

        body input network.Body
        |> Option.bind (fun (nodes, output) ->
            if Shape.count output = int64 network.Classes then
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
