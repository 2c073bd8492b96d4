namespace Sss.Core

/// The shape of one value inside a network, without the batch: channels × height × width.
/// What a dense layer gives is a shape of height and width 1, so there is one kind of shape only.
[<Struct>]
type Shape = {
    Channels: int
    Height: int
    Width: int
} with

    /// `CxHxW`, as the language writes it.
    override s.ToString() = $"{s.Channels}x{s.Height}x{s.Width}"

/// A pair of extents, height first: a kernel, a stride, a padding or a dilation.
[<Struct>]
type Size = {
    H: int
    W: int
} with

    /// `HxW`, as the language writes it.
    override s.ToString() = $"{s.H}x{s.W}"

/// Constructors and counts of extents.
[<RequireQualifiedAccess>]
module Size =

    /// The same extent on both axes.
    let square n = { H = n; W = n }

/// Products of counts, which a wrong text can make as large as it likes.
[<RequireQualifiedAccess>]
module Count =

    /// a · b for counts of 0 or more; the largest 64-bit number where the product is larger.
    let times (a: int64) (b: int64) : int64 =
        if a <> 0L && b > System.Int64.MaxValue / a then
            System.Int64.MaxValue
        else
            a * b

    /// a + b for counts of 0 or more; the largest 64-bit number where the sum is larger.
    let plus (a: int64) (b: int64) : int64 =
        if b > System.Int64.MaxValue - a then
            System.Int64.MaxValue
        else
            a + b

    /// The product of several counts, as `times`.
    let product (counts: int64 list) : int64 = List.fold times 1L counts

/// Constructors and counts of shapes.
[<RequireQualifiedAccess>]
module Shape =

    /// Channels, height, width.
    let create channels height width = {
        Channels = channels
        Height = height
        Width = width
    }

    /// A vector of features: `Nx1x1`.
    let vector features = create features 1 1

    /// The number of values of one image: C·H·W. 64 bits, since a wrong file may ask for more than 2³¹.
    let count (s: Shape) =
        int64 s.Channels * int64 s.Height * int64 s.Width

    /// The number of positions of one channel: H·W.
    let area (s: Shape) = int64 s.Height * int64 s.Width
