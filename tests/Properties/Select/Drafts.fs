/// Sketches of networks that can be drawn at random and made smaller. A sketch is never wrong: what
/// does not fit where it stands is bent until it does, so that every smaller sketch is a network too.
module Sss.Tests.Select.Drafts

open Sss.Core

/// A window's wishes. Odd ones are bent to fit.
[<StructuredFormatDisplay("{Text}")>]
type Window = {
    K: Size
    S: Size
    P: Padding
    D: Size
} with

    /// Short, so that a failing sketch can be read.
    member w.Text = $"({w.K}, stride {w.S}, pad {w.P}, dilation {w.D})"

/// One statement of a sketch. A flag `factor` asks for factors wherever the language lets them stand.
type Draft =
    | Conv of out: int * window: Window * groups: int * bias: bool * factor: bool
    | Depthwise of window: Window * bias: bool * factor: bool
    /// A transposed convolution. Of the window it has kernel, stride and even padding.
    | Deconv of out: int * window: Window * outPad: int * groups: int * bias: bool * factor: bool
    | Full of out: int * bias: bool * factor: bool
    | Norm of factor: bool
    /// Normalisation over groups; one group stands for `layernorm`.
    | Mixed of groups: int * factor: bool
    /// `lrn`.
    | Respond of size: int
    /// `upsample`.
    | Larger of factor: int * UpsampleMode
    | Act of Activation
    /// `prelu`.
    | Slopes
    /// `layerscale`.
    | Gains
    | Pool of PoolKind * window: Window * ceil: bool * countPad: bool
    | Global of PoolKind
    | Drop
    | Flat
    | Sum of branch: Draft list * shortcut: Draft list * factor: bool
    | Cat of Draft list list
    /// Multiplied by one value per channel (`pooled`), or by as many as the input has.
    | Gated of body: Draft list * pooled: bool
    /// Parts of the channels, in this ratio.
    | Parted of (int * Draft list) list
    | Shuffled of groups: int
    /// Heads of two channels each, and as many channels as come in; factors are on the heads.
    | Attend of heads: int * factor: bool
    /// A further output, in the network's own body; elsewhere nothing.
    | Exit of Draft list
    /// Positions in a row, with a number added at each.
    | Row of withClass: bool
    | First

/// A whole sketch.
type Sketch = {
    Input: Shape
    Body: Draft list
    Classes: int
    /// The network ends in a convolution and a global pool instead of a dense layer.
    Pooled: bool
    /// Seeds the choice of layers that declare shared factors; 0: none does.
    Shared: int
}

/// A window of one position.
let plain = {
    K = Size.square 1
    S = Size.square 1
    P = Padding.none
    D = Size.square 1
}
