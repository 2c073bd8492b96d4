namespace Sss.Core

/// What one scaling factor switches: a neuron, a group or a block.
type Structure = {
    /// The layer or residual that declares the factor.
    Owner: string
    Kind: FactorKind
    /// From 0, among the owner's factors.
    Index: int
}

/// Why a structure stays although its factor is 0. Each rule is explained in `docs/selection.md`.
[<RequireQualifiedAccess>]
type StayRule =
    /// A residual sum joins its channel with one that is not dead and that `reader` reads.
    | SumNeeded of residual: string * reader: string
    /// The channel that it shares (through `dwconv` or `concat`) is read elsewhere.
    | SharedChannel of reader: string
    /// After it the channel is constant but not 0, and `reader` pads with zeros or is a `deconv`.
    | BeforePadding of reader: string
    /// The groups of a convolution must stay equally large.
    | EqualGroups of conv: string
    /// A part that cannot go would have no channel left.
    | LastChannel of layer: string
    /// Added again to reach the multiple that was requested.
    | Rounded of layer: string
    /// Its channel is one of the network's input.
    | NetworkInput
    /// Its channel is one of the network's output.
    | NetworkOutput

/// A side of a residual or a branch of a concatenation that goes as a whole.
[<RequireQualifiedAccess>]
type Removal =
    /// The branch of a residual adds 0 wherever it matters.
    | DeadBranch of residual: string
    /// The branch adds a constant, which the last layer of the shortcut takes up.
    | ConstantBranch of residual: string * into: string
    /// The shortcut adds 0 wherever it matters; the branch alone stays.
    | DeadShortcut of residual: string
    /// The shortcut adds a constant, which the last layer of the branch takes up.
    | ConstantShortcut of residual: string * into: string
    /// No channel of this branch is needed.
    | ConcatBranch of concat: string * branch: string

/// Where a `conv` or `dense` puts what constant channels contributed to it.
[<RequireQualifiedAccess>]
type FoldedInto =
    /// The bias that it has.
    | Bias
    /// The running mean of the `bn` that follows it.
    | Mean of bn: string
    /// A bias that it is given.
    | NewBias

/// How many structures of a kind there were and how many stay.
[<Struct>]
type Tally = { Kept: int; Total: int }

/// What a selection does, and why.
type Plan = {
    /// Structures that go, whether their factor is 0 or what they feed is gone.
    Goes: Structure list
    /// Structures that stay although their factor is 0.
    Stays: (Structure * StayRule) list
    /// Whole parts that go.
    Removals: Removal list
    /// Layers that take up constants.
    FoldedConstants: (string * FoldedInto) list
    /// Layers whose output channels change in number: name, before, after.
    Narrowed: (string * int * int) list
    Neuron: Tally
    Group: Tally
    Block: Tally
    /// Channels with shared factors.
    Shared: Tally
    /// The cost of the whole network.
    Before: Cost
    /// The cost of the selected network.
    After: Cost
}

/// Why there is no selected network.
[<RequireQualifiedAccess>]
type SelectionError =
    /// No output of this layer depends on the image any more, and no shortcut leads around it.
    | LayerDied of layer: string
    /// The weights lack an array of the network.
    | ArrayMissing of key: ArrayKey
    /// An array does not have the size that the network gives it.
    | ArraySize of key: ArrayKey * expected: int64 * found: int64
    /// `--round` takes 1 or more.
    | RoundBelowOne of round: int

/// The wording of plans.
[<RequireQualifiedAccess>]
module Plan =

    /// The name of a kind in the language.
    let kindWord kind =
        match kind with
        | Neuron -> "neuron"
        | Group -> "group"
        | Block -> "block"
        | Shared -> "shared"

    /// One structure: `conv1: neuron 3`.
    let describeStructure (s: Structure) =
        match s.Kind with
        | Block -> $"{s.Owner}: block"
        | kind -> $"{s.Owner}: {kindWord kind} {s.Index}"

    /// Why a structure with a factor of 0 stays, as a clause.
    let describeStay rule =
        match rule with
        | StayRule.SumNeeded(residual, reader) ->
            $"the sum of `{residual}` has another term in this channel, and `{reader}` reads it"
        | StayRule.SharedChannel reader ->
            $"its channel is shared with a place that is not dead, and `{reader}` reads it there"
        | StayRule.BeforePadding reader ->
            $"after it the channel is a constant other than 0, and `{reader}` pads with zeros or is a "
            + "`deconv`, so the constant cannot be moved into a bias"
        | StayRule.EqualGroups conv -> $"the groups of `{conv}` must stay equally large"
        | StayRule.LastChannel layer ->
            $"the output of `{layer}` is a constant that no other layer can absorb, so it needs a channel"
        | StayRule.Rounded layer -> $"the channels of `{layer}` are rounded up"
        | StayRule.NetworkInput -> "its channel is an input channel of the network"
        | StayRule.NetworkOutput -> "its channel is an output channel of the network"

    /// A part that goes, as a clause.
    let describeRemoval removal =
        match removal with
        | Removal.DeadBranch residual -> $"the branch of `{residual}` is dead and is removed"
        | Removal.ConstantBranch(residual, into) ->
            $"the branch of `{residual}` is constant and is moved into `{into}`"
        | Removal.DeadShortcut residual -> $"the shortcut of `{residual}` is dead and is removed"
        | Removal.ConstantShortcut(residual, into) ->
            $"the shortcut of `{residual}` is constant and is moved into `{into}`"
        | Removal.ConcatBranch(concat, branch) ->
            $"`{branch}` of `{concat}` is not needed and is removed"

/// The wording of errors.
[<RequireQualifiedAccess>]
module SelectionError =

    /// What is wrong, in one line.
    let message error =
        match error with
        | SelectionError.LayerDied layer ->
            $"every output of `{layer}` is zero or constant, and no shortcut leads around it: the "
            + "output of the network no longer depends on its input"
        | SelectionError.ArrayMissing key -> $"the weights have no array `{ArrayKey.text key}`"
        | SelectionError.ArraySize(key, expected, found) ->
            $"the array `{ArrayKey.text key}` has {found} values, but the network needs {expected}"
        | SelectionError.RoundBelowOne round ->
            $"channels cannot be rounded to multiples of {round}"

    /// One way out.
    let remedy error =
        match error with
        | SelectionError.LayerDied layer ->
            $"lower γ, or lower it for `{layer}` alone with `@scale(…, gamma=0.1)`, or put a "
            + "residual around it"
        | SelectionError.ArrayMissing _
        | SelectionError.ArraySize _ -> "use the weights of this network"
        | SelectionError.RoundBelowOne _ -> "use 1 (no rounding) or more"
