namespace Sss.Files

/// Holds the place of this room until it is furnished.
module internal Placeholder =
    let name = "Files"
