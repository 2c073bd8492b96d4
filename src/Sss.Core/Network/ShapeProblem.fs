namespace Sss.Core

/// What can be wrong with sizes and shapes, with the facts that a message needs.
[<RequireQualifiedAccess>]
type ShapeProblem =
    /// The two sides of a residual sum differ. `identity`: the shortcut is the residual's input.
    | SumOfDifferentShapes of branch: Shape * shortcut: Shape * identity: bool
    /// `shortcut auto`: no stride makes the input's extents the branch's.
    | NoAutoShortcut of input: Shape * branch: Shape
    /// A branch of a concatenation has another height or width than the first.
    | ConcatOfDifferentShapes of word: string * first: Shape * number: int * other: Shape
    /// The window reaches beyond the padded input.
    | WindowTooLarge of word: string * input: Shape * kernel: Size
    /// `flatten` of more than 2³¹ − 1 values.
    | TooManyFeatures of input: Shape
    /// An extent beyond what the language allows.
    | OutputTooLarge of word: string * output: Shape
    /// `groups` does not divide the channels that come `in` or go `out`.
    | GroupsDoNotDivide of groups: int * channels: int * incoming: bool
    /// PyTorch's rule, for each side: a pool is padded by at most half its window.
    | PoolPadTooLarge of pad: Padding * kernel: Size
    /// A `shuffle` by a list does not list every channel once.
    | NotAnOrder of listed: int * channels: int
    /// The heads of an attention cannot share its input's channels.
    | HeadsDoNotDivide of heads: int * channels: int
    /// PyTorch's rule: `outpad` is less than the stride.
    | OutPadTooLarge of outPad: Size * stride: Size
    /// The padding of a transposed convolution leaves nothing of its output.
    | PaddingTakesAll of word: string * input: Shape * pad: Size
    /// A number of a layer is outside its range.
    | BadNumber of word: string * argument: string * value: string * expected: string
    /// The last output does not have one value per class, or per number.
    | OutputIsNotClasses of output: Shape * kind: OutputKind * count: int
    /// More weights in one layer than one array can hold.
    | TooManyWeights of word: string * count: decimal
    /// More values in one image than one array can hold.
    | ImageTooLarge of input: Shape
    /// More multiply-adds or parameters than 64 bits can count.
    | TooLarge of what: string
    /// More layers than the language allows.
    | TooManyLayers of limit: int
    | EmptyNetwork
    /// A further output in a part of the network, and not in its own body.
    | OutputInside of name: string
    /// A further output whose body holds nothing.
    | EmptyOutput of name: string
    /// A residual whose branch holds no layer.
    | EmptyBranch
    /// A concatenation of fewer than two branches. `word`: `concat` or `split`.
    | FewBranches of word: string * count: int
    /// What a gate's body gives is neither one value per channel nor of the input's shape.
    | GateOfOtherShape of input: Shape * gate: Shape
    /// A split into equal parts whose number does not divide the channels.
    | PartsDoNotDivide of parts: int * channels: int
    /// The written parts of a split have together another number of channels than come in.
    | PartsDoNotAddUp of parts: int list * channels: int
    /// A split has another number of written parts than of bodies.
    | PartsAndBodies of parts: int * bodies: int
