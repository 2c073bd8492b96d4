namespace Sss.Core.Select

open Sss.Core

/// What the sides of residuals come to.
type internal Sums = {
    /// By part: it is a side of a residual, and goes.
    Gone: bool[]
    Removals: Removal list
    /// By layer: constants, one an output channel, that a side which went leaves to the last layer
    /// of the other side. They are added after the layer's factors.
    Shifts: Map<string, float[]>
    /// By value: the channels whose values matter to the network's output.
    Needed: bool[][]
}

/// The backward half of the analysis. A channel is *needed* when a way leads from it to the
/// network's output without a factor of 0 on it. What is not needed may hold anything.
[<RequireQualifiedAccess>]
module internal BackwardAnalysis =

    let private mark (into: bool[]) (from: bool[]) (zero: bool[]) =
        for i in 0 .. from.Length - 1 do
            if from[i] && not zero[i] then
                into[i] <- true

    let private read groups (into: bool[]) (from: bool[]) (zero: bool[]) =
        let each = into.Length / groups
        let eachOut = from.Length / groups

        for g in 0 .. groups - 1 do
            let needed =
                Seq.exists
                    (fun o -> from[o] && not zero[o])
                    (seq { g * eachOut .. (g + 1) * eachOut - 1 })

            if needed then
                System.Array.Fill(into, true, g * each, each)

    /// The channels of every value that are needed, while the parts in `gone` are not there.
    let private needed
        (numbers: WeightReader)
        (graph: DataFlow)
        (states: Known[][])
        (gone: bool[])
        : bool[][] =
        let needed = graph.Shapes |> Array.map (fun s -> Array.zeroCreate<bool> s.Channels)
        let none = Array.zeroCreate<bool>

        for output in graph.Outputs do
            System.Array.Fill(needed[output], true)

        for struct (part, step) in Array.rev graph.Steps do
            if DataFlow.exists graph gone part then
                match step with
                | Step.Move(_, source, input, output) ->
                    source
                    |> Array.iteri (fun o i ->
                        if needed[output][o] then
                            needed[input][i] <- true
                    )
                | Step.Part(_, first, input, output) ->
                    needed[output]
                    |> Array.iteri (fun i isNeeded ->
                        if isNeeded then
                            needed[input][first + i] <- true
                    )
                | Step.Through(layer, input, output) ->
                    mark needed[input] needed[output] (WeightReader.zeroChannels numbers layer)
                | Step.Read(layer, { Groups = groups }, input, output)
                | Step.Mix(layer, groups, input, output) ->
                    read
                        groups
                        needed[input]
                        needed[output]
                        (WeightReader.zeroChannels numbers layer)
                | Step.Join(node, facts, sides, output) ->
                    let each =
                        facts.Needed
                            (sides |> Array.map (fun side -> states[side.End]))
                            needed[output]

                    for i, side in Array.indexed sides do
                        let off = i = 0 && ForwardAnalysis.isOff numbers node

                        if not gone[side.Part] && not off then
                            mark needed[side.End] each[i] (none each[i].Length)

        needed

    /// The last layer of a body, where `takes` says that it can take something up.
    let private taker (takes: Layer -> bool) body =
        Network.lastLayer body |> Option.filter takes |> Option.map _.Name

    /// The last layer of a scaled branch, where it can take up the block's factor.
    let factorTaker body =
        taker (fun layer -> Op.takesFactor layer.Op) body

    /// Whether a layer can take up a constant after its factors.
    let private takesShift keepFactors (layer: Layer) =
        not (keepFactors && layer.Scale.IsSome) && Op.takesShift layer.Op

    /// What can take up a constant at the end of what is left of a body: a residual that has lost a
    /// side is the other side.
    let rec private shiftTaker keepFactors (graph: DataFlow) (gone: bool[]) (body: Node list) =
        match List.tryLast body with
        | Some(Node.Residual r) ->
            let sides = graph.Sides[r.Name]

            let left =
                if gone[sides[0].Part] then Some r.Shortcut
                elif gone[sides[1].Part] then Some r.Branch
                else None

            match left with
            | Some [] -> shiftTaker keepFactors graph gone (List.take (body.Length - 1) body)
            | Some side -> shiftTaker keepFactors graph gone side
            | None -> None
        | Some(Node.Layer _)
        | Some(Node.Gate _)
        | Some(Node.Concat _)
        | Some(Node.Output _)
        | None -> taker (takesShift keepFactors) body

    /// What goes of one residual, as things stand. `taker`: what can take up a constant at the end of
    /// what is left of a side.
    let private decide
        (taker: Node list -> string option)
        inTraining
        (residual: Residual)
        needed
        (branch: Known[])
        (shortcut: Known[])
        =
        let all known (states: Known[]) =
            Array.forall2 (fun needed state -> not needed || known state) needed states

        // Without its sum a residual cannot carry a factor: the branch's last layer must take it up.
        // (While training continues its factor shall continue too.)
        let canDissolve =
            residual.Scale.IsNone
            || (not inTraining && (factorTaker residual.Branch).IsSome)

        // A side may pass on a constant from a part before it that is kept and trained further.
        let isConstant = if inTraining then Known.isDead else Known.isConstant

        // Nothing of the other side is left to say where nothing matters.
        let left (states: Known[]) =
            Array.map2 (fun needed state -> if needed then Known.value state else 0.0) needed states

        if all Known.isDead branch then
            Some(true, Removal.DeadBranch residual.Name, None)
        elif all Known.isDead shortcut && canDissolve then
            Some(false, Removal.DeadShortcut residual.Name, None)
        elif all isConstant branch && (taker residual.Shortcut).IsSome then
            taker residual.Shortcut
            |> Option.map (fun into ->
                true, Removal.ConstantBranch(residual.Name, into), Some(into, left branch)
            )
        elif all isConstant shortcut && canDissolve then
            taker residual.Branch
            |> Option.map (fun into ->
                false, Removal.ConstantShortcut(residual.Name, into), Some(into, left shortcut)
            )
        else
            None

    /// The sides of residuals that can go while the parts in `gone` are not there.
    let private removable
        keepFactors
        (numbers: WeightReader)
        (graph: DataFlow)
        (states: Known[][])
        (gone: bool[])
        (needed: bool[][])
        = [
        for struct (part, step) in graph.Steps do
            match DataFlow.residualOf step with
            | ValueSome(struct (residual, branch, shortcut, output)) when
                DataFlow.exists graph gone part
                && not gone[branch.Part]
                && not gone[shortcut.Part]
                ->
                let branchStates = ForwardAnalysis.branchStates numbers residual states[branch.End]

                match
                    decide
                        (shiftTaker keepFactors graph gone)
                        numbers.InTraining
                        residual
                        needed[output]
                        branchStates
                        states[shortcut.End]
                with
                | Some(isBranch, removal, shift) ->
                    (if isBranch then branch.Part else shortcut.Part), removal, shift
                | None -> ()
            | ValueSome _
            | ValueNone -> ()
    ]

    let private addShift (all: Map<string, float[]>) (shift: (string * float[]) option) =
        match shift with
        | Some(into, values) ->
            all
            |> Map.change
                into
                (function
                | None -> Some values
                | Some earlier -> Some(Array.map2 (+) earlier values)
                )
        | None -> all

    /// Settles which sides of residuals go, to a fixed point: a side that goes relies on nothing any
    /// more, which may let others go.
    let sums keepFactors (numbers: WeightReader) (graph: DataFlow) (states: Known[][]) : Sums =
        let gone = Array.zeroCreate<bool> graph.Parents.Length

        let rec settle removals shifts =
            let needed = needed numbers graph states gone

            let found = removable keepFactors numbers graph states gone needed

            for part, _, _ in found do
                gone[part] <- true

            let removals = (removals, found) ||> List.fold (fun all (_, r, _) -> r :: all)

            let shifts =
                List.fold addShift shifts (found |> List.map (fun (_, _, shift) -> shift))

            if List.isEmpty found then
                {
                    Gone = gone
                    Removals = List.rev removals
                    Shifts = shifts
                    Needed = needed
                }
            else
                settle removals shifts

        settle [] Map.empty
