namespace Sss.Core

/// Where a part of a draft was written.
type Place = {
    /// None: the part has no text (it was built by a program).
    Span: Span option
    /// The calls that led to it, innermost first: the definition's name and where it was called.
    CalledFrom: (string * Span) list
}

/// Places.
[<RequireQualifiedAccess>]
module Place =

    /// For drafts that were never text.
    let none = { Span = None; CalledFrom = [] }

/// A name that the author gave, and where.
type Label = { Text: string; Place: Place }

/// `@scale(kind, gamma=…, init=…, min=…)` before it is known how many factors that makes.
type DraftScale = {
    Kind: FactorKind
    /// Multiplies the recipe's γ of this kind; finite and not negative.
    Gamma: float
    /// Where every λ starts; finite and not negative.
    Init: float
    /// So many factors a target leaves at least; 0 or more.
    Min: int
    /// A target leaves all of them alone.
    Keep: bool
    Place: Place
}

/// A part of a network before anything about it is checked: what the language and the builders
/// produce, and what `Check` turns into a `Node`.
[<RequireQualifiedAccess>]
type DraftNode =
    | Layer of DraftLayer
    /// A call of a definition or a named scope.
    | Scope of DraftScope
    | Residual of DraftResidual
    | Gate of DraftGate
    | Concat of DraftConcat
    | Output of DraftOutput
    /// Something that is known to be wrong and has been reported: nothing is known of its output.
    | Broken

/// One layer, its arguments complete.
and DraftLayer = {
    Label: Label option
    Op: Op
    Scale: DraftScale option
    Place: Place
}

/// Statements whose names share a first part. The network that comes out has no scopes, only names.
and DraftScope = {
    Label: Label option
    /// The definition that was called, the stem of automatic names. None: the label is the name.
    Word: string option
    Body: DraftNode list
    Place: Place
}

/// λ·branch(x) + shortcut(x).
and DraftResidual = {
    Label: Label option
    Scale: DraftScale option
    /// The probability of stochastic depth; at least 0 and below 1.
    Drop: float
    Branch: DraftNode list
    Shortcut: DraftShortcut
    Place: Place
}

/// What runs beside the branch of a residual.
and [<RequireQualifiedAccess>] DraftShortcut =
    | Identity
    /// The identity where shapes agree, else a strided 1x1 convolution and a `bn`.
    | Auto
    /// Empty: the identity.
    | Body of DraftNode list

/// x · body(x).
and DraftGate = {
    Label: Label option
    Body: DraftNode list
    Place: Place
}

/// A further output of the network.
and DraftOutput = {
    Name: Label
    Body: DraftNode list
    Place: Place
}

/// What the branches of a concatenation read.
and [<RequireQualifiedAccess>] DraftReads =
    /// `concat`: each all channels.
    | All
    /// `split`: equal parts of the channels.
    | EqualParts
    /// `split` with the number of channels of each part.
    | Parts of int list

/// The channels of all branches, in order.
and DraftConcat = {
    Label: Label option
    Reads: DraftReads
    Branches: DraftBranch list
    Place: Place
}

/// One branch of a concatenation.
and DraftBranch = {
    /// Its number where it is not the next one (`branch4: { … }`).
    Number: (int * Place) option
    /// Empty: the identity.
    Body: DraftNode list
    Place: Place
}

/// An unchecked network.
type Draft = {
    Name: string
    /// None: wrong or missing, and reported already.
    Input: Shape option
    /// None: wrong or missing, and reported already.
    Classes: int option
    /// What `Classes` counts.
    OutputKind: OutputKind
    /// Names of all definitions: their automatic names are taken.
    Definitions: Set<string>
    Body: DraftNode list
    /// Where to complain about the network as a whole.
    Place: Place
}
