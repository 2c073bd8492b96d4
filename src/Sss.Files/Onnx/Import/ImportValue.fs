namespace Sss.Files

open Sss.Core


/// How a value of the network comes about. Numbers are those of other vertices.
[<RequireQualifiedAccess>]
type internal Made =
    | Image
    | Layer of Op * input: int
    | Sum of int * int
    | Product of int * int
    /// The channels of all, in order.
    | Joined of int list
    /// Some channels, one after the other.
    | Part of input: int * first: int * count: int

/// A value of the network: what the language has a layer or a join for.
type internal Vertex = {
    /// Of the operation that gives it; empty where the file has none for it.
    Name: string
    Made: Made
    Shape: Shape
    Arrays: Map<ArrayPart, Tensor<float32>>
    /// A normalisation whose scale and shift may follow as operations of their own.
    IsOpen: bool
    /// Whether the value that a `layerscale` reads is read by nothing else.
    IsOnlyReader: bool
}

/// The last operation of a formula.
type internal LastStep =
    | OfOne
    /// The file's word, and the two values.
    | OfTwo of kind: string * int * int

/// What a value of the file is before it is known what it becomes.
[<RequireQualifiedAccess>]
type internal Stage =
    | Vertex of int
    /// Element by element.
    | Formula of Pointwise
    /// A step of something that is one layer in the end.
    | Piece of Piece

/// A value that is computed element by element.
and internal Pointwise = {
    Name: string
    /// The values that it is a function of, each alone, with that function; nearest first.
    Of: (int * Term) list
    Last: LastStep
    /// Whether nothing else reads what it is made of.
    IsOnlyReader: bool
    /// Formulas that it is made of, one of the other.
    Depth: int
}

/// Steps of layers that are written in several operations. Numbers are those of entries.
and [<RequireQualifiedAccess>] internal Piece =
    /// Mean over channels.
    | Mean of int
    | Centred of int
    | Squared of int
    | Variance of int
    | Stabilised of int * eps: float
    | Deviation of int * eps: float
    /// Zeros put around a value.
    | Padded of int * Sides
    /// A trained position in front of the rows of a value.
    | WithToken of int * float32[]
    /// Queries times keys; vertices.
    | Scores of query: int * key: int * heads: int * gain: float
    | Shares of query: int * key: int * heads: int * gain: float

/// A value of the file that depends on the image.
type internal Computed = {
    /// As the file has them; the batch is 1.
    Dims: int list
    /// In the numbers of the entry's own value.
    View: View
    Entry: int
    /// Whether nothing else reads the value behind the view.
    IsSole: bool
}

/// A value of the file.
[<RequireQualifiedAccess>]
type internal Value' =
    | Constant of Constant
    | Computed of Computed
    /// What an operation gives that was refused.
    | Unknown
