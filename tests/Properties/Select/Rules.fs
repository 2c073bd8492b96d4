/// Which rules of selection a trial puts to use. `docs/selection.md` explains each.
module Sss.Tests.Select.Rules

open Sss.Core
open Sss.Core.Select
open Sss.Tests.Select.Cases

let private kindOf state =
    if Known.isLive state then "live"
    elif Known.isDead state then "dead"
    else "constant"

/// What a window gets around its input. Padding that no window reaches is none.
let private paddingWord (layer: Layer) kernel stride dilation pad =
    let s = Padding.sides kernel stride dilation layer.Input pad
    let last count stride before = (count - 1) * stride - before

    let isReached =
        s.Top > 0
        || s.Left > 0
        || s.Bottom > 0
           && last layer.Output.Height stride.H s.Top + dilation.H * (kernel.H - 1)
              >= layer.Input.Height
        || s.Right > 0
           && last layer.Output.Width stride.W s.Left + dilation.W * (kernel.W - 1)
              >= layer.Input.Width

    if not isReached then ""
    elif s.IsEven then "padded "
    else "unevenly padded "

/// What a layer is called in the table.
let private family (layer: Layer) =
    match layer.Op with
    | Op.Conv c -> paddingWord layer c.Kernel c.Stride c.Dilation c.Pad + "conv"
    | Op.DepthwiseConv c -> paddingWord layer c.Kernel c.Stride c.Dilation c.Pad + "dwconv"
    | Op.Activation Sigmoid -> "sigmoid"
    | Op.Activation _ -> "activation"
    | Op.Pool p when p.Kind = Average && not p.CountPad -> "avgpool without padding"
    | Op.Pool p ->
        match p.Kind, paddingWord layer p.Kernel p.Stride (Size.square 1) p.Pad with
        | Average, word when word <> "" -> word + "avgpool"
        | Max, "unevenly padded " -> "unevenly padded maxpool"
        | _ -> "pool"
    | Op.GlobalPool _ -> "global pool"
    | op -> Op.word op

/// What became of channels in one step.
let private moves (states: Known[][]) step =
    match step with
    | Step.Move(layer, _, input, _) -> [
        for state in states[input] do
            if Known.isConstant state then
                $"{Op.word layer.Op}: {kindOf state} stays"
      ]
    | Step.Part(_, _, _, output) -> [
        for state in states[output] do
            if Known.isConstant state then
                $"part of a split: {kindOf state}"
      ]
    | Step.Through(layer, input, output) -> [
        for was, is in Seq.zip states[input] states[output] do
            // Only a number of hundreds below 0 gives 0 there.
            let isUnderflow = family layer = "sigmoid" && Known.isDead is

            if Known.isConstant was && layer.Scale.IsNone && not isUnderflow then
                $"{family layer}: {kindOf was} → {kindOf is}"
      ]
    | Step.Read(layer, _, input, output) when layer.Scale.IsNone -> [
        if Array.forall Known.isDead states[input] then
            $"{family layer}: reads only what is dead"
        elif Array.forall Known.isConstant states[input] then
            for is in states[output] do
                match family layer with
                // A group that reads only dead channels gives its bias.
                | "padded conv"
                | "unevenly padded conv"
                | "deconv" when Known.isConstant is -> ()
                | word ->
                    let becomes = if Known.isLive is then "live" else "constant"
                    $"{word}: reads only constants → {becomes}"
      ]
    | Step.Read _ -> []
    | Step.Mix(layer, _, input, output) -> [
        for was, is in Seq.zip states[input] states[output] do
            if Known.isConstant was && layer.Scale.IsNone then
                $"{family layer}: {kindOf was} → {kindOf is}"
      ]
    | Step.Join((Node.Residual _ | Node.Gate _ as node), _, sides, _) -> [
        let word, sign =
            match node with
            | Node.Gate _ -> "product", "×"
            | _ -> "sum", "+"

        for b, s in Seq.zip states[sides[0].End] states[sides[1].End] do
            match kindOf b, kindOf s with
            | "live", "live" -> ()
            | "live", other
            | other, "live" -> $"{word}: {other} {sign} live"
            | "dead", "dead" -> $"{word}: dead {sign} dead"
            | _ -> $"{word}: constant {sign} constant"
      ]
    | Step.Join _ -> []

let private stayWord rule =
    match rule with
    | StayRule.SumNeeded _ -> "a sum needs the channel"
    | StayRule.SharedChannel _ -> "the channel is shared"
    | StayRule.BeforePadding _ -> "a constant before padding"
    | StayRule.EqualGroups _ -> "equal groups"
    | StayRule.LastChannel _ -> "the last channel"
    | StayRule.Rounded _ -> "rounded up"
    | StayRule.NetworkInput -> "network input"
    | StayRule.NetworkOutput -> "network output"

let private removalWord removal =
    match removal with
    | Removal.DeadBranch _ -> "dead branch"
    | Removal.ConstantBranch _ -> "constant branch into the shortcut"
    | Removal.DeadShortcut _ -> "dead shortcut"
    | Removal.ConstantShortcut _ -> "constant shortcut into the branch"
    | Removal.ConcatBranch _ -> "branch of a concat"

/// What happened to a layer that is still there.
let private changes (before: Layer) (after: Layer) = [
    match before.Op, after.Op with
    | Op.Conv a, Op.Conv b when a.Groups > 1 ->
        if b.Groups < a.Groups then
            "cut: groups of a conv"

        if b.Groups > 1 && b.Out / b.Groups < a.Out / a.Groups then
            "cut: outputs of every group"

        if
            b.Groups > 1
            && after.Input.Channels / b.Groups < before.Input.Channels / a.Groups
        then
            "cut: inputs of every group"
    | Op.DepthwiseConv _, Op.DepthwiseConv _ when after.Output <> before.Output ->
        "cut: channels of a dwconv"
    | Op.Dense _, Op.Dense _ when
        after.Input.Channels < before.Input.Channels && Shape.area before.Input > 1L
        ->
        "cut: columns behind an implied flatten"
    | Op.Flatten, Op.Flatten when after.Output <> before.Output -> "cut: columns behind flatten"
    | Op.Reorder(Reorder.Shuffle a), Op.Reorder(Reorder.Shuffle b) when
        after.Output <> before.Output && a = b && a > 1
        ->
        "cut: a shuffle stays one"
    | Op.Reorder(Reorder.Shuffle _), Op.Reorder(Reorder.Listed _) -> "cut: a shuffle is listed"
    | _ -> ()

    match before.Scale, after.Scale with
    | Some scale, None -> $"folded: {Plan.kindWord scale.Kind} into {Op.word before.Op}"
    | Some scale, Some _ -> $"kept as a factor: {Plan.kindWord scale.Kind}"
    | _ -> ()
]

/// The rules that a selection used; each once.
let fired (trial: Trial) (selected: Selected<float>) : string list =
    let graph = DataFlow.ofNetwork trial.Network
    let numbers = WeightReader.ofWeights trial.Weights
    let states = ForwardAnalysis.states numbers graph

    let after =
        Network.layers selected.Network |> Seq.map (fun l -> l.Name, l) |> Map.ofSeq

    let names network =
        Network.nodes network
        |> Seq.choose (
            function
            | Node.Concat c -> Some c.Name
            | _ -> None
        )
        |> Set.ofSeq

    List.distinct [
        for struct (_, step) in graph.Steps do
            yield! moves states step

        for s in selected.Plan.Goes do
            if numbers.IsZero s.Owner s.Index then
                $"goes: dead {Plan.kindWord s.Kind}"
            else
                $"goes: {Plan.kindWord s.Kind} that nothing uses"

        for _, rule in selected.Plan.Stays do
            $"stays: {stayWord rule}"

        for removal in selected.Plan.Removals do
            $"part goes: {removalWord removal}"

        for _, foldedInto in selected.Plan.FoldedConstants do
            match foldedInto with
            | FoldedInto.Bias -> "constants into a bias"
            | FoldedInto.NewBias -> "constants into a new bias"
            | FoldedInto.Mean _ -> "constants into the mean of a bn"

        for layer in Network.layers trial.Network do
            match Map.tryFind layer.Name after with
            | Some small -> yield! changes layer small
            | None -> ()

        for owner, scale in Network.scales trial.Network do
            if
                scale.Kind = Block
                && selected.Plan.Goes |> List.forall (fun s -> s.Owner <> owner)
            then
                if selected.Weights.ContainsKey(ArrayKey.make ArrayPart.Factor owner) then
                    "kept as a factor: block"
                else
                    "folded: block"

        for residual, last in Network.scaledEnds trial.Network do
            if
                Op.word last.Op = "layerscale"
                && after.ContainsKey last.Name
                && not (selected.Weights.ContainsKey(ArrayKey.make ArrayPart.Factor residual.Name))
            then
                "folded: block into layerscale"

        if names trial.Network <> names selected.Network then
            "part goes: a concat becomes a sequence"

        let parts network =
            Network.nodes network
            |> Seq.collect (
                function
                | Node.Concat {
                                  Reads = Reads.Parts
                                  Name = name
                                  Branches = branches
                              } -> branches |> Seq.map (fun b -> (name, b.Name), b.Input.Channels)
                | _ -> Seq.empty
            )
            |> Map.ofSeq

        let after = parts selected.Network

        for KeyValue(key, channels) in parts trial.Network do
            match Map.tryFind key after with
            | Some left when left < channels -> "cut: a part of a split"
            | Some _
            | None -> ()
    ]
