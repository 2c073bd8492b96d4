/// From sketches to networks.
module Sss.Tests.Select.Sketches

open Sss.Core
open Sss.Tests.Shapes
open Sss.Tests.Select.Drafts
open Sss.Tests.Select.SketchOps

let rec private body (scope: Scope) (input: Shape) (drafts: Draft list) : Node list =
    let rec go input (previous: Draft option) drafts =
        match drafts with
        | [] -> []
        | draft :: rest ->
            let nodes = visit scope input previous (List.tryHead rest) draft
            nodes @ go (Network.outputOf input nodes) (Some draft) rest

    go input None drafts

/// `previous` and `next` decide where factors may be: on a bn, where one follows.
and private visit scope (input: Shape) previous next draft : Node list =
    let beforeNorm =
        match next with
        | Some(Norm _) -> true
        | _ -> false

    match draft with
    | Conv(out, window, groups, bias, factor) ->
        let groups = divisor groups input.Channels out
        let op = bend (fun w -> convOp out w groups bias) input window

        let scale =
            if not factor || beforeNorm then None
            elif groups > 1 then Some(factors Group groups)
            else Some(factors Neuron out)

        [ layer scope op scale input ]
    | Depthwise(window, bias, factor) ->
        let make w =
            Op.DepthwiseConv {
                Kernel = w.K
                Stride = w.S
                Pad = w.P
                Dilation = w.D
                Bias = bias
            }

        let scale =
            if factor && not beforeNorm then
                Some(factors Neuron input.Channels)
            else
                None

        [ layer scope (bend make input window) scale input ]
    | Deconv(out, window, outPad, groups, bias, factor) ->
        let groups = divisor groups input.Channels out
        let op = bend (deconvOp out input outPad groups bias) input window

        let scale =
            if not factor || beforeNorm then None
            elif groups > 1 then Some(factors Group groups)
            else Some(factors Neuron out)

        [ layer scope op scale input ]
    | Full(out, bias, factor) ->
        let scale =
            if factor && not beforeNorm then
                Some(factors Neuron out)
            else
                None

        [ layer scope (Op.Dense { Out = out; Bias = bias }) scale input ]
    | Norm factor ->
        let scale =
            match previous with
            | Some(Conv _ | Deconv _ | Depthwise _ | Full _) when factor ->
                Some(factors Neuron input.Channels)
            | _ -> None

        [ layer scope bnOp scale input ]
    | Mixed(groups, factor) ->
        match divisor groups input.Channels input.Channels with
        | 1 -> [ layer scope (Op.LayerNorm { Eps = 1e-6 }) None input ]
        | n ->
            let scale =
                if factor && not beforeNorm then
                    Some(factors Group n)
                else
                    None

            [ layer scope (Op.GroupNorm { Groups = n; Eps = 1e-5 }) scale input ]
    | Act a -> [ layer scope (Op.Activation a) None input ]
    | Respond size ->
        let op =
            Op.LocalResponse {
                Size = size
                Alpha = 0.5
                Beta = 0.75
                K = 2.0
            }

        [ layer scope op None input ]
    | Larger(n, mode) ->
        let factor = if max input.Height input.Width * n > 14 then 1 else n
        [ layer scope (Op.Upsample { Factor = factor; Mode = mode }) None input ]
    | Slopes -> [ layer scope Op.PRelu None input ]
    | Gains -> [ layer scope (Op.LayerScale { Init = 1e-6 }) None input ]
    | Pool(kind, window, ceil, countPad) -> [
        layer scope (bend (poolOp kind ceil countPad) input window) None input
      ]
    | Global kind -> [ layer scope (Op.GlobalPool kind) None input ]
    | Drop -> [ layer scope (Op.Dropout 0.5) None input ]
    | Flat -> [ layer scope Op.Flatten None input ]
    | Sum(branch, shortcut, factor) -> residual scope input branch shortcut factor
    | Cat branches -> concat scope input branches
    | Gated(inner, pooled) -> gate scope input inner pooled
    | Parted branches -> split scope input branches
    | Exit inner when scope.IsOwn -> exit scope input inner
    | Exit _ -> []
    | Shuffled groups ->
        let groups = divisor groups input.Channels input.Channels
        [ layer scope (Op.Reorder(Reorder.Shuffle groups)) None input ]
    | Attend(heads, factor) -> attend scope input heads factor
    | Row withClass -> [ layer scope (Op.Tokens { WithClass = withClass }) None input ]
    | First -> [ layer scope Op.Pick None input ]

and private exit scope input inner =
    let name = scope.Next "exit"

    [
        Node.Output {
            Name = name
            Input = input
            Body = body (scope.Inner name) input (inner @ [ Full(3, true, false) ])
        }
    ]

and private attend scope input heads factor =
    let name = scope.Next "attention"

    let named part op scale (shape: Shape) : Layer = {
        Name = $"{name}.{part}"
        Op = op
        Scale = scale
        Input = shape
        Output = outputShape op shape
    }

    let inner =
        let op =
            Op.Attention {
                Heads = heads
                Width = Some 2
                Out = None
            }

        named "heads" op (if factor then Some(factors Group heads) else None) input

    let out = named "out" (convOp input.Channels plain 1 true) None inner.Output
    [ Node.Layer inner; Node.Layer out ]

/// A body that gives something else is bent by a convolution, or by a pool before it.
and private gate scope input inner pooled =
    let name = scope.Next "gate"
    let make drafts = body (scope.Inner name) input drafts

    let wanted = if pooled then Shape.vector input.Channels else input

    let bent pooled = [
        if pooled then
            Global Average

        yield! inner
        Conv(input.Channels, plain, 1, true, false)
        Act Sigmoid
    ]

    [
        make ((if pooled then [ Global Average ] else []) @ inner)
        make (bent pooled)
        make (bent true)
    ]
    |> List.tryFind (fun nodes ->
        let given = Network.outputOf input nodes
        given = wanted || given = Shape.vector input.Channels
    )
    |> Option.map (fun nodes ->
        Node.Gate {
            Name = name
            Body = nodes
            Output = input
        }
    )
    |> Option.toList

/// Parts of at least one channel each; where there are too few channels, the first body alone.
and private split scope input branches =
    let name = scope.Next "split"
    let count = List.length branches

    if count < 2 || input.Channels < count then
        []
    else
        let total = branches |> List.sumBy fst
        let spare = input.Channels - count

        let sizes = branches |> List.map (fun (ratio, _) -> 1 + spare * ratio / max 1 total)

        let rest = input.Channels - List.sum sizes
        let sizes = List.mapi (fun i n -> if i = 0 then n + rest else n) sizes

        let made =
            List.zip sizes branches
            |> List.mapi (fun i (channels, (_, drafts)) ->
                let own = { input with Channels = channels }
                let part = $"branch{i + 1}"
                let nodes = body (scope.Inner $"{name}.{part}") own drafts

                // What changes the extent is left out.
                let output = Network.outputOf own nodes
                let fits = output.Height = input.Height && output.Width = input.Width

                {
                    Name = part
                    Input = own
                    Body = if fits then nodes else []
                }
            )

        [
            Node.Concat {
                Name = name
                Reads = Reads.Parts
                Branches = made
                Output = {
                    input with
                        Channels =
                            made |> List.sumBy (fun b -> (Network.outputOf b.Input b.Body).Channels)
                }
            }
        ]

and private residual scope input branch shortcut factor =
    let name = scope.Next "residual"

    // A scaled branch ends in a layer that its factor can be folded into.
    let ends =
        match List.tryLast branch with
        | Some(Conv _ | Deconv _ | Depthwise _ | Full _ | Norm _ | Mixed _ | Gains) -> branch
        | _ when factor -> branch @ [ Norm false ]
        | _ -> branch

    let left = body (scope.Inner $"{name}.branch") input ends
    let shape = Network.outputOf input left
    let bodyOf = body (scope.Inner $"{name}.shortcut") input
    let right = bodyOf shortcut
    let given = Network.outputOf input right

    let project stride =
        bodyOf (
            shortcut
            @ [
                Conv(shape.Channels, { plain with S = Size.square stride }, 1, false, false)
                Norm factor
            ]
        )

    let right =
        if given = shape then
            Some right
        else
            Seq.map project (seq { 1..3 })
            |> Seq.tryFind (fun nodes -> Network.outputOf input nodes = shape)

    match right with
    | Some right -> [
        Node.Residual {
            Name = name
            Scale = if factor then Some(factors Block 1) else None
            Drop = 0.0
            Branch = left
            Shortcut = right
            Output = shape
        }
      ]
    | None -> left

and private concat scope input branches =
    let name = scope.Next "concat"

    let made =
        branches
        |> List.mapi (fun i drafts ->
            let part = $"branch{i + 1}"
            let nodes = body (scope.Inner $"{name}.{part}") input drafts
            part, nodes, Network.outputOf input nodes
        )

    match made with
    | [] -> []
    | (_, first, shape) :: _ ->
        let fitting =
            made
            |> List.filter (fun (_, _, s) -> s.Height = shape.Height && s.Width = shape.Width)

        if fitting.Length < 2 then
            first
        else
            [
                Node.Concat {
                    Name = name
                    Reads = Reads.All
                    Branches = [
                        for part, nodes, _ in fitting ->
                            {
                                Name = part
                                Input = input
                                Body = nodes
                            }
                    ]
                    Output = {
                        shape with
                            Channels = fitting |> List.sumBy (fun (_, _, s) -> s.Channels)
                    }
                }
            ]

/// Factors as the language lets them stand: a bn after a grouped convolution carries one per group,
/// a layer in front of a bn carries none.
let rec private regroup nodes =
    let inside node =
        Node.withBodies (Node.bodies node |> List.map regroup) node

    let groupsOf (layer: Layer) =
        match (Op.facts layer.Op).Carries with
        | Carries.Factors(Grouping.Groups groups) when Op.word layer.Op <> "groupnorm" -> groups
        | _ -> 1

    match nodes with
    | (Node.Layer conv as first) :: Node.Layer bn :: rest when
        groupsOf conv > 1 && bn.Scale.IsSome && Op.word bn.Op = "bn"
        ->
        first
        :: Node.Layer {
            bn with
                Scale = Some(factors Group (groupsOf conv))
        }
        :: regroup rest
    // What a residual or a concatenation that did not fit has left in front of a bn.
    | Node.Layer layer :: (Node.Layer { Op = Op.BatchNorm _ } :: _ as rest) when
        layer.Scale.IsSome && Op.word layer.Op <> "bn"
        ->
        Node.Layer { layer with Scale = None } :: regroup rest
    | node :: rest -> inside node :: regroup rest
    | [] -> []

/// The network that a sketch stands for: its body, then class outputs without factors.
let network (sketch: Sketch) : Network =
    let scope = Scope ""

    let last =
        if sketch.Pooled then
            [ Conv(sketch.Classes, plain, 1, true, true); Global Average ]
        else
            [ Full(sketch.Classes, true, false) ]

    Sharing.share sketch.Shared {
        Name = "Sketch"
        Input = sketch.Input
        Classes = sketch.Classes
        OutputKind = OutputKind.Classes
        Body = regroup (body scope sketch.Input (sketch.Body @ last))
    }
