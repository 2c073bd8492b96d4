namespace Sss.Torch

open Sss.Core
open Sss.Files

/// How a network is exported in 8 bits.
type Int8Settings = {
    /// Its training images are calibrated with, its test images are measured on.
    Data: Dataset
    /// How far the main metric may fall, in points: hundredths of it, percentage points of an accuracy.
    MaxDrop: float
    /// How the range of a value follows from what was seen of it.
    Rule: RangeRule
    /// The network alone, without the preparation in its graph.
    Raw: bool
    /// Threads of ONNX Runtime, for all that is measured.
    Threads: int
}

/// Times of calls of both files, in turn, with the same images and threads.
type Int8Time = {
    /// Images of a call.
    Batch: int
    /// Milliseconds of a call of the file in float32.
    Float: Spread
    /// The same in 8 bits.
    Int8: Spread
} with

    /// How many times as fast the file in 8 bits is, by the lower quartiles, as in `BenchRow`.
    member time.SpeedUp = time.Float.Low / time.Int8.Low

/// A file in 8 bits beside the same network's file in float32, both in ONNX Runtime.
type Int8Result = {
    Float: Evaluation
    Int8: Evaluation
    /// Bytes of the file.
    FloatBytes: int64
    Int8Bytes: int64
    Times: Int8Time list
    Threads: int
    Machine: string
    /// Training images that were calibrated with.
    Calibrated: int
} with

    /// How far the main metric falls, in points; below 0 where it rises.
    member r.Drop = 100.0 * (Quality.score r.Float.Quality - Quality.score r.Int8.Quality)
