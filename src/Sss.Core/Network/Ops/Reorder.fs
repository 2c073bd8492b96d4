namespace Sss.Core

/// Another order of the channels.
[<RequireQualifiedAccess>]
type Reorder =
    /// Channel shuffle (X. Zhang et al., "ShuffleNet", CVPR 2018): the channels of the groups in turn.
    | Shuffle of groups: int
    /// Output channel o is input channel order[o]: what is left of a shuffle whose channels are not
    /// removed evenly.
    | Listed of order: int list

/// Facts about `shuffle`.
[<RequireQualifiedAccess>]
module Reorder =

    let internal word: Word<Reorder> = {
        Name = "shuffle"
        Example = "2"
        Arguments = [ ArgumentSpec.positional "number of groups" ArgumentKind.CountOrOrder ]
        Make =
            fun a ->
                match Arguments.value "number of groups" a with
                | ArgumentValue.Order order -> Reorder.Listed order
                | _ -> Reorder.Shuffle(Arguments.count "number of groups" a)
    }

    let private shuffled groups channels : int[] =
        let each = channels / groups
        Array.init channels (fun o -> o % groups * each + o / groups)

    /// By output channel: its input channel.
    let order (reorder: Reorder) (channels: int) : int[] =
        match reorder with
        | Reorder.Shuffle groups -> shuffled groups channels
        | Reorder.Listed order -> Array.ofList order

    let private output (reorder: Reorder) (input: Shape) =
        match reorder with
        | Reorder.Shuffle groups when input.Channels % groups <> 0 ->
            Error [ ShapeProblem.GroupsDoNotDivide(groups, input.Channels, true) ]
        | Reorder.Listed order when List.sort order <> [ 0 .. input.Channels - 1 ] ->
            Error [ ShapeProblem.NotAnOrder(order.Length, input.Channels) ]
        | Reorder.Shuffle _
        | Reorder.Listed _ -> Ok input

    /// What is left of an order when input channels go; as a shuffle where it is one.
    let private narrowed (reorder: Reorder) (kept: bool[]) : Reorder =
        let places = kept |> Array.scan (fun n stays -> if stays then n + 1 else n) 0

        let left =
            order reorder kept.Length
            |> Array.filter (fun i -> kept[i])
            |> Array.map (fun i -> places[i])

        let isShuffle groups =
            left.Length % groups = 0 && shuffled groups left.Length = left

        let groups =
            match reorder with
            | Reorder.Shuffle groups -> [ groups; 1 ]
            | Reorder.Listed _ -> [ 1 ]

        match List.tryFind isShuffle groups with
        | Some groups -> Reorder.Shuffle groups
        | None -> Reorder.Listed(List.ofArray left)

    let internal facts (reorder: Reorder) : OpFacts<Reorder> = {
        Word = word.Name
        Arguments = [
            "number of groups",
            match reorder with
            | Reorder.Shuffle groups -> ArgumentValue.Count groups
            | Reorder.Listed order -> ArgumentValue.Order order
        ]
        Output = output reorder
        FixedOutput = None
        Arrays = fun _ -> []
        Macs = fun _ _ -> 0L
        Coupling = Coupling.Moves(fun input -> order reorder input.Channels)
        Constants = fun _ _ states -> order reorder states.Length |> Array.map (fun i -> states[i])
        Affine = None
        KeepsZero = true
        Carries = Carries.Nothing
        CancelsGain = false
        Takes = Takes.Nothing
        EndsScaledBranch = false
        Bias = None
        Narrow = fun left -> narrowed reorder left.Kept
        Family = Family.Other
        IsRandom = false
        KeepsInput = false
    }
