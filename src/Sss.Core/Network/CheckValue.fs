namespace Sss.Core

open System.Collections.Generic

/// A node that has been checked, with its place and the values around it.
type CheckedNode = {
    Place: Place
    /// A shape in it that is not known is 0x0x0.
    Node: Node
    /// The shape of what it reads, where that is known.
    Input: Shape option
    /// The shape of what it gives, where that is known.
    Output: Shape option
}

/// What the checker knows of the value between two nodes.
module internal CheckValue =

    /// The layers whose factors switch single channels of a value. Sums join thousands of them, so
    /// joining is a node of a tree, and the leaves are only listed to report them.
    [<AllowNullLiteral>]
    type Sources(leaf: (string * Place) option, left: Sources, right: Sources) =
        member _.Leaf = leaf
        member _.Left = left
        member _.Right = right

        /// Set once the leaves have been warned about, so that no later sum lists them again.
        member val Warned = false with get, set

        /// None at all.
        static member Empty: Sources = null

    /// A layer with its factors' place.
    let source word place =
        Sources(Some(word, place), Sources.Empty, Sources.Empty)

    /// Both.
    let join (a: Sources) (b: Sources) =
        if isNull a then b
        elif isNull b || obj.ReferenceEquals(a, b) then a
        else Sources(None, a, b)

    /// The leaves, each once. `unwarned`: only those that no warning has named, which are marked.
    let leaves (unwarned: bool) (sources: Sources) : (string * Place) list =
        let seen = HashSet<Sources>(HashIdentity.Reference)
        let todo = Stack<Sources>()
        let found = ResizeArray()
        todo.Push sources

        while todo.Count > 0 do
            let next = todo.Pop()

            if not (isNull next) && not (unwarned && next.Warned) && seen.Add next then
                if unwarned then
                    next.Warned <- true

                Option.iter found.Add next.Leaf
                todo.Push next.Left
                todo.Push next.Right

        List.ofSeq found

    /// A value: its shape where known, whether a channel of it can be zero everywhere, and which
    /// factors would make it so.
    type Value = {
        Shape: Shape option
        MayDie: bool
        Sources: Sources
    }

    /// After something wrong anything is possible.
    let unknown = {
        Shape = None
        MayDie = true
        Sources = Sources.Empty
    }

    /// The network's input: no factor switches it.
    let input shape = {
        Shape = shape
        MayDie = false
        Sources = Sources.Empty
    }

    /// The value after a layer; `own`: its factors, where it has some.
    let afterLayer
        (facts: OpFacts<Op>)
        (own: Sources)
        (shape: Shape option)
        (before: Value)
        : Value =
        let isRead =
            match facts.Coupling with
            | Coupling.Reads _ -> true
            | Coupling.Apart
            | Coupling.Moves _
            | Coupling.Mixes _ -> false

        {
            Shape = shape
            // A dead channel becomes a constant one where 0 does not stay 0.
            MayDie =
                if isRead || not facts.KeepsZero then
                    not (isNull own)
                else
                    before.MayDie
            Sources = if isRead then own else join before.Sources own
        }

    /// The smallest stride, the same on both axes, with which an unpadded 1x1 window goes from one
    /// extent to another on both.
    let autoStride (from: Shape) (target: Shape) : int option =
        // The strides s with (size − 1) / s + 1 = goal, rounded down.
        let range size goal =
            if goal = 1 then
                size, System.Int32.MaxValue
            else
                (size - 1) / goal + 1, (size - 1) / (goal - 1)

        let lowH, highH = range from.Height target.Height
        let lowW, highW = range from.Width target.Width
        let low, high = max lowH lowW, min highH highW

        if low <= high then Some low else None
