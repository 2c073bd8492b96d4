namespace Sss.Core

open Sss.Core.CheckValue
open Sss.Core.CheckRun

/// `attention`: two layers, so that what its heads give and what its output projection gives are
/// channels like any others. The names of both start with the statement's.
module internal CheckAttention =

    /// The parts of its name.
    let heads, out = "heads", "out"

    /// Its two layers, each with the value after it. `next`: the item after it, if there is one.
    let check run (item: Item) next (layer: DraftLayer) (a: Attention) value : (Node * Value) list =
        let part name op scale =
            let own = { layer with Op = op; Scale = scale }

            own,
            {
                item with
                    Name = item.Name + "." + name
                    Node = DraftNode.Layer own
            }

        let ofHeads, ofOut =
            match layer.Scale with
            | Some { Kind = Neuron | Shared } -> None, layer.Scale
            | Some { Kind = Group | Block }
            | None -> layer.Scale, None

        match value.Shape with
        | Some input when a.Heads > 0 && (a.Width.IsSome || input.Channels % a.Heads = 0) ->
            let inner = {
                a with
                    Width = Some(Option.defaultValue (input.Channels / a.Heads) a.Width)
                    Out = None
            }

            let first, firstItem = part heads (Op.Attention inner) ofHeads

            let second, secondItem =
                part
                    out
                    (Op.Conv(Attention.projection (Option.defaultValue input.Channels a.Out)))
                    ofOut

            let items = ResizeArray [ firstItem; secondItem; yield! Option.toList next ]
            let made, between = checkLayer run items 0 first value
            [ made, between; checkLayer run items 1 second between ]
        // Whatever is wrong with it is said of it as it was written.
        | Some _
        | None ->
            let own, ownItem = part heads layer.Op ofHeads
            let made, after = checkLayer run (ResizeArray [ ownItem ]) 0 own value
            [ made, { after with Shape = None } ]
