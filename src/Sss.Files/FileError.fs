namespace Sss.Files

open System
open System.IO
open Sss.Core

/// A place inside a file.
type Place = {
    Path: string
    /// The part that the offset counts in: none for the file itself, else the file's unpacked
    /// content or the name of an entry of an archive.
    Part: string option
    /// In bytes, from 0.
    Offset: int64
}

/// Places that need no more than a path.
[<RequireQualifiedAccess>]
module Place =

    /// The start of a file, for what is wrong with it as a whole.
    let start path = {
        Path = path
        Part = None
        Offset = 0L
    }

/// What is wrong with the bytes at a place. Each case carries the facts, not the wording.
type Fault =
    /// `what` needs this many bytes and only this many are left.
    | Truncated of what: string * needed: int64 * left: int64
    /// Bytes follow where the content should end.
    | Surplus of count: int64
    /// Not the signature that the format starts with.
    | NotFormat of format: string * found: string
    /// A value that the format knows and this reader does not.
    | Unsupported of what: string * found: string * supported: string
    /// A number beyond its bounds, which are both included.
    | OutOfRange of what: string * value: string * low: string * high: string
    /// Two statements of the file, or of two files, do not agree.
    | Mismatch of what: string * expected: string * found: string
    /// A name that occurs twice.
    | Duplicate of what: string * name: string
    /// Two entries claim the same bytes.
    | Overlap of first: string * second: string
    /// Bytes between entries that belong to none.
    | Hole of count: int64
    /// The syntax of a part is broken; the reason is the parser's.
    | Syntax of format: string * reason: string
    /// Something that the format requires is not there.
    | Lacks of what: string

/// What is wrong with a set of weights for a network.
type WeightFault =
    | MissingWeight of key: ArrayKey
    /// By its name in the file, which need not be the text of a key.
    | SurplusWeight of name: string
    | WrongWeightShape of key: ArrayKey * expected: int list * found: int list

/// What is wrong with the numbers of an array. `index` is the first wrong one's, from 0.
type NumberFault =
    /// `count` of `total` values are infinite or no numbers.
    | NotFinite of key: ArrayKey * index: int * value: float * count: int * total: int
    /// A running variance below 0.
    | NegativeVariance of key: ArrayKey * index: int * value: float

/// What helps where a network cannot take picture files.
[<RequireQualifiedAccess>]
type PictureRemedy =
    | UseNumbers
    /// Its pixels need a range: the values of black and white.
    | GiveRange
    /// Training records how images are prepared.
    | Train
    /// The file lacks what an export writes.
    | Export
    /// The file lacks what the export of a trained network writes.
    | ExportTrained
    /// Its output is no score per class: it is read in a program.
    | ReadOutput
    /// The same for a file that is exported already.
    | RunOutput
    /// Another program wrote the file.
    | Import

/// Why a file could not be read or written.
type FileError =
    | NotFound of path: string
    | NotAllowed of path: string
    /// Whatever else the operating system reports; the reason is its own text.
    | NotAvailable of path: string * reason: string
    /// There was no room for the new content; what was there before is untouched.
    | DiskFull of path: string
    | Malformed of Place * Fault
    /// A data set that is not on this machine: the package that brings it (if one does) and the
    /// folders looked in.
    | DataAbsent of dataset: string * package: string option * folders: string list
    /// `--data` names nothing known; the nearest name, if one is near.
    | UnknownSource of text: string * suggestion: string option
    /// `--data` names a kind of source without saying where it is: `idx` instead of `idx:DIR`.
    | SourceNeedsPath of form: string
    /// The images or classes of a data set are not those of the network.
    | DatasetDiffers of dataset: string * what: string * network: string * found: string
    /// The targets of a data set are of another kind or shape than a network or a loss needs: what is needed, what was
    /// found, and how it should be.
    | TargetsDiffer of dataset: string * needed: string * found: string * remedy: string
    /// The classes of a data set are not those that a network was trained on.
    | ClassesDiffer of dataset: string * network: string list * found: string list
    /// The pixels of a data set cannot be converted to those that a network was trained on; both in
    /// words.
    | UnitsDiffer of dataset: string * network: string * found: string
    /// Pictures were not read as a recipe says; both in words.
    | ReadOtherwise of dataset: string * recipe: string * found: string
    /// A network from a file cannot take pictures: why, and the way out.
    | TakesNoPictures of path: string * reason: string * remedy: PictureRemedy
    /// At least one fault, in the order of the network's text.
    | WeightsDiffer of path: string * WeightFault list
    /// More of a folder's pictures are broken than can be put up with; the first one's error.
    | ManyBroken of folder: string * broken: int * total: int * first: FileError
    /// The first faults of a table, in the order of its lines, and how many more there are.
    | BadTable of path: string * TableFault list * more: int
    /// A table has no column of a name; the nearest one, if one is near, and all that there are.
    | NoColumn of path: string * name: string * suggestion: string option * columns: string list
    /// A table has other than the columns that a network takes: as many features as the input, and one of these numbers of
    /// targets.
    | ColumnsDiffer of dataset: string * input: Shape * targets: int list * found: int
    /// The first faults of a folder's masks, and how many more there are.
    | BadMasks of folder: string * MaskFault list * more: int
    /// A folder of pictures without the folders to train on and to test with.
    | NoLayout of folder: string * PartsFault
    /// A data set on which no training makes sense: at least one fault, then what else is worth telling.
    | UnusableData of dataset: string * DataNote list
    /// Numbers of a weight file that no network can have; at least one.
    | BadNumbers of path: string * NumberFault list
    /// A foreign library refused the file; the reason is its own text.
    | Refused of path: string * library: string * reason: string
