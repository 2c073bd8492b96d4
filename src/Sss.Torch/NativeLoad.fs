namespace Sss.Torch

/// Holds the place of this room until it is furnished.
module internal Placeholder =
    let name = "Torch"
